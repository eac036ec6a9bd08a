"""A surge that lasts: it stays open, and what it holds the volume at is searched for the next one.

When hours in a row were alike, or after a day at the latest, the volume is expected to stay where
it is: the level of the last hours is adopted. The surge is *lasting* from then on. It is no less
open, and ends when an hour looks more like the level before than like a fifth of its height, which
may be weeks later. Meanwhile the series is judged by the adopted level, so that a second failure
inside is found as any other.

The level before, the *home* level, is returned to when the surge ends. Of what is higher than that
for four weeks nobody knows any more what was usual before: the surge ends then, and what it has
come to is the usual.
"""

from __future__ import annotations

from math import log, sqrt

import numpy as np

from detector.detection.baseline import clock_shift, learning, level
from detector.detection.kernels import start_search, surge_course
from detector.detection.kernels.compiled import compiled
from detector.detection.kernels.series_record import (
    RING,
    ChangeLog,
    ChangeRecord,
    SeriesRecord,
    bins_of,
)
from detector.detection.kernels.surge_course import Course, Usual

#: Hours in a row that must be alike (logarithm of their ratio to the mean of those before) for the
#: volume to be expected to stay; minutes after which it is in any case, and that make the level.
STEADY_HOURS, ALIKE = 6, 0.25
AT_THE_LATEST, NEW_LEVEL = 1440.0, 180.0
#: Minutes after which a lasting surge is all that is known: four weeks.
ALL_THAT_IS_KNOWN = 40320.0
#: Minutes for which the level does not follow a fall that may be the end.
HOLD_AT_MOST = 240.0
#: What is known of a lasting surge, in `SeriesRecord.kept`.
NOTICED, EARLY, ONSET, EARLIEST, LATEST, EVIDENCE, HEIGHT = 0, 1, 2, 3, 4, 5, 6
PEAK, PEAK_COUNT, PEAK_EXPECTED, EXCESS, REPORTED, TIMES = 7, 8, 9, 10, 11, 12


@compiled
def is_steady(record: SeriesRecord, count: float, expected: float, minutes: float) -> bool:
    """Let the hours of an open surge see a bin; return whether it is to be expected to last."""
    if (record.bins - record.noticed) * minutes >= AT_THE_LATEST:
        return True
    record.hour_count += count
    record.hour_expected += expected
    record.hour_bins += 1
    if record.hour_bins * minutes < 60.0:
        return False
    ratio = (record.hour_count + 0.5) / (record.hour_expected + 0.5)
    before = (record.steady_count + 0.5) / (record.steady_expected + 0.5)
    noise = 2.0 / sqrt(record.hour_count + 1.0)
    if record.steady_hours > 0 and abs(log(ratio / before)) <= ALIKE + noise:
        record.steady_hours += 1
        record.steady_count += record.hour_count
        record.steady_expected += record.hour_expected
    else:
        record.steady_hours = 1
        record.steady_count = record.hour_count
        record.steady_expected = record.hour_expected
    _begin_hour(record)
    return bool(record.steady_hours >= STEADY_HOURS)


@compiled
def begin(record: SeriesRecord) -> None:
    """Begin to watch the hours of a surge that was just opened."""
    record.steady_hours = 0
    _begin_hour(record)


@compiled
def _begin_hour(record: SeriesRecord) -> None:
    record.hour_count = 0.0
    record.hour_expected = 0.0
    record.hour_bins = 0


@compiled
def settle(record: SeriesRecord, dispersion: float, course: Course) -> None:
    """Make the open surge a lasting one: adopt the level of its last hours, and say so.

    One inside a lasting one ends instead: what it has come to is what the lasting one is now.
    """
    before = level.level_of(record)
    events, weight = 0.0, 0.0
    for i in range(bins_of(NEW_LEVEL, course.minutes, RING - 1)):
        j = (record.bins - i) % RING
        if record.bins - i > record.noticed and not np.isnan(record.count[j]):
            events += record.count[j] / dispersion
            weight += record.expected[j] / before / dispersion
    if weight <= 0.0:
        return
    inside = record.lasting == 1
    if not inside:
        record.home, record.home_events = before, record.slow_events
        record.home_dispersion = dispersion
    _take_level(record, events, weight, events, weight)
    _take_dispersion(record, max(_recent_dispersion(record, course.minutes), dispersion))
    record.day_count[:] *= level.level_of(record) / before
    if inside:
        record.kept[TIMES] = max(level.level_of(record) / record.home - 1.0, 0.0)
        surge_course.close(record, record.bins + 1, course.changes)
        return
    record.lasting, record.settled, record.low = 1, record.bins, 0
    record.open = 0
    _put_aside(record)
    record.kept[TIMES] = max(level.level_of(record) / before - 1.0, 0.0)
    _report(record, course.changes)
    record.early = 0
    record.search_from = record.bins + 1


