"""The expected count of the next bin: a slow level times the time-of-week profile, and their error.

The level is a gamma filter that forgets with a half-life of hours, held by a slower one; both work
in real time, so bins of a minute and bins of an hour give the same level. What the profile says of
the moment, a slot of the week, is read once and kept while it lasts.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import NamedTuple

import numpy as np

from detector.detection.kernels.compiled import compiled
from detector.detection.kernels.series_record import SeriesRecord
from detector.model.series import Floats

#: Seconds that clocks move by.
HOUR = 3600
DAY = 86400
#: Half-lives, hours: the level, the slow level that holds it, and the dispersion.
LEVEL_HALF_LIFE = 8.0
SLOW_HALF_LIFE = 96.0
DISPERSION_HALF_LIFE = 168.0
#: Relative spread of the level around the slow one, and of a quarter-hour around everything known.
LEVEL_SPREAD = 0.35
OWN_SPREAD = 0.11
#: Observed minutes before anything is expected.
COLD_MINUTES = 60.0
#: Minutes without a single post after which a series is believed to have none.
SILENT_MINUTES = 1440.0
#: Events that a level of zero counts as, so that a first post is not infinitely surprising.
HALF_AN_EVENT = 0.5
#: Expected events in an unbroken run of zeros that make it a dead source; fewest bins of one.
DEAD_EVENTS = 12.0
DEAD_BINS = 3
#: Dispersion before anything is known, and how many posts that counts as.
PRIOR_DISPERSION, PRIOR_POSTS = 1.3, 50.0
#: Minutes over which errors are gathered, hours that the prior spread counts as, and its bounds.
BLOCK_MINUTES = 60.0
PRIOR_HOURS = 24.0
LEAST_SPREAD, MOST_SPREAD = 0.1, 1.0
#: Standard deviations at which a single bin is clipped.
CLIP = 3.0
#: A single bin weighs up to this multiple of the expected count, or to so many of its doubts.
ORDINARY, DOUBTS = 4.0, 6.0
#: Negative binomial size from which posts do not come as single clumps.
DENSE = 8.0
#: Posts that are summed one by one.
SUMMED = 1000
#: `CLIP` for the dispersion: a wide tail is what it must see.
WIDE_CLIP = 6.0


class Other(NamedTuple):
    """How a slot an hour away compares.

    Attributes
    ----------
    more : its rate over that of the slot itself, less one.
    log_ratio : logarithm of its rate over that of the slot itself.
    """

    more: float
    log_ratio: float


class Slot(NamedTuple):
    """A slot of the week as the profile has it.

    Attributes
    ----------
    begins, ends : local seconds since 1970 between which it lasts.
    number : day since 1970 times slots per day, plus the slot of the day.
    rate, variance : the profile and its relative variance.
    back, ahead : how it would be if the clock were an hour back, an hour ahead.
    """

    begins: int
    ends: int
    number: int
    rate: float
    variance: float
    back: Other
    ahead: Other


class Expectation(NamedTuple):
    """What is expected of one bin.

    Attributes
    ----------
    expected : posts.
    dispersion : variance over mean of the counts.
    known : relative variance of profile and level.
    variance : the same and that of an hour around everything known, and of a known event.
    """

    expected: float
    dispersion: float
    known: float
    variance: float


@compiled
def slot_at(profile: Floats, local: int, slot_seconds: int) -> Slot:
    """Return the slot of ``profile`` that the local second ``local`` since 1970 lies in."""
    slots = profile.shape[2]
    day = local // DAY
    s = local % DAY // slot_seconds
    weekday = (day + 3) % 7
    rate = profile[0, weekday, s]
    begins = day * DAY + s * slot_seconds
    now, hour = weekday * slots + s, round(HOUR / slot_seconds)
    return Slot(
        begins,
        min(begins + slot_seconds, (day + 1) * DAY),
        day * slots + s,
        rate,
        profile[1, weekday, s],
        _other(profile, now - hour, rate),
        _other(profile, now + hour, rate),
    )


@compiled
def _other(profile: Floats, week_slot: int, rate: float) -> Other:
    """Compare a slot of the week, which may lie in the week before or after, with ``rate``."""
    slots = profile.shape[2]
    wrapped = week_slot % (7 * slots)
    ratio = profile[0, wrapped // slots, wrapped % slots] / rate
    return Other(ratio - 1.0, log(ratio))


@compiled
def dispersion_of(record: SeriesRecord) -> float:
    """Return variance over mean, at least 1."""
    error: float = record.dispersion_error + PRIOR_POSTS * PRIOR_DISPERSION
    return float(max(error / (record.dispersion_weight + PRIOR_POSTS), 1.0))


@compiled
def own_variance(record: SeriesRecord) -> float:
    """Return the relative variance of an hour around everything known, learnt from past hours."""
    error: float = record.own_error + PRIOR_HOURS * OWN_SPREAD * OWN_SPREAD
    estimate = error / (record.own_weight + PRIOR_HOURS)
    return float(min(max(estimate, LEAST_SPREAD * LEAST_SPREAD), MOST_SPREAD * MOST_SPREAD))


@compiled
def slow_level(record: SeriesRecord) -> float:
    """Return the level over days, posts per bin at a profile of one, > 0."""
    level: float = (record.slow_events + HALF_AN_EVENT) / (record.slow_weight + 1e-12)
    return level


@compiled
def level_of(record: SeriesRecord) -> float:
    """Return the level, posts per bin at a profile of one, held by the slow level."""
    hold = 1.0 / (LEVEL_SPREAD * LEVEL_SPREAD)
    level: float = (record.level_events + hold) / (record.level_weight + hold / slow_level(record))
    return max(level, 1e-9)


@compiled
def level_variance(record: SeriesRecord) -> float:
    """Return the relative variance of the level."""
    hold = 1.0 / (LEVEL_SPREAD * LEVEL_SPREAD + 1.0 / (record.slow_events + HALF_AN_EVENT))
    return float(1.0 / (record.level_events + hold))


@compiled
def forget_level(record: SeriesRecord, minutes: float) -> None:
    """Let one bin of time pass: the level stays, its certainty fades."""
    keep = 0.5 ** (minutes / (60.0 * LEVEL_HALF_LIFE))
    keep_slow = 0.5 ** (minutes / (60.0 * SLOW_HALF_LIFE))
    record.level_events *= keep
    record.level_weight *= keep
    record.slow_events *= keep_slow
    record.slow_weight *= keep_slow


@compiled
def learn_level(record: SeriesRecord, count: float, profile: float, dispersion: float) -> None:
    """Let the level see one (clipped) count."""
    record.level_events += count / dispersion
    record.level_weight += profile / dispersion
    record.slow_events += count / dispersion
    record.slow_weight += profile / dispersion
    record.learnt += 1


@compiled
def clipped(
    count: float, expected: float, dispersion: float, limit: float, variance: float
) -> float:
    """Return ``count``, at most what one bin may weigh.

    That is ``limit`` standard deviations (of the square root, by counting) above the highest that
    a surge of ordinary size would make: `ORDINARY` times the expected count, or more where the
    expected count itself (relative ``variance``) is doubtful.
    """
    if count <= ORDINARY * expected:
        return count
    ordinary = max(ORDINARY, exp(DOUBTS * sqrt(variance)))
    root = sqrt(ordinary * expected) + 0.5 * limit * sqrt(dispersion)
    return min(count, root * root)


@compiled
def share_of_clumps(expected: float, dispersion: float) -> float:
    """Return how far posts come as single clumps: 1 where they are rare, 0 where they are many."""
    if dispersion <= 1.0 + 1e-6:
        return 0.0
    size = expected / (dispersion - 1.0)
    return 1.0 / ((1.0 + size) * (1.0 + size)) if size < DENSE else 0.0


@compiled
def _harmonic(size: float, posts: float) -> float:
    """Return the sum of 1 / (size + i) over so many posts; the last may be a part of one.

    Behind the first `SUMMED` the sum is all but the integral between the middles of its terms.
    """
    whole = int(min(posts, SUMMED))
    total = 0.0
    for i in range(whole):
        total += 1.0 / (size + i)
    if posts <= SUMMED:
        return total + (posts - whole) / (size + whole)
    return total + log((size + posts - 0.5) / (size + SUMMED - 0.5))


@compiled
def tamed(count: float, expected: float, dispersion: float, variance: float) -> float:
    """Return what ``count`` weighs: clipped, and a clump of posts hardly more than one post.

    Over-dispersed rare posts are negative binomial with a size r = expected / (dispersion - 1)
    well below one. Their likelihood knows the rate through r (psi(count + r) - psi(r)) alone,
    which is about one for any count above zero: a clump is one event. Where posts are many the
    count itself is what matters. Both have the mean ``expected`` and are mixed by r.
    """
    clip = clipped(count, expected, dispersion, CLIP, variance)
    share = share_of_clumps(expected, dispersion)
    if share <= 0.0:
        return clip
    size = expected / (dispersion - 1.0)
    events = _harmonic(size, clip)
    events *= size * (dispersion - 1.0) / log(dispersion)
    return share * events + (1.0 - share) * clip


@compiled
def tamed_dispersion(expected: float, dispersion: float) -> float:
    """Return variance over mean of what `tamed` returns."""
    share = share_of_clumps(expected, dispersion)
    if share <= 0.0:
        return dispersion
    return share * (dispersion - 1.0) / log(dispersion) + (1.0 - share) * dispersion


@compiled
def learn_dispersion(record: SeriesRecord, count: float, minutes: float) -> None:
    """Let the dispersion see one (clipped) count.

    Differences of neighbours are free of whatever the baseline gets wrong: their mean square is
    twice the variance.
    """
    if not np.isnan(record.previous):
        keep = 0.5 ** (minutes / (60.0 * DISPERSION_HALF_LIFE))
        change = count - record.previous
        record.dispersion_error = keep * record.dispersion_error + 0.5 * change * change
        record.dispersion_weight = keep * record.dispersion_weight + 0.5 * (count + record.previous)
    record.previous = count


@compiled
def learn_own(record: SeriesRecord, count: float, e: Expectation, minutes: float) -> None:
    """Gather hours; what their squared errors exceed counting and known variance by is own."""
    record.block_count += count
    record.block_expected += e.expected
    record.block_bins += 1
    if record.block_bins * minutes < BLOCK_MINUTES:
        return
    mean = record.block_expected + 1e-9
    counting = e.dispersion / mean + e.known
    error = record.block_count / mean - 1.0
    squared = min(error * error, 9.0 * (counting + own_variance(record)))
    prior = max(OWN_SPREAD * OWN_SPREAD, own_variance(record))
    weight = (prior / (prior + counting)) ** 2
    keep = 0.5 ** (record.block_bins * minutes / (60.0 * DISPERSION_HALF_LIFE))
    record.own_error = keep * record.own_error + weight * (squared - counting)
    record.own_weight = keep * record.own_weight + weight
    record.block_count = 0.0
    record.block_expected = 0.0
    record.block_bins = 0


@compiled
def watch_zeros(record: SeriesRecord, count: float, mass: float, late: int) -> bool:
    """Follow a run of zeros; return whether the source is to be taken for dead.

    Parameters
    ----------
    mass : expected posts over the dispersion.
    late : bins after which the level learns a bin.
    """
    if count > 0.0:
        record.zero_run = 0
        record.zero_expected = 0.0
        return False
    record.zero_run += 1
    if record.zero_run <= late:
        record.zero_events = record.level_events
        record.zero_weight = record.level_weight
    record.zero_expected += mass
    return bool(record.zero_run >= DEAD_BINS and record.zero_expected >= DEAD_EVENTS)
