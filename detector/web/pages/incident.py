"""Every message about an incident, sent or not, with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup, escape

from detector.model.decision import Decision
from detector.model.delivery import (
    Delivery,
    DeliveryStatus,
)
from detector.model.incident import Incident
from detector.model.matcher import Matcher
from detector.model.plain_text import plain
from detector.model.silence import Acknowledgement
from detector.model.token import Scope
from detector.report.chart_marks import Note
from detector.store.base import IncidentQuery
from detector.views.curve import Curve
from detector.views.incident import IncidentView, incident_view
from detector.web.access import Asking, needs
from detector.web.backend import AskedBackend, Backend
from detector.web.pages.charts import curves, figures
from detector.web.pages.incident_evidence import bars, hit_and_spared, reasons
from detector.web.pages.reader import Reader, reader_of
from detector.web.pages.rendering import page
from detector.web.pages.timeline import known_of, timeline
from detector.web.pages.wording import (
    headline,
    size,
    voices,
    what_and_where,
)
from detector.web.prefix import address


@dataclass(frozen=True, slots=True)
class Message:
    """A line of the table.

    Attributes
    ----------
    state : ``sent``, ``pending``, ``dead`` or ``held`` (not sent).
    what, whom : which message, to whom.
    became : what became of it, and why.
    """

    at: datetime
    state: str
    what: Markup
    whom: str
    became: Markup


def messages(view: IncidentView, reader: Reader) -> list[Message]:
    """Return what was sent and what was not, in order; the same reason in a row is one line."""
    found = [*_sent(view, reader), *_held(view, reader)]
    return sorted(found, key=lambda message: (message.at, message.whom))


def _sent(view: IncidentView, reader: Reader) -> Iterator[Message]:
    taken = {(d.at, d.receiver): d for d in view.decisions if d.kind is not None}
    for delivery in view.deliveries:
        alert = delivery.alert
        why = taken.get((alert.at, delivery.receiver)) or taken.get((alert.at, ""))
        became = _became(delivery, reader)
        if why:
            became += Markup('<br><span class="soft">{}</span>').format(_why(why, reader))
        yield Message(
            alert.at,
            delivery.status.value,
            reader.words(f"kind.{alert.label}"),
            plain(delivery.receiver, longest=60),
            became,
        )


def _became(delivery: Delivery, reader: Reader) -> Markup:
    t = reader.words
    match delivery.status:
        case DeliveryStatus.SENT if delivery.sent_at is not None:
            return t("messages.sent_at", at=reader.when(delivery.sent_at))
        case DeliveryStatus.PENDING if delivery.error:
            return t("messages.waiting_error", error=plain(delivery.error))
        case DeliveryStatus.DEAD:
            return t("messages.dead", error=plain(delivery.error or ""))
        case status:
            return t(f"messages.{status.value}")


def _held(view: IncidentView, reader: Reader) -> Iterator[Message]:
    by_receiver = sorted(view.decisions, key=lambda d: (d.receiver, d.at))
    for _, same in groupby(by_receiver, key=_same):
        first, *more = same
        if first.kind is not None:
            continue
        said = escape(_why(first, reader))
        if more:
            said += reader.words("messages.repeated", n=len(more) + 1, at=reader.when(more[-1].at))
        whom = plain(first.receiver, longest=60) or reader.words.text("messages.everybody")
        yield Message(first.at, "held", reader.words("messages.held"), whom, Markup(said))  # noqa: S704 - escaped above


def _why(decision: Decision, reader: Reader) -> str:
    """Return the reason in the reader's words."""
    return reader.speech.say.reason(decision.reason, decision.params)


def _same(decision: Decision) -> tuple[str, str, object, object]:
    return decision.receiver, decision.reason, sorted(decision.params.items()), decision.kind


# An incident's page, and its buttons: take it in hand, give it back.


router = APIRouter(include_in_schema=False)
_LISTED = 50
_BEFORE_AT_LEAST, _AFTER = timedelta(hours=3), timedelta(hours=1)


