"""When a surge has ended.

The last hour must look more like the usual rate than like the usual rate and a fifth of the surge's
height. The end itself is the bin that best parts the one from the other.
"""

from __future__ import annotations

from math import log
from typing import Any, NamedTuple

import numpy as np

from detector.detection import (
    baseline,
    onset,
    start_search,
)
from detector.detection.compiled import compiled
from detector.detection.explanations import evidence_of
from detector.detection.onset import Ints
from detector.detection.series_record import RING, bins_of
from detector.model.series import Floats

#: Fewest bins that must look usual.
FEWEST = 3
#: Share of the surge's height that still counts as the surge.
STILL = 0.2
#: Minutes that must look usual, and minutes over which the height is taken.
HOLD_MINUTES = 60.0
HEIGHT_MINUTES = 10.0


@compiled
def window_excess(hot: Any, bins: int) -> float:
    """Return the mean excess per bin over the newest ``bins`` bins; nan if one was not observed."""
    total = 0.0
    for i in range(bins):
        j = (hot.bins - i) % RING
        total += hot.count[j] - hot.expected[j]
    return float(total / bins)


@compiled
def follow(hot: Any, count: float, expected: float, minutes: float) -> None:
    """Let the open surge see one observed bin: peak, height, excess."""
    hot.excess = max(hot.excess + count - expected, 0.0)
    if count > hot.peak_count:
        hot.peak = hot.bins
        hot.peak_count = count
        hot.peak_expected = expected
    bins = bins_of(HEIGHT_MINUTES, minutes, RING - 2)
    height = window_excess(hot, bins)
    if height > hot.height:
        hot.height = height


@compiled
def usual_again(hot: Any, minutes: float) -> bool:
    """Whether the last hour is over: observed in full and closer to usual than to the surge."""
    bins = max(bins_of(HOLD_MINUTES, minutes, RING - 2), FEWEST)
    if hot.bins - hot.onset < bins:
        return False
    ratio = 0.0
    for i in range(bins):
        j = (hot.bins - i) % RING
        if np.isnan(hot.count[j]):
            return False
        usual = hot.expected[j]
        still = usual + max(STILL * hot.height, 0.1 * usual)
        ratio += hot.count[j] * log(still / usual) - (still - usual)
    return ratio <= 0.0


@compiled
def end_of(hot: Any) -> int:
    """Return the first bin after the surge: the split that best parts surge from usual."""
    first = max(hot.onset + 1, hot.bins - RING + 1)
    best = 0.0
    total = 0.0
    end = int(hot.bins + 1)
    for b in range(hot.bins, first - 1, -1):
        j = b % RING
        if np.isnan(hot.count[j]):
            continue
        usual = hot.expected[j]
        still = usual + max(STILL * hot.height, 0.1 * usual)
        total += (still - usual) - hot.count[j] * log(still / usual)
        if total > best:
            best = total
            end = int(b)
    return end


# The course of a surge: raised, located, revised while young, followed, closed.


OPENED, REVISED, CLOSED = 0, 1, 2
#: Minutes before the alarm that are searched for the start, minutes before the best candidate at
#: least, and minutes after the alarm in which the start is revised.
BEFORE, MARGIN, REVISION = 120.0, 45.0, 20.0
#: Growth of peak or excess that is told.
TELL = 1.25
#: Minutes after which a raised volume is the new normal, and minutes that then make the level.
NEW_NORMAL, NEW_LEVEL = 1440.0, 180.0


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


@compiled
def _locate(hot: Any, dispersion: float, minutes: float, first: int, search: Search) -> None:
    """Estimate the start, in no bin behind the alarm, from the bins ``first`` to now."""
    if search.first[0] != first:
        search.next[:] = first
        search.first[:] = first
    for b in range(search.next[0], hot.bins + 1):
        count, expected = hot.count[b % RING], hot.expected[b % RING]
        if np.isnan(expected):
            count = np.nan
        onset.weigh(search.sums, search.rises, b - first, count, expected, dispersion, minutes)
    search.next[:] = hot.bins + 1
    n = hot.bins - first + 1
    likelihood = onset.likelihood_of(search.sums, n, dispersion, minutes)
    found = onset.estimate(likelihood[: hot.noticed - first + 1], minutes)
    hot.onset = first + found[0]
    hot.earliest = first + found[1]
    hot.latest = first + found[2]


@compiled
def _best_start(hot: Any) -> int:
    best = -1.0
    start = int(hot.bins)
    for i in range(hot.candidates):
        doubt = hot.doubt[i] / hot.mass[i]
        value = evidence_of(hot.surplus[i], hot.mass[i], doubt)
        if value > best:
            best = value
            start = int(hot.start[i])
    return start


