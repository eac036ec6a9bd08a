"""What looking back finds in a series."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from detector.model.series import Floats
from detector.model.surge import Onset


@dataclass(frozen=True, slots=True)
class Regime:
    """A stretch ``[start, end)`` at about ``ratio`` times the expected count."""

    start: datetime
    end: datetime
    ratio: float


@dataclass(frozen=True, slots=True)
class LevelChange:
    """From ``at`` on, for good, ``ratio`` times as many are counted as before."""

    at: datetime
    ratio: float


@dataclass(frozen=True, slots=True)
class UnusualDays:
    """Days ``[start, end)`` unlike those around.

    Attributes
    ----------
    ratio : times as many as usual were counted.
    shifted : whether it is the shape of the day that is unusual, rather than how many.
    """

    start: datetime
    end: datetime
    ratio: float
    shifted: bool


@dataclass(frozen=True, slots=True)
class HindsightSurge:
    """A surge as it is known afterwards.

    Attributes
    ----------
    onset : start with its 90 % interval.
    ended_at, ended_earliest, ended_latest : end (exclusive) and its 90 % interval; None each where
        it goes on when the series ends.
    evidence : log-likelihood ratio against what is ordinary, nats.
    noise_probability : share of noise among all found that are at least as sure (q-value).
    false_per_year : incidents a year that would be as sure by chance, in this series.
    peak_at, peak_count, expected_at_peak : the bin with the most posts.
    excess : posts above the expected, >= 0.
    regimes : what it is made of, in order, without gaps.
    """

    onset: Onset
    ended_at: datetime | None
    ended_earliest: datetime | None
    ended_latest: datetime | None
    evidence: float
    noise_probability: float
    false_per_year: float
    peak_at: datetime
    peak_count: float
    expected_at_peak: float
    excess: float
    regimes: tuple[Regime, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What looking back finds in one series.

    Attributes
    ----------
    incidents : as sure as was asked for, in order of their starts.
    unsure : what fell short of that, surest first.
    level_changes, unusual_days : in order.
    unobserved : stretches of zeros that are taken for a source that was down.
    expected : shape (n_bins,), what was usual in every bin of the series.
    """

    incidents: tuple[HindsightSurge, ...]
    unsure: tuple[HindsightSurge, ...]
    level_changes: tuple[LevelChange, ...]
    unusual_days: tuple[UnusualDays, ...]
    unobserved: tuple[tuple[datetime, datetime], ...]
    expected: Floats
