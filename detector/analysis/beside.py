"""What a history is compared with: a table of truth, or the bundled catalogue of outages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isnan

import pandas as pd

from detector import resources
from detector.detection.evaluation import Evaluation, evaluate
from detector.detection.matching import Outage, outages_of
from detector.domain.catalogue import parse_catalogue
from detector.domain.incident import Incident
from detector.domain.times import from_seconds
from detector.engine.hindsight import Review
from detector.engine.plan import Plan
from detector.reports.known import Known, documented

#: The figures that a report shows, by their names in `Evaluation`, and how they are called there.
FIGURES = {
    "recall": "Outages found",
    "precision": "Incidents that are outages",
    "false_alarms": "False alarms",
    "false_alarms_per_week": "False alarms per service and week",
    "delay_median": "Noticed after the start, median (min)",
    "delay_p90": "Noticed after the start, 90th percentile (min)",
    "start_error_median": "Error of the start, median (min)",
    "start_error_p90": "Error of the start, 90th percentile (min)",
    "interval_coverage": "Intervals that hold the start",
    "end_error_median": "Error of the end, median (min)",
}
_SHARES = frozenset({"recall", "precision", "interval_coverage"})


@dataclass(frozen=True, slots=True)
class Beside:
    """What a history is compared with.

    Attributes
    ----------
    known : outages that are known from elsewhere.
    figures : (name, text) of how good the incidents are, where there is a table of truth.
    """

    known: tuple[Known, ...] = ()
    figures: tuple[tuple[str, str], ...] = ()


def beside_catalogue(plan: Plan, services: Iterable[str]) -> Beside:
    """Return the documented outages of ``services``, by whichever of its names each is called."""
    ours = {plan.reader.canonical(service).casefold(): service for service in services}
    outages = parse_catalogue(resources.text("data/outages.toml"))
    names = {
        name.casefold(): ours[canonical]
        for outage in outages
        for name in outage.services
        if (canonical := plan.reader.canonical(name).casefold()) in ours
    }
    followed = set(ours.values())
    return Beside(tuple(k for k in documented(outages, names) if k.service in followed))


def beside_truth(review: Review, truth: pd.DataFrame) -> Beside:
    """Return the outages of ``truth``, and how good the incidents of ``review`` are beside them.

    Raises
    ------
    InputError
        If ``truth`` lacks ``service``, ``start`` or ``end``, or holds something else there.
    """
    known = tuple(_known(outage) for outage in outages_of(truth))
    noticed = [seen.incident for seen in review.incidents if seen.was_noticed]
    figures = evaluate(noticed, truth, list(review.history.coverage.values()))
    return Beside(known, shown_figures(figures))


def both(first: Beside, second: Beside) -> Beside:
    """Return what either holds."""
    return Beside(first.known + second.known, first.figures + second.figures)


def shown_figures(figures: Evaluation) -> tuple[tuple[str, str], ...]:
    """Return the figures that a report shows; those of nothing are left out."""
    values = dict(figures.rows())
    return tuple(
        (called, _text(name, values[name]))
        for name, called in FIGURES.items()
        if not isnan(values[name])
    )


def _text(name: str, value: float) -> str:
    if name in _SHARES:
        return f"{value:.1%}"
    return f"{value:,.3g}"


def _known(outage: Outage) -> Known:
    start = from_seconds(outage.start)
    end: datetime | None = from_seconds(outage.end) if outage.ends else None
    note = outage.labels.get("note", "")
    return Known(outage.service, note, start, start, end, end)


def names(incidents: Sequence[Incident]) -> frozenset[str]:
    """Return the services of ``incidents``."""
    return frozenset(incident.service for incident in incidents)
