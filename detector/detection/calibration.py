"""The threshold that keeps false pages as rare as asked for.

Three parts. On a series that behaves as the baseline says, the highest evidence of a week grows
with the logarithm of how rarely it may be passed: `base_threshold`, measured by simulation. A
series that does not behave, because its own past is full of evidence that was no outage, is
compared with that past; and one that is young has to show more: `threshold_now`.
"""

from __future__ import annotations

from functools import lru_cache
from math import log
from typing import NamedTuple

import numpy as np

from detector.detection.kernels.compiled import compiled
from detector.detection.kernels.series_record import DAYS, SeriesRecord


class Base(NamedTuple):
    """Evidence in nats that raises an alarm on a series that behaves.

    Attributes
    ----------
    counting : where counts are few and their noise hides a rise.
    knowing : where counts are many, and the limit is how well the expected rate is known.
    days : logarithm of the days in which one false page is tolerated.
    """

    counting: float
    knowing: float
    days: float


#: Evidence in nats that is passed so often per week: rate, `Base.counting`, `Base.knowing`.
#: Simulated on 5,700 service-weeks of three levels and three dispersions with all that is no outage
#: (bursts, weekly bumps, steps, moved clocks, dead sources). Between, and below, by the logarithm.
CURVE = (
    (0.003, 8.2, 9.0),
    (0.01, 7.1, 8.0),
    (0.03, 6.35, 7.25),
    (0.1, 5.7, 5.85),
    (0.25, 5.15, 5.0),
    (1.0, 4.4, 3.85),
    (3.0, 3.55, 2.95),
    (10.0, 2.85, 2.2),
)
#: Expected posts (over the dispersion) in half an hour at which both limits weigh the same: the
#: reciprocal of the relative variance that the expected rate of a grown series has.
AS_MANY = 50.0
#: Days needed before the past counts, and the quantile of their maxima that stands for it. The
#: threshold is at least `FACTOR` times that quantile plus what the base exceeds `BELOW` by.
LEAST_DAYS, QUANTILE, FACTOR, BELOW = 4, 0.7, 1.5, 5.5
#: Days, the young ones not counted, from which on the tail of the past is estimated, and nats above
#: the base from which on it is believed in full.
TAIL_DAYS, CLEARLY = 5, 3.0
#: The same while the young days are most of the past: so many of them are left out.
HALF_YOUNG_DAYS, VERY_CLEARLY = 4, 8.0
#: Of the standard Gumbel law: the median, and the distance of the quantiles .2 and .7.
GUMBEL_MEDIAN, GUMBEL_RANGE = 0.3665, 1.507
#: Evidence in nats that a series without a past must show on top, fading over its first days: the
#: profile's shape is a guess then, and guesses are wrong together. The rest fades over five weeks,
#: as weekdays and what recurs become known.
YOUNG_EVIDENCE, YOUNG_DAYS = 4.0, 8
UNSURE_EVIDENCE, UNSURE_DAYS = 1.0, 35


@lru_cache(maxsize=256)
def base_threshold(max_false_pages_per_week: float) -> Base:
    """Return the evidence in nats that raises an alarm on a series that behaves.

    Parameters
    ----------
    max_false_pages_per_week : tolerated false alarms per service and week, > 0.
    """
    asked = log(max_false_pages_per_week)
    rates = [log(rate) for rate, *_ in CURVE]
    counting, knowing = (
        _at(asked, rates, evidence) for evidence in list(zip(*CURVE, strict=True))[1:]
    )
    return Base(counting, knowing, max(log(7.0) - asked, 0.5))


def _at(asked: float, rates: list[float], evidence: tuple[float, ...]) -> float:
    """Return the evidence at ``asked``; below the lowest rate the curve goes on as it is there."""
    if asked < rates[0]:
        slope = (evidence[1] - evidence[0]) / (rates[1] - rates[0])
        return evidence[0] + slope * (asked - rates[0])
    return float(np.interp(asked, rates, evidence))


@compiled
def threshold_now(record: SeriesRecord, base: Base) -> float:
    """Return the threshold of a series given its volume, its age and its past daily maxima."""
    half_hour: float = 30.0 * record.density
    share = half_hour / (half_hour + AS_MANY)
    least = base.counting + share * (base.knowing - base.counting)
    age: int = record.past_days
    least += YOUNG_EVIDENCE * max(YOUNG_DAYS - age, 0) / YOUNG_DAYS
    least += UNSURE_EVIDENCE * max(UNSURE_DAYS - age, 0) / UNSURE_DAYS
    if age < LEAST_DAYS:
        return least
    n = min(age, DAYS)
    ordered = record.maxima[:n].copy()
    ordered.sort()
    past = FACTOR * float(ordered[int(QUANTILE * (n - 1))]) + least - BELOW
    grown = age >= YOUNG_DAYS + TAIL_DAYS
    skipped, clearly = (YOUNG_DAYS, CLEARLY) if grown else (HALF_YOUNG_DAYS, VERY_CLEARLY)
    over = max(_tail(record, base.days, skipped) - least, 0.0)
    return max(least + over * min(over / clearly, 1.0), past)


@compiled
def _tail(record: SeriesRecord, days: float, skipped: int) -> float:
    """Return the evidence that the highest of a day passes once in ``exp(days)`` days.

    By a Gumbel law through the quantiles of the past days that are not the highest: an outage is
    among those. The first ``skipped`` days are left out: a profile that is still a guess makes
    another sample of them. 0 while there are few.
    """
    age: int = record.past_days
    n = min(age, DAYS)
    young = max(min(skipped, skipped + DAYS - age), 0)
    if n - young < TAIL_DAYS:
        return 0.0
    grown = record.maxima[young:n].copy()
    grown.sort()
    last = n - young - 1
    low, middle, high = grown[int(0.2 * last)], grown[int(0.5 * last)], grown[int(0.7 * last)]
    width = (high - low) / GUMBEL_RANGE
    return float(middle + width * (days - GUMBEL_MEDIAN))


@compiled
def end_day(record: SeriesRecord, density: float) -> None:
    """Remember the highest evidence of the day that ends, and how many posts are expected.

    Parameters
    ----------
    density : expected posts a minute, over the dispersion.
    """
    record.maxima[record.past_days % DAYS] = record.highest
    record.past_days += 1
    record.highest = 0.0
    record.density = density
