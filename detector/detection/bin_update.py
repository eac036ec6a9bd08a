"""Alarms before a bin is over: what it holds up to a mark is the least that it will hold.

A *mark* is an instant within a bin. What was counted up to it is weighed as if it were the whole
bin's count, against what is expected of the whole bin. Counts only grow, and the evidence does not
fall when the newest count grows (`sequential.observe`, the clipping and the price of a burst are
monotone in it), so what is said at a mark is a lower bound of what will be said when the bin is
over: an alarm comes sooner, and none comes that would not have come.

Nothing is learnt at a mark, and nothing ends. When the bin is over it is taken in as ever, and the
surge that was opened early is revised from its full count: what follows is the same as without
marks. If, against the rule, that count is lower (posts came late and took others' voices) or the
bin was lost (nobody looked any more), the surge is open all the same: people were told. It then
ends as any other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from detector.detection import (
    baseline,
    clock_shift,
    explanations,
    start_search,
    surge_course,
)
from detector.detection.baseline import Slot
from detector.detection.compiled import compiled
from detector.detection.series_record import RING, bins_of
from detector.model.series import Floats

#: Rows of marks: the bin, seconds from the mark to the bin's right edge, what was counted up to it.
BIN, BEFORE, COUNT = 0, 1, 2
#: No marks.
NO_MARKS: Floats = np.empty((3, 0))
NO_MARKS.flags.writeable = False


@compiled
def can_be(marks: Floats, n: int, width: int) -> bool:
    """Whether these are marks of ``n`` bins of ``width`` seconds and of the bin behind them."""
    last = -1.0
    for m in range(marks.shape[1]):
        bin_, before, count = marks[BIN, m], marks[BEFORE, m], marks[COUNT, m]
        at = bin_ * width + width - before
        inside = 0.0 <= bin_ <= n and 0.0 < before < width
        if not (inside and at > last and 0.0 <= count < np.inf):
            return False
        last = at
    return True


@compiled
def copy_to(hots: Any, others: Any) -> None:
    """Make the record of ``others`` that of ``hots``; by words, as records are copied slowly."""
    words = hots.view(np.int64)
    copies = others.view(np.int64)
    for i in range(words.shape[0]):
        copies[i] = words[i]


@compiled
def judge(
    hots: Any,
    others: Any,
    marks: Floats,
    m: int,
    slot: Slot,
    factor: float,
    spread: float,
    threshold: float,
    minutes: float,
    search: surge_course.Search,
    changes: Any,
    n: int,
) -> int:
    """Raise the alarm of the bin to come at the first of its marks that says enough.

    Parameters
    ----------
    hots : shape (1,), the record before the bin; of it only what tells of an alarm is changed.
    others : shape (1,), room for a copy.
    marks : shape (3, n_marks): rows `BIN`, `BEFORE`, `COUNT`, in order of time.
    m : the first mark of the bin.
    search : for the start; what it remembers is forgotten where an alarm was raised.
    slot, factor, spread, threshold, minutes, changes, n : as `step` has them.

    Returns
    -------
    The number of changes; the new one, if any, says the mark.
    """
    hot, other = hots[0], others[0]
    outs = np.empty((6, 1))
    i = marks[BIN, m]
    while m < marks.shape[1] and marks[BIN, m] == i:
        copy_to(hots, others)
        count = marks[COUNT, m]
        what = take(other, count, slot, factor, spread, threshold, minutes, outs, 0)
        if what == ALARM:
            follow_up(other, what, count, outs[0, 0], outs[4, 0], minutes, search, changes, n)
            hot.early = round(marks[BEFORE, m])
            hot.early_count = count
            hot.alarm_evidence = other.alarm_evidence
            changes[n].early = hot.early
            search.first[:] = -1
            return n + 1
        m += 1
    return n


@compiled
def lose(hot: Any, search: surge_course.Search, out: Floats) -> None:
    """Forget the count of the bin just taken: the bin was lost, the alarm in it was not."""
    j = hot.bins % RING
    hot.count[j] = np.nan
    hot.clip[j] = np.nan
    hot.previous = np.nan
    hot.gap = 1
    search.first[:] = -1
    out[3:] = np.nan


# One bin: what was expected, what it says, whether that is an alarm.


#: Minutes: oldest start that is searched for; at least so many bins.
LONGEST_SEARCH, FEWEST_STARTS = 180.0, 8
#: Minutes of a burst: what is so short is no outage. In wide bins a burst drowns by itself.
BURST_MINUTES, WIDE_MINUTES = 3.0, 10.0
#: Evidence that holds learning back, as a share of the threshold, and for how many minutes at most.
HOLD_SHARE, HOLD_AT_MOST = 0.5, 240.0
#: Relative spread of the expected count inside a known event whose factor is (not) known.
EVENT_SPREAD, UNKNOWN_EVENT_SPREAD = 0.5, 1.5
#: What a bin is to its series: nothing to speak of, part of an open surge, the bin that raises an
#: alarm, the one that shows the source to be dead.
QUIET, OPEN, ALARM, DEAD = 0, 1, 2, 3


@compiled
def _burst_bins(minutes: float) -> int:
    return 0 if minutes >= WIDE_MINUTES else max(bins_of(BURST_MINUTES, minutes, 8), 2)


@compiled
def _burst(hot: Any, dispersion: float, bins: int) -> float:
    """Return the surplus of the newest few bins, in units of the dispersion."""
    total = 0.0
    for i in range(bins):
        j = (hot.bins - i) % RING
        if hot.bins - i >= 0 and not np.isnan(hot.clip[j]):
            total += hot.clip[j] - hot.expected[j]
    return max(total / dispersion, 0.0)


@compiled
def _remember(hot: Any, count: float, expected: float, learn: float, week_slot: int) -> None:
    j = hot.bins % RING
    hot.count[j] = count
    hot.expected[j] = expected
    hot.clip[j] = learn
    hot.old_events[j] = hot.level_events
    hot.old_weight[j] = hot.level_weight
    hot.week_slot[j] = week_slot


@compiled
def _dead(hot: Any) -> None:
    """Take a run of zeros for not observed: forget what it taught."""
    hot.level_events = hot.zero_events
    hot.level_weight = hot.zero_weight
    for i in range(min(hot.zero_run, RING - 1)):
        hot.count[(hot.bins - i) % RING] = np.nan
        hot.clip[(hot.bins - i) % RING] = np.nan
    start_search.forget(hot)


@compiled
def _search(
    hot: Any,
    count: float,
    expected: float,
    slot: Slot,
    dispersion: float,
    variance: float,
    minutes: float,
) -> None:
    """Weigh one bin as evidence."""
    weighed = baseline.tamed(count, expected, dispersion, variance)
    spread = baseline.tamed_dispersion(expected, dispersion)
    hot.clip[hot.bins % RING] = weighed
    burst_bins = _burst_bins(minutes)
    start_search.observe(
        hot,
        weighed / spread,
        expected / spread,
        expected / spread * (1.0 + slot.back.more),
        expected / spread * (1.0 + slot.ahead.more),
        _burst(hot, spread, burst_bins),
        burst_bins,
        variance,
        hot.bins - max(bins_of(LONGEST_SEARCH, minutes, RING - 8), FEWEST_STARTS),
        round(explanations.STAYED_WEEKS * 10080.0 / minutes),
    )
    hot.highest = max(hot.highest, hot.evidence)


@compiled
def _held(hot: Any, threshold: float, minutes: float) -> bool:
    """Whether learning is held back because something may be going on."""
    if hot.evidence < HOLD_SHARE * threshold:
        hot.held = 0
        return False
    if hot.held * minutes >= HOLD_AT_MOST:
        return False
    hot.held += 1
    return True


@compiled
def _learn(
    hot: Any,
    count: float,
    slot: Slot,
    expected: float,
    dispersion: float,
    known: float,
    minutes: float,
) -> None:
    """Let clock, level, dispersion and own spread see an ordinary bin."""
    weighed = hot.clip[hot.bins % RING]
    variance = known + baseline.own_variance(hot)
    moved = clock_shift.watch_clock(hot, weighed, expected, slot, dispersion, variance, minutes)
    if moved != 0:
        hot.clock += moved
        start_search.forget(hot)
    baseline.learn_level(hot, weighed, slot.rate, dispersion)
    wide = baseline.clipped(count, expected, dispersion, baseline.WIDE_CLIP, variance)
    baseline.learn_dispersion(hot, wide, minutes)
    baseline.learn_own(hot, weighed, expected, dispersion, known, minutes)


@compiled
def take(
    hot: Any,
    count: float,
    slot: Slot,
    factor: float,
    spread: float,
    threshold: float,
    minutes: float,
    outs: Floats,
    at: int,
) -> int:
    """Take one bin as far as it concerns no surge; return what it is to its series.

    A surge that was noticed before the bin was over is open whatever its count is.

    Parameters
    ----------
    hot : the record, changed in place.
    count : posts, nan where not observed.
    slot : what the profile says of the bin.
    factor, spread : of a known event; 1 and 0 outside.
    threshold : evidence that raises an alarm.
    minutes : width of a bin.
    outs, at : shape (6, n_bins), and the bin's place in it. Written to but for the third row:
        expected, evidence; and, where the bin was weighed, what it weighs, the dispersion and the
        relative variance of the expectation.
    """
    baseline.forget_level(hot, minutes)
    dispersion = baseline.dispersion_of(hot)
    cold = hot.learnt * minutes < baseline.COLD_MINUTES
    expected = np.nan if cold else baseline.level_of(hot) * slot.rate * factor
    known = slot.variance + baseline.level_variance(hot)
    outs[0, at] = expected
    outs[1, at] = hot.evidence
    outs[3, at] = outs[4, at] = outs[5, at] = np.nan
    _remember(hot, np.nan, expected, np.nan, slot.number)
    if np.isnan(count):
        hot.gap += 1
        hot.previous = np.nan
        return QUIET
    hot.gap = 0
    if cold:
        hot.clip[hot.bins % RING] = count
        baseline.learn_level(hot, count, slot.rate, dispersion)
        baseline.learn_dispersion(hot, count, minutes)
        return QUIET
    told = hot.early > 0 and hot.open == 0
    if baseline.watch_zeros(hot, count, expected / dispersion) and not told:
        _dead(hot)
        outs[1, at] = 0.0
        return DEAD
    hot.count[hot.bins % RING] = count
    variance = known + baseline.own_variance(hot) + spread * spread
    outs[4, at] = dispersion
    outs[5, at] = variance
    if hot.open == 1:
        outs[3, at] = baseline.tamed(count, expected, dispersion, variance)
        return OPEN
    _search(hot, count, expected, slot, dispersion, variance, minutes)
    outs[1, at] = hot.evidence
    outs[3, at] = hot.clip[hot.bins % RING]
    if hot.evidence >= threshold or told:
        return ALARM
    if spread > 0.0:
        hot.clip[hot.bins % RING] = np.nan
    elif not _held(hot, threshold, minutes):
        _learn(hot, count, slot, expected, dispersion, known, minutes)
    return QUIET


@compiled
def follow_up(
    hot: Any,
    what: int,
    count: float,
    expected: float,
    dispersion: float,
    minutes: float,
    search: surge_course.Search,
    changes: Any,
    n: int,
) -> int:
    """Raise or follow a surge as `take` said; return the number of changes.

    Parameters
    ----------
    what : to its series the bin just taken is not `QUIET` but this.
    expected, dispersion : as `take` wrote them down.
    search : for the start, changed in place.
    changes, n : where changes go, and how many there are.
    """
    if what == OPEN:
        return surge_course.continue_surge(
            hot, count, expected, dispersion, minutes, search, changes, n
        )
    if what == ALARM:
        told = hot.early > 0
        surge_course.raise_alarm(hot, dispersion, minutes, search)
        return surge_course.tell(
            hot, surge_course.REVISED if told else surge_course.OPENED, -1, changes, n
        )
    search.first[:] = -1
    return n