@router.get("/incidents", dependencies=[needs(Scope.READ)])
def incidents(request: Request, backend: AskedBackend, before: str = "") -> Response:
    """List incidents, the one noticed last first."""
    last = backend.store.incident(before) if before else None
    place = (last.noticed_at, last.id) if last is not None else None
    found = backend.store.incident_page(IncidentQuery(before=place, limit=_LISTED + 1))
    older = found[_LISTED - 1].id if len(found) > _LISTED else None
    return page(request, backend, "incidents.html", incidents=found[:_LISTED], older=older)


@router.get("/incidents/{incident_id}", dependencies=[needs(Scope.READ)])
def incident(
    request: Request, backend: AskedBackend, visitor: Asking, incident_id: str, done: str = ""
) -> Response:
    """Show one incident: what fails, since when, for whom, why it fired, what was said of it."""
    view = _view(backend, incident_id)
    reader = reader_of(request, backend.settings)
    now, one = backend.now(), view.incident
    known = known_of(one)
    said = [s for s in known.statements if s.at <= now] if known else []
    every = _curves(backend, one, now)
    found = {source: c for source, c in every.items() if source in one.sources} or every
    notes = [Note(s.at, str(number)) for number, s in enumerate(said, start=1)]
    details = view.details
    return page(
        request,
        backend,
        "incident.html",
        reader=reader,
        view=view,
        incident=one,
        headline=headline(one, details, reader),
        what=what_and_where(details, reader),
        done=done if done in ("acknowledged", "released", "silenced") else "",
        may_write=visitor.may(Scope.WRITE),
        author="" if visitor.by_cookie and visitor.name == "this machine" else visitor.name,
        matcher=str(Matcher("service", one.service)),
        facets=hit_and_spared(details, reader),
        size=size(one, reader),
        voices=voices(details, reader) if details else "",
        sources=[plain(source, longest=60) for source in one.sources],
        curves=figures(found, reader, incidents=[one], notes=notes),
        reasons=list(reasons(view, found, backend.settings, reader, counting=len(every))),
        bars=bars(details, reader),
        timeline=timeline(view, known, reader, now=now),
        documented=known,
        words=[plain(word, longest=24) for word in details.words] if details else [],
        messages=messages(view, reader),
        runbook=backend.settings.links.runbook_of(one),
    )


@router.post("/incidents/{incident_id}/acknowledge", dependencies=[needs(Scope.WRITE)])
def acknowledge(
    request: Request,
    backend: AskedBackend,
    incident_id: str,
    author: Annotated[str, Form(min_length=1, max_length=80)],
    comment: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Take an incident in hand: quiet until it ends or grows worse."""
    one = _view(backend, incident_id).incident
    backend.desk.acknowledge(
        Acknowledgement(one.id, backend.now(), one.severity, author.strip(), comment.strip())
    )
    return _back(request, one, "acknowledged")


@router.post("/incidents/{incident_id}/release", dependencies=[needs(Scope.WRITE)])
def release(request: Request, backend: AskedBackend, incident_id: str) -> Response:
    """Give an incident back: people are told of it again."""
    one = _view(backend, incident_id).incident
    backend.desk.withdraw(one.id)
    return _back(request, one, "released")


def _view(backend: Backend, incident_id: str) -> IncidentView:
    view = incident_view(backend, incident_id)
    if view is None:
        raise HTTPException(404)
    return view


def _back(request: Request, incident: Incident, done: str) -> Response:
    there = f"/incidents/{quote(incident.id, safe='')}?done={done}"
    return RedirectResponse(address(request, there), 303)


def _curves(backend: Backend, incident: Incident, now: datetime) -> Mapping[str, Curve]:
    """Return the incident's counts by source, from well before it to shortly after it."""
    onset, over = incident.onset, incident.resolved_at or now
    before = max(_BEFORE_AT_LEAST, (over - onset.at) / 3)
    start, end = onset.earliest - before, min(over + _AFTER, now)
    return curves(backend, incident.service, start, end, incidents=[incident])
