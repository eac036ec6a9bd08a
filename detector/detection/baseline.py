"""The expected count of the next bin: a slow level times the time-of-week profile, and their error.

The level is a gamma filter that forgets with a half-life of hours, held by a slower one; both
work in real time, so bins of a minute and bins of an hour give the same level.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

from detector.detection.compiled import compiled

#: Half-lives, hours: the level, the slow level that holds it, and the dispersion.
LEVEL_HALF_LIFE = 8.0
SLOW_HALF_LIFE = 96.0
DISPERSION_HALF_LIFE = 168.0
#: Relative spread of the level around the slow one, and of a quarter-hour around everything known.
LEVEL_SPREAD = 0.35
OWN_SPREAD = 0.11
#: Observed minutes before anything is expected.
COLD_MINUTES = 60.0
#: Events that a level of zero counts as, so that a first post is not infinitely surprising.
HALF_AN_EVENT = 0.5
#: Expected events in an unbroken run of zeros that make it a dead source; fewest bins of one.
DEAD_EVENTS = 12.0
DEAD_BINS = 3
#: Minutes over which squared errors are gathered for the dispersion, its prior weight in blocks.
BLOCK_MINUTES = 10.0
PRIOR_BLOCKS = 20.0
#: Standard deviations at which a single bin is clipped.
CLIP = 3.0


@compiled
def dispersion_of(hot: Any) -> float:
    """Return variance over mean, at least 1."""
    error = hot.dispersion_error + PRIOR_BLOCKS * 1.2
    return max(error / (hot.dispersion_weight + PRIOR_BLOCKS), 1.0)


@compiled
def level_of(hot: Any) -> float:
    """Return the level, posts per bin at a profile of one, held by the slow level."""
    slow = (hot.slow_events + HALF_AN_EVENT) / (hot.slow_weight + 1e-12)
    hold = 1.0 / (LEVEL_SPREAD * LEVEL_SPREAD)
    return (hot.level_events + hold) / (hot.level_weight + hold / slow)


@compiled
def level_variance(hot: Any) -> float:
    """Return the relative variance of the level."""
    hold = 1.0 / (LEVEL_SPREAD * LEVEL_SPREAD + 1.0 / (hot.slow_events + HALF_AN_EVENT))
    return 1.0 / (hot.level_events + hold)


@compiled
def forget_level(hot: Any, minutes: float) -> None:
    """Let one bin of time pass: the level stays, its certainty fades."""
    keep = 0.5 ** (minutes / (60.0 * LEVEL_HALF_LIFE))
    keep_slow = 0.5 ** (minutes / (60.0 * SLOW_HALF_LIFE))
    hot.level_events *= keep
    hot.level_weight *= keep
    hot.slow_events *= keep_slow
    hot.slow_weight *= keep_slow


@compiled
def learn_level(hot: Any, count: float, profile: float, dispersion: float) -> None:
    """Let the level see one (clipped) count."""
    hot.level_events += count / dispersion
    hot.level_weight += profile / dispersion
    hot.slow_events += count / dispersion
    hot.slow_weight += profile / dispersion
    hot.learnt += 1


@compiled
def clipped(count: float, expected: float, dispersion: float) -> float:
    """Return ``count``, at most `CLIP` standard deviations (of its square root) above expected."""
    root = sqrt(expected) + 0.5 * CLIP * sqrt(dispersion)
    return min(count, root * root)


@compiled
def learn_dispersion(hot: Any, count: float, expected: float, minutes: float) -> None:
    """Gather blocks of `BLOCK_MINUTES`; a finished block's squared error moves the dispersion."""
    hot.block_count += count
    hot.block_expected += expected
    hot.block_bins += 1
    if hot.block_bins * minutes < BLOCK_MINUTES:
        return
    keep = 0.5 ** (hot.block_bins * minutes / (60.0 * DISPERSION_HALF_LIFE))
    error = hot.block_count - hot.block_expected
    own = (OWN_SPREAD * hot.block_expected) ** 2
    squared = error * error / (hot.block_expected + 1e-9)
    now = dispersion_of(hot)
    limit = 12.0 * (now + own / (hot.block_expected + 1e-9))
    weight = min(1.0, hot.block_expected)
    hot.dispersion_error = keep * hot.dispersion_error + weight * max(
        min(squared, limit) - own / (hot.block_expected + 1e-9), 0.0
    )
    hot.dispersion_weight = keep * hot.dispersion_weight + weight
    hot.block_count = 0.0
    hot.block_expected = 0.0
    hot.block_bins = 0


@compiled
def watch_zeros(hot: Any, count: float, mass: float) -> bool:
    """Follow a run of zeros; return whether the source is to be taken for dead."""
    if count > 0.0:
        hot.zero_run = 0
        hot.zero_expected = 0.0
        return False
    if hot.zero_run == 0:
        hot.zero_events = hot.level_events
        hot.zero_weight = hot.level_weight
    hot.zero_run += 1
    hot.zero_expected += mass
    return hot.zero_run >= DEAD_BINS and hot.zero_expected >= DEAD_EVENTS
