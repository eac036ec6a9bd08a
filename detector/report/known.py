"""What is known of an outage from elsewhere: a table of truth, or a catalogue of press reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isnan

import pandas as pd

from detector import resources
from detector.detection.evaluation import Evaluation, evaluate
from detector.detection.truth_matching import Outage, outages_of
from detector.model.incident import Incident
from detector.model.known_outages import DocumentedOutage, Statement, parse_catalogue
from detector.model.times import from_seconds
from detector.pipeline.hindsight_analysis import Review
from detector.pipeline.plan import PipelinePlan

GRACE = timedelta(minutes=10)
#: How long an outage counts whose end nobody reported.
UNKNOWN_END = timedelta(hours=6)
_EXACT = frozenset({"minute", "hour"})


@dataclass(frozen=True, slots=True)
class Known:
    """One outage as somebody else dates it.

    Attributes
    ----------
    service, title : who, and what happened; the title may be empty.
    start_earliest, start_latest : closed span of the reported starts.
    end_earliest, end_latest : of the reported ends, None where unknown.
    statements : what the operator said.
    documented : whether it comes from the catalogue; else from a table of truth.
    """

    service: str
    title: str
    start_earliest: datetime
    start_latest: datetime
    end_earliest: datetime | None
    end_latest: datetime | None
    statements: tuple[Statement, ...] = ()
    documented: bool = False
    lasted: str = ""
    cause: str = ""

    @property
    def first_word(self) -> datetime | None:
        """When the operator first spoke, None if that is not known."""
        return min((s.at for s in self.statements), default=None)

    @property
    def until(self) -> datetime:
        """Its end, as far as that is known or taken."""
        return self.end_latest or self.end_earliest or self.start_latest + UNKNOWN_END


@dataclass(frozen=True, slots=True)
class Lead:
    """An incident beside what is known of it; durations, negative where it was too early.

    Attributes
    ----------
    start_error : the estimated start after the known one; zero anywhere inside its span.
    lag : the notice after the earliest known start; None if not noticed.
    lead : the operator's first word after the notice: so much sooner people could have known.
    end_error : the estimated end after the known one; zero anywhere inside its span.
    covered : whether the interval of the start and the known span meet.
    """

    start_error: timedelta
    lag: timedelta | None
    lead: timedelta | None
    end_error: timedelta | None
    covered: bool


def documented(outages: Iterable[DocumentedOutage], names: dict[str, str]) -> list[Known]:
    """Return the outages of the catalogue that are dated to the hour, one per service.

    Parameters
    ----------
    names : ``{name in the catalogue, casefolded: name in the history}``; others stay as they are.
    """
    return [
        Known(
            names.get(service.casefold(), service),
            outage.title,
            outage.start_earliest,
            outage.start_latest,
            outage.end_earliest,
            outage.end_latest,
            outage.statements,
            documented=True,
            lasted=outage.lasted,
            cause=outage.cause,
        )
        for outage in outages
        for service in outage.services
        if outage.is_outage and outage.precision in _EXACT
    ]


def meets(incident: Incident, known: Known) -> bool:
    """Return whether they are about the same service and overlap, `GRACE` on both sides."""
    if incident.service.casefold() != known.service.casefold():
        return False
    begun = incident.onset.earliest - GRACE < known.until
    over = incident.ended_at is not None and incident.ended_at + GRACE <= known.start_earliest
    return begun and not over


def lead_of(incident: Incident, known: Known, *, was_noticed: bool) -> Lead:
    """Return ``incident`` beside what is ``known``."""
    onset, low, high = incident.onset, known.start_earliest, known.start_latest
    word = known.first_word
    noticed = incident.noticed_at if was_noticed else None
    ended, first, last = incident.ended_at, known.end_earliest, known.end_latest
    first, last = first or last, last or first
    end_error = None
    if ended is not None and first is not None and last is not None:
        end_error = _outside(ended, first, last)
    return Lead(
        start_error=_outside(onset.at, low, high),
        lag=None if noticed is None else noticed - low,
        lead=None if noticed is None or word is None else word - noticed,
        end_error=end_error,
        covered=onset.earliest <= high and low <= onset.latest,
    )


def _outside(at: datetime, low: datetime, high: datetime) -> timedelta:
    """Return how long after ``[low, high]`` ``at`` is, negative before it."""
    if at < low:
        return at - low
    return at - high if at > high else timedelta(0)


#: The figures that a report shows: their names in `Evaluation`, and their codes in the catalogue.
FIGURES = {
    "recall": "found",
    "precision": "precision",
    "false_alarms": "false_alarms",
    "false_alarms_per_week": "false_alarm_rate",
    "delay_median": "lag_median",
    "delay_p90": "lag_p90",
    "start_error_median": "start_error_median",
    "start_error_p90": "start_error_p90",
    "interval_coverage": "coverage",
    "end_error_median": "end_error_median",
}
#: Those of them that are shares in [0, 1].
SHARES = frozenset({"found", "precision", "coverage"})


@dataclass(frozen=True, slots=True)
class Beside:
    """What a history is compared with.

    Attributes
    ----------
    known : outages that are known from elsewhere.
    figures : (code, value) of how good the incidents are, where there is a table of truth.
    """

    known: tuple[Known, ...] = ()
    figures: tuple[tuple[str, float], ...] = ()


def beside_catalogue(plan: PipelinePlan, services: Iterable[str]) -> Beside:
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


def shown_figures(figures: Evaluation) -> tuple[tuple[str, float], ...]:
    """Return the figures that a report shows; those of nothing are left out."""
    values = dict(figures.rows())
    return tuple((code, values[name]) for name, code in FIGURES.items() if not isnan(values[name]))


def _known(outage: Outage) -> Known:
    start = from_seconds(outage.start)
    end: datetime | None = from_seconds(outage.end) if outage.ends else None
    note = outage.labels.get("note", "")
    return Known(outage.service, note, start, start, end, end)


def names(incidents: Sequence[Incident]) -> frozenset[str]:
    """Return the services of ``incidents``."""
    return frozenset(incident.service for incident in incidents)
