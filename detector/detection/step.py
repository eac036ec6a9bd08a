"""One bin after another: expected, evidence, alarm, revision, close. The kernel of `live.update`."""

from __future__ import annotations

from typing import Any

import numpy as np

from detector.detection import baseline, clock, onset, recovery, recurrence, sequential
from detector.detection import profile as day_profile
from detector.detection.compiled import compiled
from detector.detection.memory import RING
from detector.domain.series import Floats

OPENED, REVISED, CLOSED = 0, 1, 2
#: Minutes: bins wait this long before the profile learns them, so that a surge found late is not learnt.
QUARANTINE = 120.0
#: Minutes: oldest start that is searched for; minutes looked at before it; revision after the alarm.
LONGEST_SEARCH = 180.0
MARGIN = 45.0
REVISION = 20.0
#: Growth of peak or excess that is told.
TELL = 1.25
#: Minutes of a burst: what is so short is no outage.
BURST_MINUTES = 3.0
#: Evidence that holds learning back, as a share of the threshold, and for how many minutes at most.
HOLD_SHARE = 0.5
HOLD_AT_MOST = 240.0
#: Minutes after which a raised volume is the new normal.
NEW_NORMAL = 1440.0
#: Relative spread of the expected count inside a known event whose factor is (not) known.
EVENT_SPREAD, UNKNOWN_EVENT_SPREAD = 0.5, 1.5


@compiled
def _bins(minutes: float, width: float, most: int) -> int:
    return min(max(int(round(minutes / width)), 1), most)


@compiled
def _learn_late(hot: Any, profile: Floats, minutes: float) -> bool:
    """Move the bin that leaves quarantine into its day; False if it belongs to the next day."""
    slots = profile.shape[2]
    b = hot.bins - _bins(QUARANTINE, minutes, RING - 2)
    if b < 0:
        return True
    j = b % RING
    day = hot.week_slot[j] // slots
    if day != hot.day:
        if hot.day >= 0:
            return False
        hot.day = day
    s = hot.week_slot[j] % slots
    if not np.isnan(hot.clip[j]):
        hot.day_count[s] += hot.clip[j]
        hot.day_bins[s] += 1.0
    if not np.isnan(hot.count[j]) and not np.isnan(hot.expected[j]):
        weekday = (day + 3) % 7
        hot.raw_count[s] += hot.count[j]
        hot.raw_expected[s] += hot.expected[j] * profile[2, weekday, s] / profile[0, weekday, s]
    return True


@compiled
def _burst(hot: Any, dispersion: float, minutes: float) -> float:
    """Return the surplus of the newest few bins, in units of the dispersion."""
    total = 0.0
    for i in range(_bins(BURST_MINUTES, minutes, 8)):
        j = (hot.bins - i) % RING
        if hot.bins - i >= 0 and not np.isnan(hot.clip[j]):
            total += hot.clip[j] - hot.expected[j]
    return max(total / dispersion, 0.0)


@compiled
def _locate(hot: Any, dispersion: float, minutes: float, first: int) -> None:
    """Estimate the start from the bins ``first`` to now."""
    n = hot.bins - first + 1
    count = np.empty(n)
    expected = np.empty(n)
    for i in range(n):
        j = (first + i) % RING
        count[i] = hot.count[j]
        expected[i] = hot.expected[j]
        if np.isnan(expected[i]):
            count[i] = np.nan
    found = onset.estimate(onset.start_likelihood(count, expected, dispersion, minutes))
    hot.onset = first + found[0]
    hot.earliest = first + found[1]
    hot.latest = first + found[2]


@compiled
def _best_start(hot: Any) -> int:
    best = -1.0
    start = hot.bins
    for i in range(hot.candidates):
        doubt = hot.doubt[i] / hot.mass[i]
        value = sequential.evidence_of(hot.surplus[i], hot.mass[i], doubt)
        if value > best:
            best = value
            start = hot.start[i]
    return start


