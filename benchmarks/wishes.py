"""Whether the wish holds: false pages asked for against delivered, on much quiet history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks import ours
from benchmarks.baseline import Expectation
from benchmarks.running import Prepared
from benchmarks.synthetic import DISPERSIONS, LEVELS, Recipe, generate
from benchmarks.tracks import dense
from detector.detection.options import DetectionOptions
from detector.domain.times import to_seconds

SEED = 13
YOUNG_DAYS = 14


@dataclass(frozen=True, slots=True)
class Wish:
    """Delivered false alarms per service-week.

    Attributes
    ----------
    asked : ``max_false_pages_per_week``.
    delivered : over all services.
    young, grown : in the first `YOUNG_DAYS` days and after them.
    by_level, by_dispersion : over the services of each of `LEVELS` and `DISPERSIONS`.
    """

    asked: float
    delivered: float
    young: float
    grown: float
    by_level: tuple[float, ...]
    by_dispersion: tuple[float, ...]


def granted(rates: Sequence[float], *, services: int, days: int) -> list[Wish]:
    """Return what is delivered at each of ``rates`` on a generated track without outages."""
    track = generate(Recipe(SEED, services, days, outages=0))
    nothing = Expectation(np.empty(0), np.empty(0))
    quiet = [Prepared(*one, nothing, None) for one in dense(track.counts)]
    return [_wish(asked, quiet) for asked in rates]


def _wish(asked: float, quiet: Sequence[Prepared]) -> Wish:
    options = DetectionOptions(max_false_pages_per_week=asked)
    days = [_alarm_days(one, options) for one in quiet]
    length = max(len(one.counts) * one.width / 86400 for one in quiet)
    everywhere = range(len(quiet))

    def rate(who: Sequence[int], keep: Callable[[float], bool], weeks: float) -> float:
        return sum(keep(d) for i in who for d in days[i]) / (len(who) * weeks)

    def over(who: Sequence[int]) -> float:
        return rate(who, lambda _: True, length / 7)

    n = len(LEVELS)
    return Wish(
        asked=asked,
        delivered=over(everywhere),
        young=rate(everywhere, lambda d: d < YOUNG_DAYS, YOUNG_DAYS / 7),
        grown=rate(everywhere, lambda d: d >= YOUNG_DAYS, (length - YOUNG_DAYS) / 7),
        by_level=tuple(over([i for i in everywhere if i % n == k]) for k in range(n)),
        by_dispersion=tuple(
            over([i for i in everywhere if i // n % len(DISPERSIONS) == k])
            for k in range(len(DISPERSIONS))
        ),
    )


def _alarm_days(one: Prepared, options: DetectionOptions) -> list[float]:
    """Return when alarms were raised, days since the series began."""
    return [(to_seconds(s.noticed_at) - one.start) / 86400 for s in ours.surges(one, options)]
