"""The course of a surge: raised, located, revised while young, followed, closed.

It has ended when the last hour looks more like the expected rate than like the expected rate and a
fifth of the surge's height. The end itself is the bin that best parts the one from the other.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

import numpy as np

from detector.detection import onset
from detector.detection.baseline import learning
from detector.detection.kernels import start_search
from detector.detection.kernels.compiled import compiled
from detector.detection.kernels.explanations import evidence_of
from detector.detection.kernels.series_record import (
    RING,
    ChangeLog,
    ChangeRecord,
    SeriesRecord,
    bins_of,
)
from detector.model.series import Floats, Ints

OPENED, REVISED, CLOSED = 0, 1, 2
#: Minutes before the alarm that are searched for the start, minutes before the best candidate at
#: least, and minutes after the alarm in which the start is revised.
BEFORE, MARGIN, REVISION = 120.0, 45.0, 20.0
#: Share of what is expected at the alarm that is next to nothing.
NOTHING = 0.05
#: Growth of peak or excess that is reported.
GROWTH = 1.25
#: Fewest bins that must look usual, and share of a window that must have been observed.
FEWEST_USUAL, OBSERVED = 3, 0.5
#: Share of the surge's height that still counts as the surge.
STILL = 0.2
#: Minutes that must look usual, and minutes over which the height is taken.
HOLD_MINUTES = 60.0
HEIGHT_MINUTES = 10.0


class Search(NamedTuple):
    """What estimating the start of a young surge need not do again with every bin.

    It is a memory of work, not of facts: without it the same numbers are found, later.

    Attributes
    ----------
    rises : `onset.rise_table` of the bins' width.
    sums : `onset.weigh` has filled them with the bins ``[first, next)``.
    first, next : shape (1,).
    """

    rises: Floats
    sums: onset.Sums
    first: Ints
    next: Ints


@compiled
def new_search(rises: Floats) -> Search:
    """Return a search that has seen nothing."""
    return Search(rises, onset.room(RING), np.full(1, -1), np.full(1, -1))


class Course(NamedTuple):
    """What following surges needs beside the record.

    Attributes
    ----------
    minutes : width of a bin.
    search : for the start, changed in place.
    changes : where changes are written to.
    """

    minutes: float
    search: Search
    changes: ChangeLog


@compiled
def _locate(record: SeriesRecord, dispersion: float, first: int, course: Course) -> None:
    """Estimate the start, in no bin behind the alarm, from the bins ``first`` to now."""
    search, minutes = course.search, course.minutes
    if search.first[0] != first:
        search.next[:] = first
        search.first[:] = first
    for b in range(search.next[0], record.bins + 1):
        count, expected = record.count[b % RING], record.expected[b % RING]
        if np.isnan(expected):
            count = np.nan
        onset.weigh(search.sums, search.rises, b - first, count, expected, dispersion, minutes)
    search.next[:] = record.bins + 1
    n = record.bins - first + 1
    likelihood = onset.likelihood_of(search.sums, n, dispersion, minutes)
    found = onset.estimate(likelihood[: record.noticed - first + 1], minutes)
    record.onset = first + found[0]
    record.earliest = first + found[1]
    record.latest = first + found[2]
    _pass_nothing(record)


@compiled
def _pass_nothing(record: SeriesRecord) -> None:
    """Move the start over bins in which next to nothing is expected, and nothing came.

    However many times that is, they say nothing of the start: the first post does.
    """
    little = NOTHING * record.expected[record.noticed % RING]
    while record.onset < record.latest:
        j = record.onset % RING
        if not (record.count[j] <= 0.0 and record.expected[j] < little):
            return
        record.onset += 1


@compiled
def best_start(record: SeriesRecord) -> int:
    """Return the first bin of the candidate that has the most evidence."""
    best = -1.0
    start = int(record.bins)
    for i in range(record.candidates):
        doubt = record.mass_variance[i] / record.mass[i]
        value = evidence_of(record.surplus[i], record.mass[i], doubt)
        if value > best:
            best = value
            start = int(record.start[i])
    return start


@compiled
def raise_alarm(record: SeriesRecord, dispersion: float, course: Course) -> None:
    """Open a surge: estimate its start and take back what was learnt since.

    If it was noticed before its first bin was over, what was found then stays.
    """
    minutes = course.minutes
    first = min(
        best_start(record) - bins_of(MARGIN, minutes, RING // 4),
        record.bins - bins_of(BEFORE, minutes, RING // 2),
    )
    first = max(first, record.search_from, record.bins - RING + 2, 0)
    record.open = 1
    record.noticed = record.bins
    if record.early == 0:
        record.alarm_evidence = record.evidence
    _locate(record, dispersion, first, course)
    record.search_from = first
    record.peak_count = -1.0
    record.height = 0.0
    record.excess = 0.0
    last = record.bins
    for b in range(record.onset, last + 1):
        record.bins = b
        j = b % RING
        if not np.isnan(record.count[j]) and not np.isnan(record.expected[j]):
            follow(record, record.count[j], record.expected[j], minutes)
    record.bins = last
    for b in range(record.earliest, last + 1):
        record.clip[b % RING] = np.nan
    learning.take_back(record, record.earliest, minutes)
    start_search.forget(record)


@compiled
def report(record: SeriesRecord, kind: int, ended: int, changes: ChangeLog) -> None:
    """Write a change down; ``ended`` is -1 while the surge is open."""
    change: ChangeRecord = changes.rows[changes.length[0]]
    changes.length[0] += 1
    change.kind = kind
    change.bin = record.bins
    change.noticed = record.noticed
    change.early = record.early
    change.settled = -1
    change.onset = record.onset
    change.earliest = record.earliest
    change.latest = record.latest
    change.evidence = record.alarm_evidence
    change.peak = record.peak
    change.peak_count = record.peak_count
    change.peak_expected = record.peak_expected
    change.excess = record.excess
    change.ended = ended
    record.reported_onset = record.onset
    record.reported_peak = record.peak_count
    record.reported_excess = record.excess


@compiled
def note_early(changes: ChangeLog, seconds: int) -> None:
    """Say of the last change that it came so many seconds before its bin was over."""
    change: ChangeRecord = changes.rows[changes.length[0] - 1]
    change.early = seconds


@compiled
def _revise(record: SeriesRecord, dispersion: float, course: Course) -> None:
    """Estimate the start again while the surge is young; what it covers is not learnt."""
    first = max(record.search_from, record.bins - RING + 2)
    _locate(record, dispersion, first, course)
    for b in range(record.earliest, record.bins + 1):
        record.clip[b % RING] = np.nan


@compiled
def _grown(record: SeriesRecord) -> bool:
    """Whether there is something new to report: another start, or a quarter more peak or excess."""
    return bool(
        record.onset != record.reported_onset
        or record.peak_count >= GROWTH * record.reported_peak
        or record.excess >= GROWTH * record.reported_excess + 1.0
    )


@compiled
def continue_surge(
    record: SeriesRecord, count: float, expected: float, dispersion: float, course: Course
) -> None:
    """Let an open surge see an observed bin."""
    minutes = course.minutes
    follow(record, count, expected, minutes)
    since = record.bins - record.noticed
    if since <= bins_of(REVISION, minutes, RING // 4):
        _revise(record, dispersion, course)
    usual = Usual(record.expected, 1.0)
    if is_usual_again(record, usual, rise_of(record), record.onset, minutes):
        ended = end_of(record, usual, rise_of(record), record.onset)
        close(record, ended, course.changes)
    elif _grown(record):
        report(record, REVISED, -1, course.changes)


@compiled
def close(record: SeriesRecord, ended: int, changes: ChangeLog) -> None:
    """End the surge at bin ``ended`` (exclusive), where the next one may begin."""
    record.search_from = max(ended, record.onset + 1)
    report(record, CLOSED, record.search_from, changes)
    record.open = 0
    record.early = 0


@compiled
def window_excess(record: SeriesRecord, bins: int) -> float:
    """Return the mean excess per bin over the newest ``bins`` bins; nan if few were observed."""
    total, seen = 0.0, 0
    for i in range(bins):
        j = (record.bins - i) % RING
        excess = record.count[j] - record.expected[j]
        if not np.isnan(excess):
            total += excess
            seen += 1
    return float(total / seen) if seen >= max(OBSERVED * bins, 1.0) else np.nan


@compiled
def follow(record: SeriesRecord, count: float, expected: float, minutes: float) -> None:
    """Let the open surge see one observed bin: peak, height, excess."""
    record.excess = max(record.excess + count - expected, 0.0)
    if count > record.peak_count:
        record.peak = record.bins
        record.peak_count = count
        record.peak_expected = expected
    bins = bins_of(HEIGHT_MINUTES, minutes, RING - 2)
    height = window_excess(record, bins)
    if height > record.height:
        record.height = height


class Usual(NamedTuple):
    """What would be usual in the remembered bins: ``times`` the absolute of ``rates``, a ring."""

    rates: Floats
    times: float


class Rise(NamedTuple):
    """How much higher than usual the volume is in a surge.

    Attributes
    ----------
    posts : more in a bin.
    times : more, as a multiple of the usual.
    """

    posts: float
    times: float


@compiled
def rise_of(record: SeriesRecord) -> Rise:
    """Return how high the open surge has been."""
    return Rise(record.height, 0.0)


@compiled
def _still(usual: float, rise: Rise) -> float:
    """Return the count that is still the surge where ``usual`` is usual."""
    return float(usual + max(STILL * max(rise.posts, rise.times * usual), 0.1 * usual))


@compiled
def is_usual_again(
    record: SeriesRecord, usual: Usual, rise: Rise, since: int, minutes: float
) -> bool:
    """Whether the last hour is over: half of it observed, and closer to usual than to the surge.

    Parameters
    ----------
    usual : what would be usual.
    rise : of the surge.
    since : an hour that begins before this bin does not count.
    """
    bins = max(bins_of(HOLD_MINUTES, minutes, RING - 2), FEWEST_USUAL)
    if record.bins - since < bins:
        return False
    ratio, seen = 0.0, 0
    for i in range(bins):
        j = (record.bins - i) % RING
        if np.isnan(record.count[j]):
            continue
        seen += 1
        mean = usual.times * abs(usual.rates[j])
        still = _still(mean, rise)
        ratio += record.count[j] * log(still / mean) - (still - mean)
    return ratio <= 0.0 and seen >= OBSERVED * bins


@compiled
def end_of(record: SeriesRecord, usual: Usual, rise: Rise, since: int) -> int:
    """Return the first bin after the surge: the split that best parts surge from usual.

    Parameters
    ----------
    usual, rise : as `is_usual_again` has them.
    since : the end is searched behind this bin.
    """
    first = max(since + 1, record.bins - RING + 1)
    best = 0.0
    total = 0.0
    end = int(record.bins + 1)
    for b in range(record.bins, first - 1, -1):
        j = b % RING
        if np.isnan(record.count[j]):
            continue
        mean = usual.times * abs(usual.rates[j])
        still = _still(mean, rise)
        total += (still - mean) - record.count[j] * log(still / mean)
        if total > best:
            best = total
            end = int(b)
    return end