@compiled
def _take_level(
    record: SeriesRecord, events: float, weight: float, slow_events: float, slow_weight: float
) -> None:
    """Set the level; nothing from before can be taken back, no clock or search goes on from it."""
    record.level_events, record.level_weight = events, weight
    record.slow_events, record.slow_weight = slow_events, slow_weight
    record.old_events[:] = events
    record.old_weight[:] = weight
    record.zero_events, record.zero_weight = events, weight
    record.recent_count, record.recent_expected = 0.0, 0.0
    clock_shift.rest_clock(record)
    start_search.forget(record)


@compiled
def _recent_dispersion(record: SeriesRecord, minutes: float) -> float:
    """Return variance over mean of the last hours, from the differences of neighbours."""
    error, posts = 0.0, 0.0
    for i in range(bins_of(NEW_LEVEL, minutes, RING - 2)):
        b = record.bins - i
        change = record.count[b % RING] - record.count[(b - 1) % RING]
        if b - 1 > record.noticed and not np.isnan(change):
            error += change * change
            posts += record.count[b % RING] + record.count[(b - 1) % RING]
    return error / posts if posts > 0.0 else 1.0


@compiled
def _take_dispersion(record: SeriesRecord, dispersion: float) -> None:
    """Set the dispersion: a source that counts everything thrice has three times as much."""
    held = level.PRIOR_POSTS * (dispersion - level.PRIOR_DISPERSION)
    record.dispersion_error = dispersion * record.dispersion_weight + held


@compiled
def _put_aside(record: SeriesRecord) -> None:
    """Keep what is known of the open surge."""
    kept = record.kept
    kept[NOTICED], kept[EARLY], kept[ONSET] = record.noticed, record.early, record.onset
    kept[EARLIEST], kept[LATEST] = record.earliest, record.latest
    kept[EVIDENCE], kept[HEIGHT] = record.alarm_evidence, record.height
    kept[PEAK], kept[PEAK_COUNT] = record.peak, record.peak_count
    kept[PEAK_EXPECTED], kept[EXCESS] = record.peak_expected, record.excess
    kept[REPORTED] = record.reported_excess


@compiled
def _bring_back(record: SeriesRecord) -> None:
    """Make what is known of the lasting surge what is known of the open one."""
    kept = record.kept
    record.noticed, record.early, record.onset = (
        int(kept[NOTICED]),
        int(kept[EARLY]),
        int(kept[ONSET]),
    )
    record.earliest, record.latest = int(kept[EARLIEST]), int(kept[LATEST])
    record.alarm_evidence, record.height = kept[EVIDENCE], kept[HEIGHT]
    record.peak, record.peak_count = int(kept[PEAK]), kept[PEAK_COUNT]
    record.peak_expected, record.excess = kept[PEAK_EXPECTED], kept[EXCESS]
    record.reported_excess = kept[REPORTED]


@compiled
def _report(record: SeriesRecord, changes: ChangeLog) -> None:
    """Say how the lasting surge stands; what is open inside stays as it is."""
    lasting = record.kept.copy()
    onset, peak = record.reported_onset, record.reported_peak
    _put_aside(record)
    inside = record.kept.copy()
    record.kept[:] = lasting
    _bring_back(record)
    surge_course.report(record, surge_course.REVISED, -1, changes)
    _note_settled(changes, record.settled)
    record.kept[:] = inside
    _bring_back(record)
    record.kept[:] = lasting
    record.kept[REPORTED] = lasting[EXCESS]
    record.reported_onset, record.reported_peak = onset, peak


