"""One bin of one series: what was expected, what it says, whether that is an alarm.

A bin that still fills can raise the alarm too. A *partial bin* is what was counted up to an instant
within a bin, the least that the bin will hold. It is weighed as if it were the whole bin's count,
against what is expected of the whole bin. Counts only grow, and the evidence does not fall when the
newest count grows (`start_search.observe`, the clipping and the price of a burst are monotone in
it), so what a partial bin says is a lower bound of what will be said when the bin is over: an alarm
comes sooner, and none comes that would not have come.

Nothing is learnt from a partial bin, and nothing ends. When the bin is over it is taken in as ever,
and the surge that was opened early is revised from its full count: what follows is the same as
without partial bins. If, against the rule, that count is lower (posts came late and took others'
authors) or the bin was lost (nobody looked any more), the surge is open all the same: people were
notified. It then ends as any other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from detector.detection.baseline import clock_shift, learning, level
from detector.detection.baseline.level import Expectation, Slot
from detector.detection.kernels import explanations, lasting_surge, start_search, surge_course
from detector.detection.kernels.compiled import compiled
from detector.detection.kernels.series_record import NO_SOURCE, RING, Records, SeriesRecord, bins_of
from detector.detection.kernels.start_search import Burst, Horizon, Weighed
from detector.detection.kernels.surge_course import Course
from detector.model.series import Floats

#: Rows of partial bins: the bin, seconds from the instant to the bin's right edge, what was counted
#: up to it.
BIN, BEFORE, COUNT = 0, 1, 2
#: No partial bins.
NO_PARTIAL_BINS: Floats = np.empty((3, 0))
NO_PARTIAL_BINS.flags.writeable = False
#: Rows of what is said of every bin.
EXPECTED, EVIDENCE, THRESHOLD, WEIGHED, DISPERSION, VARIANCE = 0, 1, 2, 3, 4, 5
SAID_ROWS = 6
#: Minutes: oldest start that is searched for; at least so many bins.
LONGEST_SEARCH, FEWEST_STARTS = 180.0, 8
#: Minutes of a burst: what is so short is no outage. It may lie across the edge of two bins, but in
#: bins of `WIDE_MINUTES` that is rare, and in those of an hour it drowns.
BURST_MINUTES, WIDE_MINUTES, HOUR = 3.0, 10.0, 60.0
#: Evidence that holds learning back, as a share of the threshold, and for how many minutes at most.
HOLD_SHARE, HOLD_AT_MOST = 0.5, 240.0
#: What a bin is to its series: nothing to speak of, part of an open surge, the bin that raises an
#: alarm, the one that shows the source to be dead.
QUIET, OPEN, ALARM, DEAD = 0, 1, 2, 3


class Bin(NamedTuple):
    """One bin to take.

    Attributes
    ----------
    posts : counted in it, nan where not observed.
    slot : what the profile says of it.
    factor, spread : of a known event; 1 and 0 outside.
    """

    posts: float
    slot: Slot
    factor: float
    spread: float


class Rule(NamedTuple):
    """What decides over a bin.

    Attributes
    ----------
    minutes : width of a bin.
    threshold : evidence that raises an alarm.
    """

    minutes: float
    threshold: float


@compiled
def take(record: SeriesRecord, bin_: Bin, rule: Rule, said: Floats, at: int) -> int:
    """Take one bin as far as it concerns no surge; return what it is to its series.

    A surge that was noticed before the bin was over is open whatever its count is.

    Parameters
    ----------
    record : changed in place.
    said, at : shape (`SAID_ROWS`, n_bins), and the bin's place in it. Written to but for the
        threshold: expected, evidence; and, where the bin was weighed, what it weighs, the
        dispersion and the relative variance of the expectation.
    """
    count, minutes = bin_.posts, rule.minutes
    level.forget_level(record, minutes)
    learning.learn_ordinary(record, minutes)
    dispersion = level.dispersion_of(record)
    cold = record.learnt * minutes < level.COLD_MINUTES
    expected = np.nan if cold else level.level_of(record) * bin_.slot.rate * bin_.factor
    known = bin_.slot.variance + level.level_variance(record)
    said[EXPECTED, at] = expected
    said[EVIDENCE, at] = record.evidence
    said[WEIGHED, at] = said[DISPERSION, at] = said[VARIANCE, at] = np.nan
    _remember(record, bin_, expected, known)
    if np.isnan(count):
        record.gap += 1
        if cold:
            record.previous = np.nan
        return QUIET
    record.gap = 0
    if cold and _has_not_begun(record, count, minutes):
        return QUIET
    if cold:
        record.clip[record.bins % RING] = count
        level.learn_level(record, count, bin_.slot.rate, dispersion)
        level.learn_dispersion(record, count, minutes)
        return QUIET
    noticed_early = record.early > 0 and record.open == 0
    late = learning.late_bins(minutes)
    if level.watch_zeros(record, count, expected / dispersion, late) and not noticed_early:
        _take_back_zeros(record)
        said[EVIDENCE, at] = 0.0
        return DEAD
    record.count[record.bins % RING] = count
    variance = known + level.own_variance(record) + bin_.spread * bin_.spread
    said[DISPERSION, at] = dispersion
    said[VARIANCE, at] = variance
    expectation = Expectation(expected, dispersion, known, variance)
    if record.open == 1:
        said[WEIGHED, at] = level.tamed(count, expected, dispersion, variance)
        _watch_clock(record, said[WEIGHED, at], bin_.slot, expectation, minutes)
        return OPEN
    _search(record, bin_, expectation, minutes)
    said[EVIDENCE, at] = record.evidence
    said[WEIGHED, at] = record.clip[record.bins % RING]
    if record.evidence >= rule.threshold or noticed_early:
        return ALARM
    if bin_.spread > 0.0:
        record.clip[record.bins % RING] = np.nan
    else:
        _watch_clock(record, said[WEIGHED, at], bin_.slot, expectation, minutes)
        ends = lasting_surge.may_be_the_end(record, dispersion, minutes)
        if not _is_held_back(record, rule) and not ends:
            record.rate[record.bins % RING] *= -1.0
    return QUIET


@compiled
def _has_not_begun(record: SeriesRecord, count: float, minutes: float) -> bool:
    """Whether there was no post yet, for less than a day: that may be a night before an opening."""
    if count > 0.0 or record.slow_events > 0.0:
        return False
    record.zero_run += 1
    return bool(record.zero_run * minutes < level.SILENT_MINUTES)


@compiled
def _remember(record: SeriesRecord, bin_: Bin, expected: float, known: float) -> None:
    j = record.bins % RING
    record.count[j] = np.nan
    record.expected[j] = expected
    record.clip[j] = np.nan
    record.rate[j] = -bin_.slot.rate * bin_.factor
    record.known[j] = known
    record.old_events[j] = record.level_events
    record.old_weight[j] = record.level_weight
    record.week_slot[j] = bin_.slot.number


@compiled
def _take_back_zeros(record: SeriesRecord) -> None:
    """Take a run of zeros for not observed: forget what it taught."""
    record.level_events = record.zero_events
    record.level_weight = record.zero_weight
    for i in range(min(record.zero_run, RING - 1)):
        record.count[(record.bins - i) % RING] = np.nan
        record.clip[(record.bins - i) % RING] = np.nan
        record.known[(record.bins - i) % RING] = NO_SOURCE
    start_search.forget(record)


@compiled
def _search(record: SeriesRecord, bin_: Bin, e: Expectation, minutes: float) -> None:
    """Weigh one bin as evidence."""
    posts = level.tamed(bin_.posts, e.expected, e.dispersion, e.variance)
    spread = level.tamed_dispersion(e.expected, e.dispersion)
    record.clip[record.bins % RING] = posts
    mass = e.expected / spread
    weighed = Weighed(
        posts / spread,
        mass,
        mass * (1.0 + bin_.slot.back.more),
        mass * (1.0 + bin_.slot.ahead.more),
        e.variance,
    )
    record.lift = explanations.lift_of(record.long_level, level.level_of(record))
    bins = burst_bins(minutes)
    start_search.observe(
        record, weighed, Burst(_burst(record, spread, bins), bins), horizon(record.bins, minutes)
    )
    record.highest = max(record.highest, record.evidence)


@compiled
def burst_bins(minutes: float) -> int:
    """Return how many bins a burst may take; 0 where it drowns in a single one."""
    if minutes >= WIDE_MINUTES:
        return 1 if minutes < HOUR else 0
    return max(bins_of(BURST_MINUTES, minutes, RING // 4), 2)


@compiled
def horizon(bins: int, minutes: float) -> Horizon:
    """Return how far back a start is searched from bin ``bins``."""
    return Horizon(
        bins - max(bins_of(LONGEST_SEARCH, minutes, RING - 8), FEWEST_STARTS),
        round(explanations.STAYED_WEEKS * 10080.0 / minutes),
    )


@compiled
def _burst(record: SeriesRecord, dispersion: float, bins: int) -> float:
    """Return the surplus of the newest few bins, in units of the dispersion."""
    total = 0.0
    for i in range(bins):
        j = (record.bins - i) % RING
        if record.bins - i >= 0 and not np.isnan(record.clip[j]):
            total += record.clip[j] - record.expected[j]
    return max(total / dispersion, 0.0)


@compiled
def _is_held_back(record: SeriesRecord, rule: Rule) -> bool:
    """Whether learning is held back because something may be going on."""
    if record.evidence < HOLD_SHARE * rule.threshold:
        record.held = 0
        return False
    if record.held * rule.minutes >= HOLD_AT_MOST:
        return False
    record.held += 1
    return True


@compiled
def _watch_clock(
    record: SeriesRecord, posts: float, slot: Slot, e: Expectation, minutes: float
) -> None:
    """Let the clock see a bin; when it moves, the search begins anew."""
    moved = clock_shift.watch_clock(record, posts, slot, e, minutes)
    if moved != 0:
        record.clock += moved
        start_search.forget(record)


@compiled
def follow_up(
    record: SeriesRecord,
    what: int,
    count: float,
    expected: float,
    dispersion: float,
    course: Course,
) -> None:
    """Raise or follow a surge as `take` said.

    Parameters
    ----------
    what : to its series the bin just taken is not `QUIET` but this.
    expected, dispersion : as `take` wrote them down.
    course : of surges; changes are written to its log.
    """
    if what == OPEN:
        surge_course.continue_surge(record, count, expected, dispersion, course)
        steady = lasting_surge.is_steady(record, count, expected, course.minutes)
        if record.open == 1 and steady:
            lasting_surge.settle(record, dispersion, course)
    elif what == ALARM:
        opened_early = record.early > 0
        surge_course.raise_alarm(record, dispersion, course)
        lasting_surge.begin(record)
        kind = surge_course.REVISED if opened_early else surge_course.OPENED
        surge_course.report(record, kind, -1, course.changes)
    else:
        course.search.first[:] = -1


@compiled
def forget_lost(record: SeriesRecord, course: Course, said: Floats) -> None:
    """Forget the count of the bin just taken: the bin was lost, the alarm in it was not."""
    j = record.bins % RING
    record.count[j] = np.nan
    record.clip[j] = np.nan
    record.gap = 1
    course.search.first[:] = -1
    said[WEIGHED:] = np.nan


@compiled
def are_partial_bins(partial: Floats, n: int, width: int) -> bool:
    """Whether these are partial bins of ``n`` bins of ``width`` seconds and of the one behind."""
    last = -1.0
    for m in range(partial.shape[1]):
        bin_, before, count = partial[BIN, m], partial[BEFORE, m], partial[COUNT, m]
        at = bin_ * width + width - before
        inside = 0.0 <= bin_ <= n and 0.0 < before < width
        if not (inside and at > last and 0.0 <= count < np.inf):
            return False
        last = at
    return True


@compiled
def raise_early(
    records: Records,
    copies: Records,
    partial: Floats,
    m: int,
    bin_: Bin,
    rule: Rule,
    course: Course,
) -> None:
    """Raise the alarm of the bin to come at the first of its partial bins that says enough.

    Parameters
    ----------
    records : shape (1,), the record before the bin; only what concerns an alarm is changed.
    copies : shape (1,), room for a copy.
    partial : shape (3, n): rows `BIN`, `BEFORE`, `COUNT`, in order of time.
    m : the first of the bin.
    bin_ : but for its count.
    course : what its search remembers is forgotten where an alarm was raised; the change that is
        written, if any, says the instant.
    """
    record: SeriesRecord = records[0]
    copy: SeriesRecord = copies[0]
    said = np.empty((SAID_ROWS, 1))
    i = partial[BIN, m]
    while m < partial.shape[1] and partial[BIN, m] == i:
        _copy_to(records, copies)
        count = partial[COUNT, m]
        so_far = Bin(count, bin_.slot, bin_.factor, bin_.spread)
        what = take(copy, so_far, rule, said, 0)
        if what == ALARM:
            follow_up(copy, what, count, said[EXPECTED, 0], said[DISPERSION, 0], course)
            record.early = round(partial[BEFORE, m])
            record.early_count = count
            record.alarm_evidence = copy.alarm_evidence
            surge_course.note_early(course.changes, record.early)
            course.search.first[:] = -1
            return
        m += 1


@compiled
def _copy_to(records: Records, copies: Records) -> None:
    """Make the record of ``copies`` that of ``records``; by words: records are copied slowly."""
    words = records.view(np.int64)
    copied = copies.view(np.int64)
    for i in range(words.shape[0]):
        copied[i] = words[i]
