"""What happened in an incident, in order, with what its operator said where that is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from markupsafe import Markup

from detector import resources
from detector.model.alert import Alert
from detector.model.incident import Incident
from detector.model.known_outages import parse_catalogue
from detector.model.plain_text import plain
from detector.report.known import Known, documented, meets
from detector.text.rounding import to_the_minute
from detector.views.incident_view import IncidentView
from detector.web.pages.presentation import Presentation

CATALOGUE = "data/outages.toml"


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the timeline.

    Attributes
    ----------
    kind : ``started``, ``noticed``, ``alert``, ``statement``, ``peak``, ``acknowledged``,
        ``ended``.
    reference : the day is left out where it is that of this instant, None shows it.
    """

    at: datetime
    kind: str
    text: Markup
    reference: datetime | None


def known_of(incident: Incident) -> Known | None:
    """Return what the catalogue says about the outage behind ``incident``, None if nothing."""
    return next((known for known in _catalogue() if meets(incident, known)), None)


def timeline(
    view: IncidentView, known: Known | None, show: Presentation, *, now: datetime
) -> list[Event]:
    """Return what happened up to ``now``, in order; only the first line shows its day."""
    found = [*_course(view, show), *_statements(known, show)]
    events = sorted((e for e in found if e[0] <= now), key=lambda e: e[0])
    befores = [None, *(at for at, _, _ in events)]
    return [Event(*one, reference=before) for one, before in zip(events, befores, strict=False)]


@cache
def _catalogue() -> tuple[Known, ...]:
    return tuple(documented(parse_catalogue(resources.text(CATALOGUE)), {}))


def _course(view: IncidentView, show: Presentation) -> Iterator[tuple[datetime, str, Markup]]:
    incident = view.incident
    yield to_the_minute(incident.onset).at, "started", show.html("page.timeline.started")
    yield incident.noticed_at, "noticed", show.html("page.timeline.noticed")
    peak = show.html("page.timeline.peak", size=show.say.size(incident))
    yield incident.peak_at, "peak", peak
    for alert in view.alerts:
        if not alert.notice:
            yield alert.at, "alert", _alert(alert, show)
    if (given := view.acknowledgement) is not None:
        comment = f" {plain(given.comment)}" if given.comment else ""
        author = plain(given.author, longest=60)
        text = show.html("page.timeline.acknowledged", author=author) + comment
        yield given.at, "acknowledged", text
    if incident.ended_at is not None:
        yield incident.ended_at, "ended", show.html("page.timeline.ended")
    if incident.resolved_at is not None:
        yield incident.resolved_at, "ended", show.html("page.timeline.resolved")


def _alert(alert: Alert, show: Presentation) -> Markup:
    kind, facts = show.html(f"kind.{alert.kind.value}"), show.say.new_facts(alert.new_facts)
    key = "page.timeline.alert_facts" if facts else "page.timeline.alert"
    return show.html(key, kind=kind, facts=facts)


def _statements(known: Known | None, show: Presentation) -> Iterator[tuple[datetime, str, Markup]]:
    for statement in known.statements if known is not None else ():
        where, says = map(show.texts.outage, (statement.where, statement.says))
        text = show.html("page.timeline.statement", where=where, says=says)
        yield statement.at, "statement", text
