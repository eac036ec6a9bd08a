"""Has the clock that people live by moved against ours? Daylight saving where the zone is unknown.

Three explanations compete: the profile an hour early, as it is, an hour late. Their probabilities
follow a hidden Markov chain in which the clock seldom moves. When another hour has become all but
certain the profile is read by that clock from then on.

The clock is watched always, surges included: were it watched only where bins are learnt, a later
morning would be learnt, and an earlier one would page and hold everything. But an hour explains no
more than an hour's difference: counts far off what is expected say nothing of the clock, and from
the one that people had at first it is never believed to be more than an hour off.

A zone given in the options makes this idle: the profile then moves by itself.
"""

from __future__ import annotations

from math import exp, sqrt

from detector.detection.baseline.level import HOUR, Expectation, Other, Slot
from detector.detection.kernels.compiled import compiled
from detector.detection.kernels.series_record import SeriesRecord

#: Probability per hour that the clock moves, and the certainty at which that is believed.
MOVE, CERTAIN = 4e-4, 0.95
#: Half-life in minutes of what the counts have lately been, and by what factor they may then be
#: higher and lower: a day that is quieter than others is more usual than one that is busier.
RECENT_HALF_LIFE, HIGHER, LOWER = 40.0, 1.8, 1.35


@compiled
def rest_clock(record: SeriesRecord) -> None:
    """Believe the clock as it is."""
    record.clock_belief[0] = MOVE
    record.clock_belief[1] = 1.0 - 2.0 * MOVE
    record.clock_belief[2] = MOVE


@compiled
def watch_clock(
    record: SeriesRecord, count: float, slot: Slot, e: Expectation, minutes: float
) -> int:
    """Weigh one bin; return by how many seconds the clock is now believed to have moved.

    Parameters
    ----------
    record : changed in place.
    count : the bin's (clipped) posts.
    slot : what would be expected an hour back or ahead.
    e : what is expected if the clock is right. The likelihood of an hour is tempered by dispersion
        and variance, as the errors of its bins are one error.
    minutes : width of a bin.
    """
    keep = 0.5 ** (minutes / RECENT_HALF_LIFE)
    record.recent_count = keep * record.recent_count + count
    record.recent_expected = keep * record.recent_expected + e.expected
    if not is_near(record, e.dispersion):
        return 0
    hourly = e.expected * 60.0 / minutes
    temper = 1.0 / (e.dispersion + e.variance * hourly)
    move = MOVE * minutes / 60.0
    stay = 1.0 - 3.0 * move
    belief = record.clock_belief
    back = (stay * belief[0] + move) * _likelihood(count, e.expected, slot.back, temper)
    right = stay * belief[1] + move
    ahead = (stay * belief[2] + move) * _likelihood(count, e.expected, slot.ahead, temper)
    total = back + right + ahead
    if max(back, ahead) > CERTAIN * total:
        rest_clock(record)
        moved = HOUR if ahead > back else -HOUR
        return moved if abs(record.clock + moved) <= HOUR else 0
    belief[0] = back / total
    belief[1] = right / total
    belief[2] = ahead / total
    return 0


@compiled
def is_near(record: SeriesRecord, dispersion: float) -> bool:
    """Whether the counts of the last hour or so are what another hour could explain."""
    posts, expected = record.recent_count, record.recent_expected
    slack = 2.0 * sqrt(dispersion * (posts + 1.0))
    return bool(posts - slack <= HIGHER * expected and posts + slack >= expected / LOWER)


@compiled
def _likelihood(count: float, expected: float, other: Other, temper: float) -> float:
    """Return the likelihood ratio of an hour back or ahead to the right one."""
    fit = (count * other.log_ratio - expected * other.more) * temper
    return exp(min(max(fit, -5.0), 5.0))