@compiled
def _raise_alarm(hot: Any, dispersion: float, variance: float, minutes: float) -> None:
    """Open a surge: estimate its start and take back what was learnt since."""
    first = max(
        _best_start(hot) - _bins(MARGIN, minutes, RING // 4),
        hot.bins - RING + 2,
        0,
    )
    hot.open = 1
    hot.noticed = hot.bins
    hot.alarm_evidence = hot.evidence
    _locate(hot, dispersion, minutes, first)
    hot.search_from = first
    hot.peak_count = -1.0
    hot.height = 0.0
    hot.excess = 0.0
    last = hot.bins
    for b in range(hot.onset, last + 1):
        hot.bins = b
        j = b % RING
        if not np.isnan(hot.count[j]) and not np.isnan(hot.expected[j]):
            recovery.follow(hot, hot.count[j], hot.expected[j], minutes)
    hot.bins = last
    for b in range(hot.earliest, last + 1):
        hot.clip[b % RING] = np.nan
    j = hot.earliest % RING
    hot.level_events = hot.old_events[j]
    hot.level_weight = hot.old_weight[j]
    sequential.forget(hot)


@compiled
def _tell(hot: Any, kind: int, ended: int, changes: Any, n: int) -> int:
    change = changes[n]
    change.kind = kind
    change.bin = hot.bins
    change.noticed = hot.noticed
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
def _continue_surge(
    hot: Any,
    count: float,
    expected: float,
    dispersion: float,
    variance: float,
    minutes: float,
    changes: Any,
    n: int,
) -> int:
    """Let an open surge see an observed bin; return the number of changes."""
    recovery.follow(hot, count, expected, minutes)
    since = hot.bins - hot.noticed
    if since <= _bins(REVISION, minutes, RING // 4):
        _locate(hot, dispersion, minutes, max(hot.search_from, hot.bins - RING + 2))
        for b in range(hot.earliest, hot.bins + 1):
            hot.clip[b % RING] = np.nan
    long_over = since * minutes >= NEW_NORMAL
    if long_over or recovery.usual_again(hot, dispersion, variance, minutes):
        ended = hot.bins + 1 if long_over else recovery.end_of(hot)
        n = _tell(hot, CLOSED, ended, changes, n)
        hot.open = 0
        if long_over:
            hot.level_events = 0.0
            hot.level_weight = 0.0
            bins = _bins(180.0, minutes, RING - 1)
            for i in range(bins):
                j = (hot.bins - i) % RING
                if not np.isnan(hot.count[j]):
                    share = hot.expected[j] / level_at(hot)
                    hot.level_events += hot.count[j] / dispersion
                    hot.level_weight += share / dispersion
            hot.slow_events *= 0.1
            hot.slow_weight *= 0.1
        return n
    if (
        hot.onset != hot.told_onset
        or hot.peak_count >= TELL * hot.told_peak
        or hot.excess >= TELL * hot.told_excess + 1.0
    ):
        n = _tell(hot, REVISED, -1, changes, n)
    return n


@compiled
def level_at(hot: Any) -> float:
    """Return the level as `baseline.level_of` does."""
    return max(baseline.level_of(hot), 1e-9)


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
    changes: Any,
    n: int,
    out: Floats,
) -> int:
    """Take one bin; write expected and evidence to ``out``; return the number of changes."""
    baseline.forget_level(hot, minutes)
    profile = rates[1]
    dispersion = baseline.dispersion_of(hot)
    cold = hot.learnt * minutes < baseline.COLD_MINUTES
    expected = np.nan if cold else level_at(hot) * profile * factor
    known = profile_variance + baseline.level_variance(hot)
    variance = known + baseline.own_variance(hot) + spread * spread
    out[0] = expected
    _remember(hot, np.nan, expected, np.nan, week_slot)
    if np.isnan(count):
        hot.gap += 1
        hot.previous = np.nan
        out[1] = hot.evidence
        return n
    hot.gap = 0
    if cold:
        hot.clip[hot.bins % RING] = count
        hot.count[hot.bins % RING] = count
        baseline.learn_level(hot, count, profile, dispersion)
        baseline.learn_dispersion(hot, count, minutes)
        out[1] = 0.0
        return n
    if baseline.watch_zeros(hot, count, expected / dispersion):
        if hot.zero_weight > 0.0:
            hot.level_events = hot.zero_events
            hot.level_weight = hot.zero_weight
        for i in range(min(hot.zero_run, RING - 1)):
            hot.count[(hot.bins - i) % RING] = np.nan
            hot.clip[(hot.bins - i) % RING] = np.nan
        sequential.forget(hot)
        out[1] = 0.0
        return n
    hot.count[hot.bins % RING] = count
    if hot.open == 1:
        out[1] = hot.evidence
        return _continue_surge(hot, count, expected, dispersion, variance, minutes, changes, n)
    clip = baseline.tamed(count, expected, dispersion)
    tame = baseline.tamed_dispersion(expected, dispersion)
    hot.clip[hot.bins % RING] = clip
    sequential.observe(
        hot,
        clip / tame,
        expected / tame,
        _burst(hot, tame, minutes),
        _bins(BURST_MINUTES, minutes, 8),
        variance,
        hot.bins - _bins(LONGEST_SEARCH, minutes, RING - 8),
    )
    out[1] = hot.evidence
    if hot.evidence >= threshold:
        _raise_alarm(hot, dispersion, variance, minutes)
        return _tell(hot, OPENED, -1, changes, n)
    if spread > 0.0:
        hot.clip[hot.bins % RING] = np.nan
        return n
    if hot.evidence >= HOLD_SHARE * threshold and hot.held * minutes < HOLD_AT_MOST:
        hot.held += 1
        return n
    if hot.evidence < HOLD_SHARE * threshold:
        hot.held = 0
    if spread == 0.0:
        moved = clock.watch_clock(
            hot, clip, rates * (expected / profile), dispersion, variance, minutes
        )
        if moved != 0:
            hot.clock += moved
            sequential.forget(hot)
    baseline.learn_level(hot, clip, profile, dispersion)
    wide = baseline.clipped(count, expected, dispersion, baseline.WIDE_CLIP)
    baseline.learn_dispersion(hot, wide, minutes)
    baseline.learn_own(hot, clip, expected, dispersion, known, minutes)
    return n


@compiled
def earlier_or_later(profile: Floats, week_slot: int) -> float:
    """Return the profile at a slot of the week, which may lie in the week before or after."""
    slots = profile.shape[2]
    wrapped = week_slot % (7 * slots)
    return float(profile[0, wrapped // slots, wrapped % slots])


@compiled
def run(
    hots: Any,
    profile: Floats,
    counts: Floats,
    factors: Floats,
    spreads: Floats,
    first_local: int,
    width: int,
    slot_seconds: int,
    threshold: float,
    changes: Any,
    outs: Floats,
) -> Any:
    """Take bins until they end, a day is full, or ``changes`` is nearly so.

    Returns the number of bins taken, the number of changes, and whether a day is full.
    """
    hot = hots[0]
    slots = profile.shape[2]
    n = 0
    minutes = width / 60.0
    rates = np.empty(3)
    hour = round(clock.HOUR / slot_seconds)
    for i in range(counts.shape[0]):
        if n + 2 > changes.shape[0]:
            return i, n, False
        local = first_local + hot.clock + i * width + width // 2
        day = local // 86400
        slot = (local % 86400) // slot_seconds
        if not _learn_late(hot, profile, minutes):
            return i, n, True
        weekday = (day + 3) % 7
        now = weekday * slots + slot
        rates[1] = profile[0, weekday, slot]
        rates[0] = earlier_or_later(profile, now - hour)
        rates[2] = earlier_or_later(profile, now + hour)
        factor = factors[i] if factors.shape[0] > 0 else 1.0
        spread = spreads[i] if spreads.shape[0] > 0 else 0.0
        n = step(
            hot,
            counts[i],
            rates,
            profile[1, weekday, slot],
            factor,
            spread,
            day * slots + slot,
            threshold,
            minutes,
            changes,
            n,
            outs[i],
        )
        hot.bins += 1
    return counts.shape[0], n, False


@compiled
def end_day(
    hots: Any, sums: Floats, days: Floats, weeks: Floats, profile: Floats, slot_minutes: float
) -> Floats:
    """Fold the gathered day into ``sums``, ``days``, ``weeks`` in place; return the new profile."""
    hot = hots[0]
    slots = profile.shape[2]
    weekday = (hot.day + 3) % 7
    row = hot.day_count[:slots]
    bins = hot.day_bins[:slots]
    level = day_profile.day_level(
        row, bins, profile[0, weekday], profile[1, weekday], baseline.slow_level(hot)
    )
    day_profile.fold(sums[0], sums[1], days, row, bins, level, hot.day)
    dispersion = baseline.dispersion_of(hot)
    new = day_profile.refit(sums[0], sums[1], days, dispersion, slot_minutes)
    oldest = (hot.day + 3) // 7 % recurrence.WEEKS
    weeks[0, oldest, weekday] = hot.raw_count[:slots]
    weeks[1, oldest, weekday] = hot.raw_expected[:slots]
    recurrence.recur(weeks, dispersion, new)
    # the level was learnt against the old profile: say the same of the new one
    before = 1e-9
    after = 1e-9
    slow_before = 1e-9
    slow_after = 1e-9
    for s in range(slots):
        fade = 0.5 ** ((slots - s) * slot_minutes / (60.0 * baseline.LEVEL_HALF_LIFE))
        before += fade * bins[s] * profile[0, weekday, s]
        after += fade * bins[s] * new[0, weekday, s]
        slow_before += bins[s] * profile[0, weekday, s]
        slow_after += bins[s] * new[0, weekday, s]
    hot.level_weight *= after / before
    hot.slow_weight *= slow_after / slow_before
    hot.day = -1
    hot.day_count[:] = 0.0
    hot.day_bins[:] = 0.0
    hot.raw_count[:] = 0.0
    hot.raw_expected[:] = 0.0
    return new