@compiled
def _note_settled(changes: ChangeLog, settled: int) -> None:
    """Say of the last change that it is one of the lasting surge itself."""
    change: ChangeRecord = changes.rows[changes.length[0] - 1]
    change.settled = settled


@compiled
def _home(record: SeriesRecord) -> Usual:
    """Return what would be usual by the level before."""
    return Usual(record.rate, record.home)


@compiled
def _usual(record: SeriesRecord, b: int) -> float:
    """Return what would be usual in bin ``b`` by the level before."""
    return float(record.home * abs(record.rate[b % RING]))


@compiled
def follow(record: SeriesRecord, minutes: float, changes: ChangeLog) -> None:
    """Let the lasting surge see an observed bin: it goes on, or ends, and what is in it with it."""
    kept, j = record.kept, record.bins % RING
    expected = _usual(record, record.bins)
    kept[EXCESS] = max(kept[EXCESS] + record.count[j] - expected, 0.0)
    if record.count[j] > kept[PEAK_COUNT]:
        kept[PEAK], kept[PEAK_COUNT] = record.bins, record.count[j]
        kept[PEAK_EXPECTED] = expected
    onset = int(kept[ONSET])
    rise = surge_course.Rise(0.0, kept[TIMES])
    if surge_course.is_usual_again(record, _home(record), rise, onset, minutes):
        _end(record, minutes, changes)
    elif (record.bins - kept[NOTICED]) * minutes >= ALL_THAT_IS_KNOWN and record.open == 0:
        close(record, record.bins + 1, changes)
    elif kept[EXCESS] >= surge_course.GROWTH * kept[REPORTED] + 1.0:
        _report(record, changes)


@compiled
def _end(record: SeriesRecord, minutes: float, changes: ChangeLog) -> None:
    """End the lasting surge, and with it what is open inside; return to the home level."""
    if record.open == 1:
        rise = surge_course.rise_of(record)
        ended = surge_course.end_of(record, _home(record), rise, record.onset)
        surge_course.close(record, ended, changes)
    onset = int(record.kept[ONSET])
    rise = surge_course.Rise(0.0, record.kept[TIMES])
    ended = surge_course.end_of(record, _home(record), rise, onset)
    _go_home(record, ended, minutes)
    close(record, ended, changes)


@compiled
def close(record: SeriesRecord, ended: int, changes: ChangeLog) -> None:
    """End the lasting surge at bin ``ended`` (exclusive)."""
    _bring_back(record)
    record.lasting = 0
    record.home = 0.0
    surge_course.close(record, ended, changes)
    _note_settled(changes, record.settled)


@compiled
def _go_home(record: SeriesRecord, ended: int, minutes: float) -> None:
    """Return to the level before, and learn what has been seen of it again."""
    age = (record.bins - record.settled) * minutes / 60.0
    events = record.home_events * 0.5 ** (age / level.SLOW_HALF_LIFE)
    weight = (events + level.HALF_AN_EVENT) / record.home
    dispersion = record.home_dispersion
    _take_dispersion(record, dispersion)
    record.day_count[:] *= record.home / level.level_of(record)
    _take_level(record, 0.0, 0.0, events, weight)
    late = record.bins - learning.late_bins(minutes)
    for b in range(max(record.bins - RING + 1, 0), record.bins + 1):
        j = b % RING
        record.expected[j] = _usual(record, b)
        if b < ended:
            record.clip[j] = np.nan
        elif not np.isnan(record.count[j]) and (b <= late or record.rate[j] < 0.0):
            level.learn_level(record, record.count[j], abs(record.rate[j]), dispersion)


@compiled
def may_be_the_end(record: SeriesRecord, dispersion: float, minutes: float) -> bool:
    """Whether a bin is not to be learnt, as the counts have fallen and the surge may be over."""
    low = record.recent_count < record.recent_expected
    if record.lasting == 0 or not low or clock_shift.is_near(record, dispersion):
        record.low = 0
        return False
    record.low += 1
    return bool(record.low * minutes < HOLD_AT_MOST)
