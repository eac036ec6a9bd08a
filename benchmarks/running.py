"""Running a rival over a track, and choosing the threshold it may use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.baseline import WARM_UP_DAYS, Expectation, expect
from benchmarks.methods import FirstAlarm, Rival
from benchmarks.methods.recovery import end_of
from benchmarks.synthetic import Track
from benchmarks.tracks import dense
from detector.detection.truth_matching import Claim
from detector.model.series import Floats

TOLERATED = 0.25
"""False alarms per service-week that every method may make on the null track."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """One service, ready for every method.

    Attributes
    ----------
    service, start, width : name, first left edge (seconds since 1970), bin width (seconds).
    counts : shape (n_bins,), nan where not observed.
    given : what the baseline expects.
    true : what the generator knows, or None.
    """

    service: str
    start: int
    width: int
    counts: Floats
    given: Expectation
    true: Expectation | None

    @property
    def warm(self) -> int:
        """First bin at which alarms may be raised."""
        return WARM_UP_DAYS * 86400 // self.width


def prepare(track: Track) -> list[Prepared]:
    """Return the services of ``track`` with what is expected of them."""
    return [
        Prepared(name, start, width, x, expect(x, 86400 // width), _truth(track, name, len(x)))
        for name, start, width, x in dense(track.counts)
    ]


def _truth(track: Track, service: str, n: int) -> Expectation | None:
    if service not in track.rates:
        return None
    return Expectation(track.rates[service][:n], np.full(n, track.phi[service]))


def claims(rival: Rival, threshold: float, services: list[Prepared]) -> list[Claim]:
    """Return what ``rival`` says at ``threshold``; an oracle without a truth says nothing."""
    found: list[Claim] = []
    for one in services:
        expected = one.true if rival.is_oracle else one.given
        if expected is not None:
            found += _claims(rival.first_alarm, threshold, one, expected)
    return found


def _claims(
    first_alarm: FirstAlarm, threshold: float, one: Prepared, expected: Expectation
) -> list[Claim]:
    found, begin = [], one.warm
    while begin < len(one.counts):
        alarm, onset = first_alarm(one.counts, *expected, begin, threshold)
        if alarm < 0:
            break
        end, begin = end_of(one.counts, *expected, alarm)
        start, noticed, over = (one.start + one.width * float(i) for i in (onset, alarm + 1, end))
        is_open = end == len(one.counts)
        found.append(Claim(one.service, start, noticed, over, is_open, np.nan, np.nan))
    return found


def alarms_per_week(rival: Rival, threshold: float, null: list[Prepared]) -> float:
    """Return claims per observed service-week of a track without outages."""
    weeks = sum(int(np.sum(~np.isnan(s.counts))) * s.width for s in null) / 604800
    return len(claims(rival, threshold, null)) / weeks


def tuned(rival: Rival, null: list[Prepared], tolerated: float = TOLERATED) -> float:
    """Return the lowest threshold of ``rival`` with at most ``tolerated`` alarms per week.

    Bisection on a logarithmic scale to half a per cent; alarms fall, nearly always, with the
    threshold, and the value returned was tried and holds.
    """
    low, high = np.log(rival.thresholds)
    while high - low > 0.005:
        middle = (low + high) / 2
        if alarms_per_week(rival, float(np.exp(middle)), null) <= tolerated:
            high = middle
        else:
            low = middle
    return float(np.exp(high))
