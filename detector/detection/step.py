"""One bin: what was expected, what it says, whether that is an alarm."""

from __future__ import annotations

from typing import Any

import numpy as np

from detector.detection import baseline, clock, course, sequential
from detector.detection.compiled import compiled
from detector.detection.memory import RING, bins_of
from detector.domain.series import Floats

#: Minutes: oldest start that is searched for; at least so many bins.
LONGEST_SEARCH, FEWEST_STARTS = 180.0, 8
#: Minutes of a burst: what is so short is no outage. In wide bins a burst drowns by itself.
BURST_MINUTES, WIDE_MINUTES = 3.0, 10.0
#: Evidence that holds learning back, as a share of the threshold, and for how many minutes at most.
HOLD_SHARE, HOLD_AT_MOST = 0.5, 240.0
#: Relative spread of the expected count inside a known event whose factor is (not) known.
EVENT_SPREAD, UNKNOWN_EVENT_SPREAD = 0.5, 1.5


@compiled
def _burst_bins(minutes: float) -> int:
    return 0 if minutes >= WIDE_MINUTES else max(bins_of(BURST_MINUTES, minutes, 8), 2)


@compiled
def _burst(hot: Any, dispersion: float, minutes: float) -> float:
    """Return the surplus of the newest few bins, in units of the dispersion."""
    total = 0.0
    for i in range(_burst_bins(minutes)):
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
    sequential.forget(hot)


@compiled
def _search(
    hot: Any, count: float, expected: float, dispersion: float, variance: float, minutes: float
) -> None:
    """Weigh one bin as evidence."""
    weighed = baseline.tamed(count, expected, dispersion, variance)
    spread = baseline.tamed_dispersion(expected, dispersion)
    hot.clip[hot.bins % RING] = weighed
    sequential.observe(
        hot,
        weighed / spread,
        expected / spread,
        _burst(hot, spread, minutes),
        _burst_bins(minutes),
        variance,
        hot.bins - max(bins_of(LONGEST_SEARCH, minutes, RING - 8), FEWEST_STARTS),
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
    rates: Floats,
    expected: float,
    dispersion: float,
    known: float,
    minutes: float,
) -> None:
    """Let clock, level, dispersion and own spread see an ordinary bin."""
    weighed = hot.clip[hot.bins % RING]
    variance = known + baseline.own_variance(hot)
    moved = clock.watch_clock(
        hot, weighed, rates * (expected / rates[1]), dispersion, variance, minutes
    )
    if moved != 0:
        hot.clock += moved
        sequential.forget(hot)
    baseline.learn_level(hot, weighed, rates[1], dispersion)
    wide = baseline.clipped(count, expected, dispersion, baseline.WIDE_CLIP, variance)
    baseline.learn_dispersion(hot, wide, minutes)
    baseline.learn_own(hot, weighed, expected, dispersion, known, minutes)


@compiled
def step(
    hot: Any,
    count: float,
    rates: Floats,
    profile_variance: float,
    factor: float,
    spread: float,
    week_slot: int,
    threshold: float,
    minutes: float,
    search: course.Search,
    changes: Any,
    n: int,
    out: Floats,
) -> int:
    """Take one bin; write expected and evidence to ``out``; return the number of changes.

    A surge that was noticed before the bin was over is open whatever its count is.

    Parameters
    ----------
    hot : the record, changed in place.
    count : posts, nan where not observed.
    rates : shape (3,), profile if the clock were an hour back, right, an hour ahead.
    profile_variance : relative variance of the profile.
    factor, spread : of a known event; 1 and 0 outside.
    week_slot : day since 1970 times slots per day, plus the slot.
    threshold : evidence that raises an alarm.
    minutes : width of a bin.
    search : for the start, changed in place.
    changes, n : where changes go, and how many there are.
    out : shape (6,), written to but for the third: expected, evidence; and, where the bin was
        weighed, what it weighs, the dispersion and the relative variance of the expectation.
    """
    baseline.forget_level(hot, minutes)
    dispersion = baseline.dispersion_of(hot)
    cold = hot.learnt * minutes < baseline.COLD_MINUTES
    expected = np.nan if cold else baseline.level_of(hot) * rates[1] * factor
    known = profile_variance + baseline.level_variance(hot)
    out[0] = expected
    out[1] = hot.evidence
    out[3:] = np.nan
    _remember(hot, np.nan, expected, np.nan, week_slot)
    if np.isnan(count):
        hot.gap += 1
        hot.previous = np.nan
        return n
    hot.gap = 0
    if cold:
        hot.clip[hot.bins % RING] = count
        baseline.learn_level(hot, count, rates[1], dispersion)
        baseline.learn_dispersion(hot, count, minutes)
        return n
    told = hot.early > 0 and hot.open == 0
    if baseline.watch_zeros(hot, count, expected / dispersion) and not told:
        _dead(hot)
        search.first[:] = -1
        out[1] = 0.0
        return n
    hot.count[hot.bins % RING] = count
    variance = known + baseline.own_variance(hot) + spread * spread
    out[4] = dispersion
    out[5] = variance
    if hot.open == 1:
        out[3] = baseline.tamed(count, expected, dispersion, variance)
        return course.continue_surge(hot, count, expected, dispersion, minutes, search, changes, n)
    _search(hot, count, expected, dispersion, variance, minutes)
    out[1] = hot.evidence
    out[3] = hot.clip[hot.bins % RING]
    if hot.evidence >= threshold or told:
        course.raise_alarm(hot, dispersion, minutes, search)
        kind = course.REVISED if told else course.OPENED
        return course.tell(hot, kind, -1, changes, n)
    if spread > 0.0:
        hot.clip[hot.bins % RING] = np.nan
    elif not _held(hot, threshold, minutes):
        _learn(hot, count, rates, expected, dispersion, known, minutes)
    return n
