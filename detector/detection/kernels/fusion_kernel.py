"""One bin after another of several sources: what they say together.

An outage multiplies the complaints about a service by about the same factor wherever they are
counted. For a factor common to all sources the sums of counts and of expected counts, each source
divided by its dispersion, are sufficient: the log-likelihood ratios of the sources add up to the
ratio of the sums, term by term, in every bin by those that were observed in it. So the search over
starts is that of a single source (`start_search`), and a source that stays quiet counts against.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from detector.detection import calibration
from detector.detection.baseline import level
from detector.detection.kernels import bin_update, start_search, surge_course
from detector.detection.kernels.bin_run import Sought
from detector.detection.kernels.compiled import compiled
from detector.detection.kernels.explanations import evidence_of
from detector.detection.kernels.series_record import RING, ChangeLog, Records, SeriesRecord
from detector.detection.kernels.start_search import Burst, Weighed
from detector.detection.kernels.surge_course import Course
from detector.model.series import Floats, Ints

#: Rows of what each source says per bin.
COUNT, EXPECTED, WEIGHED, DISPERSION, VARIANCE = 0, 1, 2, 3, 4
ROWS = 5
#: Sources that must see a surge for it to be one of several, and evidence of its own that each of
#: them must have, nats.
FEWEST, AGREES = 2, 1.5
#: Nats that the sum must show on top. It is a further detector of the same service, and what a
#: single source explains away for itself (a clock that was moved) the sum cannot.
EXTRA_EVIDENCE = 0.6


class Contributions(NamedTuple):
    """What the sources say of consecutive bins.

    Attributes
    ----------
    rows : shape (n_sources, `ROWS`, n); a wide bin at its last.
    widths : shape (n_sources,), bins that a source's own bins cover.
    closed : shape (n,), 1 where a source's own surge was over: the search begins anew.
    """

    rows: Floats
    widths: Ints
    closed: Floats


class Pooled(NamedTuple):
    """What the sources say of one bin together.

    Attributes
    ----------
    weighed : counts and expected counts over the dispersion, the relative variance of the latter.
    dispersion : of the plain sum.
    """

    weighed: Weighed
    dispersion: float


@compiled
def own_evidence(said: Floats, first: int, last: int) -> float:
    """Return the evidence of one source for a surge in the bins ``[first, last]``.

    Parameters
    ----------
    said : shape (`ROWS`, n), what it said; nan where it was not weighed.

    Returns
    -------
    Nats, 0 where it saw no more than usual, nan where it was not observed at all.
    """
    x = 0.0
    mass = 0.0
    doubt = 0.0
    for i in range(first, last + 1):
        if not np.isnan(said[WEIGHED, i]):
            spread = level.tamed_dispersion(said[EXPECTED, i], said[DISPERSION, i])
            x += said[WEIGHED, i] / spread
            mass += said[EXPECTED, i] / spread
            doubt += said[EXPECTED, i] / spread * said[VARIANCE, i]
    if mass <= 0.0:
        return np.nan
    return evidence_of(x, mass, doubt / mass)


@compiled
def _add_to_ring(record: SeriesRecord, count: float, expected: float, bins: int) -> None:
    """Add a count to the bins that it covers, the newest of which is now; they share it."""
    for b in range(max(record.bins - bins + 1, 0), record.bins + 1):
        j = b % RING
        if np.isnan(record.count[j]):
            record.count[j] = 0.0
            record.expected[j] = 0.0
        record.count[j] += count / bins
        record.expected[j] += expected / bins


@compiled
def _burst(record: SeriesRecord, minutes: float) -> float:
    """Return the surplus of the newest few bins, divided by the dispersion."""
    total = 0.0
    for i in range(min(bin_update.burst_bins(minutes), record.bins + 1)):
        j = (record.bins - i) % RING
        total += record.old_events[j] - record.old_weight[j]
    return max(total, 0.0)


@compiled
def _pool(record: SeriesRecord, said: Contributions, i: int) -> Pooled:
    """Add up what the sources say in bin ``i``; the dispersion is nan where none says anything.

    Errors of the expectation are taken to be the same at all sources: a holiday is one everywhere.
    """
    j = record.bins % RING
    record.count[j] = np.nan
    record.expected[j] = np.nan
    posts, mass, deviation, spread_posts, plain = 0.0, 0.0, 0.0, 0.0, 0.0
    for s in range(said.rows.shape[0]):
        row = said.rows[s]
        if np.isnan(row[WEIGHED, i]):
            continue
        expected, dispersion = row[EXPECTED, i], row[DISPERSION, i]
        spread = level.tamed_dispersion(expected, dispersion)
        posts += row[WEIGHED, i] / spread
        mass += expected / spread
        deviation += expected / spread * sqrt(row[VARIANCE, i])
        spread_posts += expected * dispersion
        plain += expected
        _add_to_ring(record, row[COUNT, i], expected, said.widths[s])
    record.old_events[j] = posts
    record.old_weight[j] = mass
    if plain <= 0.0:
        return Pooled(Weighed(posts, mass, mass, mass, 0.0), np.nan)
    variance = (deviation / mass) ** 2
    return Pooled(Weighed(posts, mass, mass, mass, variance), spread_posts / plain)


@compiled
def _density(record: SeriesRecord, minutes: float) -> float:
    """Return how many posts the remembered bins expected a minute, over the dispersion."""
    total, bins = 0.0, 0
    for j in range(RING):
        if record.old_weight[j] > 0.0:
            total += record.old_weight[j]
            bins += 1
    return total / (max(bins, 1) * minutes)


@compiled
def _agreeing(record: SeriesRecord, said: Floats, i: int) -> int:
    """Return how many sources have evidence of their own since the best start."""
    first = max(i - (record.bins - surge_course.best_start(record)), 0)
    n = 0
    for s in range(said.shape[0]):
        if own_evidence(said[s], first, i) >= AGREES:
            n += 1
    return n


@compiled
def _day_begins(record: SeriesRecord, day: int, minutes: float) -> bool:
    """Let the day before be remembered where ``day`` is another; return whether there was one."""
    if day == record.day:
        return False
    ended = record.day >= 0
    if ended:
        calibration.end_day(record, _density(record, minutes))
    record.day = day
    return ended


@compiled
def _search(record: SeriesRecord, weighed: Weighed, minutes: float) -> None:
    """Weigh what the sources say of one bin together as evidence."""
    burst = Burst(_burst(record, minutes), bin_update.burst_bins(minutes))
    # no clock is known to have moved, so no habit may have stayed behind
    horizon = start_search.Horizon(bin_update.horizon(record.bins, minutes).oldest, 0)
    start_search.observe(record, weighed, burst, horizon)
    record.highest = max(record.highest, record.evidence)


@compiled
def run(
    records: Records,
    said: Contributions,
    before: int,
    first: int,
    width: int,
    sought: Sought,
    changes: ChangeLog,
    evidence: Floats,
) -> int:
    """Take the bins behind the first ``before`` until they end or ``changes`` is full.

    Parameters
    ----------
    records : shape (1,), changed in place.
    said : of n bins.
    before : columns that were taken before; kept for what sources said since a start.
    first, width : left edge of bin 0 ever, width of a bin, seconds.
    sought : of a series that behaves; here it takes `EXTRA_EVIDENCE` more.
    changes : emptied first.
    evidence : shape (n,), written to.

    Returns
    -------
    The number of bins taken.
    """
    record: SeriesRecord = records[0]
    minutes = width / 60.0
    course = Course(minutes, surge_course.new_search(sought.rises), changes)
    threshold = calibration.threshold_now(record, sought.base) + EXTRA_EVIDENCE
    changes.length[0] = 0
    n: int = said.rows.shape[2]
    for i in range(before, n):
        if changes.length[0] + 2 > changes.rows.shape[0]:
            return i - before
        if _day_begins(record, (first + record.bins * width) // 86400, minutes):
            threshold = calibration.threshold_now(record, sought.base) + EXTRA_EVIDENCE
        if said.closed[i] > 0.0:
            start_search.forget(record)
        pooled = _pool(record, said, i)
        if np.isnan(pooled.dispersion):
            pass
        elif record.open == 1:
            j = record.bins % RING
            course.search.first[:] = -1  # wide bins add to bins that were weighed before
            surge_course.continue_surge(
                record, record.count[j], record.expected[j], pooled.dispersion, course
            )
        else:
            _search(record, pooled.weighed, minutes)
            if record.evidence >= threshold and _agreeing(record, said.rows, i) >= FEWEST:
                evidence[i] = record.evidence
                surge_course.raise_alarm(record, pooled.dispersion, course)
                surge_course.report(record, surge_course.OPENED, -1, changes)
        evidence[i] = record.evidence if record.open == 0 else max(evidence[i], 0.0)
        record.bins += 1
    return n - before
