"""How good a set of incidents is, given the truth: recall, precision, delay, start, end, quiet.

Incidents and outages are matched once (`truth_matching`); every figure here is a small
function of that matching. What cannot be known is nan: no outage, no recall; nothing caught, no
delay; no coverage told, no false alarms per week. Delays and errors are in minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from detector.detection.truth_matching import (
    MINUTE,
    Claim,
    Coverage,
    Matching,
    Outage,
    claims_of,
    match,
    outages_of,
    union_length,
)
from detector.model.incident import Incident

WITHIN = (3, 5, 10, 15, 30, 60)
"""Minutes at which `caught_within` is tabulated."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures of one evaluation.

    Attributes
    ----------
    outages, incidents : how many there are (incidents: those that were noticed).
    recall, precision : shares; an early incident counts against precision.
    false_alarms, early, splits : counts of incidents.
    service_weeks, false_alarms_per_week : observed time, and false alarms in a week of a service.
    delay_median, delay_p90 : from the outage's start to the notice, caught outages only.
    caught_within : share of *all* outages noticed within so many minutes of their start.
    start_error_median, start_error_p90 : absolute; ``start_bias_median`` signed (late > 0).
    interval_coverage, interval_width_median : of the start's 90 % interval.
    end_error_median : absolute, of incidents that ended and outages whose end is known.
    alert_time : time on alert over the outages' time; 1 is ideal.
    alerted_time : share of the outages' time that was on alert.
    """

    outages: int
    incidents: int
    recall: float
    precision: float
    false_alarms: int
    early: int
    splits: int
    service_weeks: float
    false_alarms_per_week: float
    delay_median: float
    delay_p90: float
    caught_within: Mapping[int, float]
    start_error_median: float
    start_error_p90: float
    start_bias_median: float
    interval_coverage: float
    interval_width_median: float
    end_error_median: float
    alert_time: float
    alerted_time: float

    def rows(self) -> list[tuple[str, float]]:
        """Return (name, value) of every figure, one row per entry of ``caught_within``."""
        rows: list[tuple[str, float]] = []
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if isinstance(value, Mapping):
                rows += [(f"{name}_{m}_min", share) for m, share in value.items()]
            else:
                rows.append((name, value))
        return rows


@dataclass(frozen=True, slots=True)
class Share:
    """Caught outages of one group, as ``caught`` of ``outages``."""

    caught: int
    outages: int

    @property
    def recall(self) -> float:
        """Share caught, nan of an empty group."""
        return ratio(self.caught, self.outages)

    def __str__(self) -> str:
        return f"{self.caught}/{self.outages}"


def evaluate(
    incidents: Iterable[Mapping[str, Any] | Incident],
    truth: pd.DataFrame,
    observed: Sequence[Coverage] = (),
) -> Evaluation:
    """Return the figures of ``incidents`` against ``truth``.

    Parameters
    ----------
    incidents : as `detector.model.documents.incident_to_dict` writes them, or domain values.
    truth : ``service, start, end``, further columns are ignored; an empty end is unknown.
    observed : per service what was observed. Without it false alarms per week are nan and an open
        incident counts as over when it was noticed.

    Raises
    ------
    InputError
        When the truth table is not one.
    """
    return figures(match(outages_of(truth), claims_of(incidents, observed)), observed)


def figures(matching: Matching, observed: Sequence[Coverage] = ()) -> Evaluation:
    """Return the figures of a matching."""
    weeks = sum(c.weeks for c in observed) if observed else nan
    delays, starts, widths = _delays(matching), _start_errors(matching), _widths(matching)
    return Evaluation(
        outages=len(matching.outages),
        incidents=len(matching.claims),
        recall=recall(matching),
        precision=precision(matching),
        false_alarms=len(matching.false),
        early=len(matching.early),
        splits=matching.splits,
        service_weeks=weeks,
        false_alarms_per_week=ratio(len(matching.false), weeks),
        delay_median=_percentile(delays, 50),
        delay_p90=_percentile(delays, 90),
        caught_within={m: caught_within(matching, m) for m in WITHIN},
        start_error_median=_percentile(np.abs(starts), 50),
        start_error_p90=_percentile(np.abs(starts), 90),
        start_bias_median=_percentile(starts, 50),
        interval_coverage=interval_coverage(matching),
        interval_width_median=_percentile(widths, 50),
        end_error_median=_percentile(np.abs(_end_errors(matching)), 50),
        alert_time=ratio(_alert_seconds(matching), _outage_seconds(matching)),
        alerted_time=ratio(_alerted_seconds(matching), _outage_seconds(matching)),
    )


def shares(matching: Matching, labels: Sequence[str]) -> dict[str, Share]:
    """Return the caught share per group of outages with the same ``labels``, joined, sorted."""
    groups: dict[str, list[bool]] = {}
    for outage, claim in zip(matching.outages, matching.caught_by, strict=True):
        name = "".join(outage.labels.get(label, "") for label in labels)
        groups.setdefault(name, []).append(claim is not None)
    return {name: Share(sum(hits), len(hits)) for name, hits in sorted(groups.items())}


def recall(matching: Matching) -> float:
    """Return the share of outages that were caught."""
    return ratio(len(_caught(matching)), len(matching.outages))


def precision(matching: Matching) -> float:
    """Return caught outages over caught outages, false alarms and early incidents."""
    caught = len(_caught(matching))
    return ratio(caught, caught + len(matching.false) + len(matching.early))


def caught_within(matching: Matching, minutes: float) -> float:
    """Return the share of all outages that were noticed within ``minutes`` of their start."""
    return ratio(float(np.sum(_delays(matching) <= minutes)), len(matching.outages))


def interval_coverage(matching: Matching) -> float:
    """Return the share of intervals (of caught outages, closed) that hold the true start."""
    held = [c.earliest <= o.start <= c.latest for o, c in _with_interval(matching)]
    return float(np.mean(held)) if held else nan


def ratio(part: float, whole: float) -> float:
    """Return ``part / whole``, nan of nothing."""
    return nan if whole == 0 or isnan(whole) else part / whole


def _caught(m: Matching) -> list[tuple[Outage, Claim]]:
    return [(o, c) for o, c in zip(m.outages, m.caught_by, strict=True) if c is not None]


def _with_interval(m: Matching) -> list[tuple[Outage, Claim]]:
    return [(o, c) for o, c in _caught(m) if not isnan(c.earliest + c.latest)]


def _delays(m: Matching) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([(c.noticed - o.start) / MINUTE for o, c in _caught(m)])


def _start_errors(m: Matching) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([(c.start - o.start) / MINUTE for o, c in _caught(m)])


def _end_errors(m: Matching) -> np.ndarray[Any, np.dtype[np.float64]]:
    known = [(o, c) for o, c in _caught(m) if o.ends and not c.is_open]
    return np.array([(c.end - o.end) / MINUTE for o, c in known])


def _widths(m: Matching) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([(c.latest - c.earliest) / MINUTE for _, c in _with_interval(m)])


def _outage_seconds(m: Matching) -> float:
    return sum(o.end - o.start for o in m.outages)


def _alert_seconds(m: Matching) -> float:
    alerts = _by_service(m.claims)
    return sum(
        union_length([(c.noticed, max(c.end, c.noticed)) for c in v]) for v in alerts.values()
    )


def _alerted_seconds(m: Matching) -> float:
    alerts = _by_service(m.claims)
    cut = (
        [
            (max(c.noticed, o.start), min(c.end, o.end))
            for c in alerts.get(o.service, [])
            if min(c.end, o.end) > max(c.noticed, o.start)
        ]
        for o in m.outages
    )
    return sum(union_length(spans) for spans in cut)


def _by_service(claims: Iterable[Claim]) -> dict[str, list[Claim]]:
    grouped: dict[str, list[Claim]] = {}
    for claim in claims:
        grouped.setdefault(claim.service, []).append(claim)
    return grouped


def _percentile(values: np.ndarray[Any, np.dtype[np.float64]], percent: float) -> float:
    return float(np.percentile(values, percent)) if len(values) else nan
