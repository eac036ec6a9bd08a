"""Other people's methods, each with the same baseline, recovery and care in tuning.

Every method is one function ``first_alarm(counts, mean, phi, begin, threshold)`` that returns the
bin that raises the first alarm at or after ``begin`` and the bin it takes for the start, or
``(-1, -1)``. It starts afresh at ``begin``, uses nothing after the alarm, and skips bins that were
not observed or not expected.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.methods import focus, recursive, windows
from detector.model.series import Floats

FirstAlarm = Callable[[Floats, Floats, Floats, int, float], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Rival:
    """A method to compare with.

    Attributes
    ----------
    name : as in the table.
    first_alarm : see the module's docstring.
    thresholds : (lowest, highest) that tuning may choose.
    is_oracle : whether it is told the true rate and dispersion.
    """

    name: str
    first_alarm: FirstAlarm
    thresholds: tuple[float, float]
    is_oracle: bool = False


RIVALS = (
    Rival("15-minute buckets against time-of-day mean", windows.buckets, (1.2, 30)),
    Rival("windowed mean + k SD, 2 in a row", windows.two_in_a_row, (2, 60)),
    Rival("windowed mean + k SD, 3 in a row", windows.three_in_a_row, (2, 60)),
    Rival("EWMA + k sigma", recursive.ewma, (2, 60)),
    Rival("point-by-point Poisson, 15 minutes", windows.point_by_point, (2, 80)),
    Rival("CUSUM for a doubling", recursive.doubling, (2, 400)),
    Rival("Page-Hinkley on standardised counts", recursive.page_hinkley, (3, 400)),
    Rival("Poisson FOCuS, raw", focus.raw, (3, 800)),
    Rival("Poisson FOCuS, null raised 1.5 times, clipped", focus.raised_and_clipped, (3, 400)),
    Rival("oracle: FOCuS told the true rate, clipped", focus.clipped, (3, 400), is_oracle=True),
)
