"""What a rise may be besides an outage, and how much of it each explanation leaves unexplained.

For a candidate start let x be the posts since then and l the expected ones, both divided by the
dispersion. The expected rate is itself uncertain, by a relative error c; with k = 1/c^2 the rate's
most likely factor under "nothing happened" is theta = (x + k) / (l + k), and the evidence

    x ln(x / l) - x - x ln(theta) + l theta + k (theta - 1 - ln(theta))

is the log-likelihood ratio of "some higher rate since the start" to "the usual rate, known to
within c". It is Poisson's for short surges and saturates for long faint ones.

Other explanations are dearer than "the usual rate", since they are rarer, and cheaper than a false
page: a burst of a few bins, a level that has moved a little for good or has come back to what it
was for weeks, a clock that has moved, a habit that has not moved with the clock. An outage has to
beat each of them: the evidence of a start is the least that any leaves, its cost included.

References
----------
Ward, Dilillo, Eckley, Fearnhead (2023), Poisson-FOCuS, JASA: the ratio where the rate is known.
"""

from __future__ import annotations

from math import log

from detector.detection.baseline.level import HOUR
from detector.detection.kernels.compiled import compiled
from detector.detection.kernels.series_record import SeriesRecord

#: Evidence for "a burst, and nothing else". A burst explains its bins whatever they hold, and which
#: they are is chosen after the fact, so it costs less than its rarity alone (about ln 20) says.
BURST_COST = 1.5
#: The same for "the level has moved", and by how much it then does (relative spread): a step of
#: forty per cent that stays comes once in twenty weeks or so.
MOVED_COST, MOVED_SPREAD = 4.5, 0.18
#: "The clock has moved" costs what the chain of `clock_shift` holds against it, less this: that
#: much less may a false page cost.
CLOCK_ALLOWANCE = 3.0
#: The cost of "this has not moved with the clock", and for how many weeks after a move.
STAYED_COST, STAYED_WEEKS = 1.0, 3.0
#: "The level is back at what it was for weeks": its cost, and what that must be of the level at
#: least and may be at most. Without an upper limit it would hide an outage after a lasting fall.
BACK_COST, LEAST_LIFT, MOST_LIFT = 3.0, 1.2, 1.7
#: A bound is taken this much wider, against rounding.
SLACK = 1.0 + 1e-9


@compiled
def evidence_of(x: float, mass: float, variance: float) -> float:
    """Return the evidence in nats for ``x`` posts where ``mass`` were expected; 0 if not higher.

    Parameters
    ----------
    x, mass : posts and expected posts, divided by the dispersion; ``mass`` > 0.
    variance : relative variance of the expected rate, > 0.
    """
    if x <= mass:
        return 0.0
    k = 1.0 / variance
    theta = (x + k) / (mass + k)
    lifted = log(theta)
    return x * (log(x / mass) - lifted) - x + mass * theta + k * (theta - 1.0 - lifted)


@compiled
def bound_of(x: float, mass: float, variance: float) -> float:
    """Return what `evidence_of` cannot pass, for ``x`` > ``mass``.

    Its first derivative at ``mass`` is zero and its second is k / (x (x + k)), which falls with x.
    """
    over = x - mass
    return SLACK * (0.5 * over * over / (mass * (1.0 + mass * variance)) + 1e-12 * x) + 1e-9


@compiled
def lift_of(long_level: float, level: float) -> float:
    """Return how much higher the level would be were it back at ``long_level``; 1 if not much."""
    lift = long_level / level
    return min(lift, MOST_LIFT) if lift > LEAST_LIFT else 1.0


@compiled
def least_evidence(record: SeriesRecord, i: int, best: float, burst_bins: int, fresh: int) -> float:
    """Return what the best explanation of candidate ``i`` leaves; something less if under ``best``.

    Parameters
    ----------
    record : of it, the candidate has posts that a burst of ``burst_bins`` does not explain.
    best : evidence that another candidate has.
    burst_bins : bins that a burst may take.
    fresh : bins after a move of the clock in which a habit may not have followed.
    """
    x, mass = record.surplus[i], record.mass[i]
    doubt = record.mass_variance[i] / mass
    bins = record.bins - record.start[i] + 1
    usual = mass * (max(bins - burst_bins, 0) / bins)
    rest = x - record.burst[i] - (mass - usual)
    if min(bound_of(x, mass, doubt), bound_of(rest, usual, doubt) + BURST_COST) <= best:
        return 0.0
    least = evidence_of(x, mass, doubt)
    if least > best and least > BURST_COST:
        least = min(least, evidence_of(rest, usual, doubt) + BURST_COST)
    if least > best and least > MOVED_COST:
        wide = doubt + MOVED_SPREAD * MOVED_SPREAD
        least = min(least, evidence_of(x, mass, wide) + MOVED_COST)
    if record.lift > 1.0 and least > best and least > BACK_COST:
        least = min(least, evidence_of(x, mass * record.lift, doubt) + BACK_COST)
    for k, moved in ((0, record.mass_back[i]), (2, record.mass_ahead[i])):
        if least > best and moved > mass:
            cost = _clock_cost(record, k, fresh)
            if cost < least:
                least = min(least, evidence_of(x, moved, doubt) + cost)
    return least


@compiled
def _clock_cost(record: SeriesRecord, k: int, fresh: int) -> float:
    """Return the cost of an hour's shift: back (``k`` 0) or ahead (2), or of a return to it."""
    cost = log(record.clock_belief[1] / (record.clock_belief[k] + 1e-300)) - CLOCK_ALLOWANCE
    moved = record.ahead_since > 0 and record.bins - record.ahead_since < fresh
    if moved and record.ahead - record.ahead_before == (1 - k) * HOUR:
        cost = min(cost, STAYED_COST)
    return max(cost, 0.0)