@compiled
def raise_alarm(hot: Any, dispersion: float, minutes: float, search: Search) -> None:
    """Open a surge: estimate its start and take back what was learnt since.

    What was said of it when it was noticed in its first bin before that was over stays.
    """
    first = min(
        _best_start(hot) - bins_of(MARGIN, minutes, RING // 4),
        hot.bins - bins_of(BEFORE, minutes, RING // 2),
    )
    first = max(first, hot.search_from, hot.bins - RING + 2, 0)
    hot.open = 1
    hot.noticed = hot.bins
    if hot.early == 0:
        hot.alarm_evidence = hot.evidence
    _locate(hot, dispersion, minutes, first, search)
    hot.search_from = first
    hot.peak_count = -1.0
    hot.height = 0.0
    hot.excess = 0.0
    last = hot.bins
    for b in range(hot.onset, last + 1):
        hot.bins = b
        j = b % RING
        if not np.isnan(hot.count[j]) and not np.isnan(hot.expected[j]):
            follow(hot, hot.count[j], hot.expected[j], minutes)
    hot.bins = last
    for b in range(hot.earliest, last + 1):
        hot.clip[b % RING] = np.nan
    j = hot.earliest % RING
    hot.level_events = hot.old_events[j]
    hot.level_weight = hot.old_weight[j]
    start_search.forget(hot)


@compiled
def tell(hot: Any, kind: int, ended: int, changes: Any, n: int) -> int:
    """Write a change down; ``ended`` is -1 while it goes on. Return the number of changes."""
    change = changes[n]
    change.kind = kind
    change.bin = hot.bins
    change.noticed = hot.noticed
    change.early = hot.early
    change.onset = hot.onset
    change.earliest = hot.earliest
    change.latest = hot.latest
    change.evidence = hot.alarm_evidence
    change.peak = hot.peak
    change.peak_count = hot.peak_count
    change.peak_expected = hot.peak_expected
    change.excess = hot.excess
    change.ended = ended
    hot.told_onset = hot.onset
    hot.told_peak = hot.peak_count
    hot.told_excess = hot.excess
    return n + 1


@compiled
def _revise(hot: Any, dispersion: float, minutes: float, search: Search) -> None:
    """Estimate the start again while the surge is young; what it covers is not learnt."""
    _locate(hot, dispersion, minutes, max(hot.search_from, hot.bins - RING + 2), search)
    for b in range(hot.earliest, hot.bins + 1):
        hot.clip[b % RING] = np.nan


@compiled
def _adopt(hot: Any, dispersion: float, minutes: float) -> None:
    """Take the level of the last hours for the new normal."""
    level = baseline.level_of(hot)
    events = 0.0
    weight = 0.0
    for i in range(bins_of(NEW_LEVEL, minutes, RING - 1)):
        j = (hot.bins - i) % RING
        if not np.isnan(hot.count[j]):
            events += hot.count[j] / dispersion
            weight += hot.expected[j] / level / dispersion
    hot.level_events = events
    hot.level_weight = weight
    hot.slow_events = events
    hot.slow_weight = weight


@compiled
def _grown(hot: Any) -> bool:
    """Whether there is something new to tell: another start, or a quarter more peak or excess."""
    return bool(
        hot.onset != hot.told_onset
        or hot.peak_count >= TELL * hot.told_peak
        or hot.excess >= TELL * hot.told_excess + 1.0
    )


@compiled
def continue_surge(
    hot: Any,
    count: float,
    expected: float,
    dispersion: float,
    minutes: float,
    search: Search,
    changes: Any,
    n: int,
) -> int:
    """Let an open surge see an observed bin; return the number of changes."""
    follow(hot, count, expected, minutes)
    since = hot.bins - hot.noticed
    if since <= bins_of(REVISION, minutes, RING // 4):
        _revise(hot, dispersion, minutes, search)
    if since * minutes >= NEW_NORMAL:
        _adopt(hot, dispersion, minutes)
        return close(hot, hot.bins + 1, changes, n)
    if usual_again(hot, minutes):
        return close(hot, end_of(hot), changes, n)
    if _grown(hot):
        return tell(hot, REVISED, -1, changes, n)
    return n


@compiled
def close(hot: Any, ended: int, changes: Any, n: int) -> int:
    """End the surge at bin ``ended`` (exclusive), where the next one may begin.

    Returns the number of changes.
    """
    hot.search_from = max(ended, hot.onset + 1)
    n = tell(hot, CLOSED, hot.search_from, changes, n)
    hot.open = 0
    hot.early = 0
    return n
