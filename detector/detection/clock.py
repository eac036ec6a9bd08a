"""Has the clock that people live by moved against ours? Daylight saving where the zone is unknown.

Three explanations compete: the profile an hour early, as it is, an hour late. Their probabilities
follow a hidden Markov chain in which the clock seldom moves. When another hour has become all but
certain the profile is read by that clock from then on.

A zone given in the options makes this idle: the profile then moves by itself.
"""

from __future__ import annotations

from math import exp, log
from typing import Any

from detector.detection.compiled import compiled
from detector.domain.series import Floats

#: Seconds that clocks move by.
HOUR = 3600
#: Probability per hour that the clock moves, and the certainty at which that is believed.
MOVE, CERTAIN = 4e-4, 0.95


@compiled
def rest_clock(hot: Any) -> None:
    """Believe the clock as it is."""
    hot.clock_belief[0] = MOVE
    hot.clock_belief[1] = 1.0 - 2.0 * MOVE
    hot.clock_belief[2] = MOVE


@compiled
def watch_clock(
    hot: Any, count: float, expected: Floats, dispersion: float, variance: float, minutes: float
) -> int:
    """Weigh one bin; return by how many seconds the clock is now believed to have moved.

    Parameters
    ----------
    hot : the record, changed in place.
    count : the bin's (clipped) posts.
    expected : shape (3,), posts expected if the clock were an hour back, right, an hour ahead.
    dispersion, variance : of the counts, and relative of the expectation; the likelihood of an
        hour is tempered by both, as the errors of its bins are one error.
    minutes : width of a bin.
    """
    hourly = expected[1] * 60.0 / minutes
    temper = 1.0 / (dispersion + variance * hourly)
    move = MOVE * minutes / 60.0
    total = 0.0
    for k in range(3):
        likelihood = 1.0
        if k != 1:
            fit = (count * log(expected[k] / expected[1]) - expected[k] + expected[1]) * temper
            likelihood = exp(min(max(fit, -5.0), 5.0))
        hot.clock_belief[k] = ((1.0 - 3.0 * move) * hot.clock_belief[k] + move) * likelihood
        total += hot.clock_belief[k]
    for k in range(3):
        hot.clock_belief[k] /= total
    for k in (0, 2):
        if hot.clock_belief[k] > CERTAIN:
            rest_clock(hot)
            return (k - 1) * HOUR
    return 0
