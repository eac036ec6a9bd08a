"""What looking back finds in a series."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from detector.model.series import Floats
from detector.model.surge import Onset
from detector.model.times import iso


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


def hindsight_fields(surge: HindsightSurge) -> dict[str, Any]:
    """Return what looking back adds to an incident, names as in ``docs/interface.md``."""
    return {
        "ended_at_earliest": _iso(surge.ended_earliest),
        "ended_at_latest": _iso(surge.ended_latest),
        "noise_probability": _rounded(surge.noise_probability),
        "false_per_year": _rounded(surge.false_per_year),
        "regimes": [
            {"start": iso(r.start), "end": iso(r.end), "ratio": round(r.ratio, 3)}
            for r in surge.regimes
        ],
    }


def hindsight_surge_to_dict(surge: HindsightSurge) -> dict[str, Any]:
    """Return a surge by itself, as it stands in ``not_sure``."""
    return {
        "started_at": iso(surge.onset.at),
        "started_at_earliest": iso(surge.onset.earliest),
        "started_at_latest": iso(surge.onset.latest),
        "ended_at": _iso(surge.ended_at),
        "peak_at": iso(surge.peak_at),
        "peak_count": surge.peak_count,
        "expected_at_peak": round(surge.expected_at_peak, 4),
        "excess": round(surge.excess, 2),
        "evidence": round(surge.evidence, 3),
        **hindsight_fields(surge),
    }


def level_change_to_dict(change: LevelChange) -> dict[str, Any]:
    """Return a change of level as ``docs/interface.md`` names it."""
    return {"at": iso(change.at), "ratio": round(change.ratio, 3)}


def unusual_days_to_dict(days: UnusualDays) -> dict[str, Any]:
    """Return unusual days as ``docs/interface.md`` names them."""
    return {
        "start": iso(days.start),
        "end": iso(days.end),
        "ratio": round(days.ratio, 3),
        "kind": "shifted" if days.shifted else "volume",
    }


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else iso(instant)


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")
