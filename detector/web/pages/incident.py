"""An incident's page, and its buttons: take it in hand, give it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from detector.alerting.plain import plain
from detector.domain.desk import Acknowledgement
from detector.domain.incident import Incident
from detector.domain.matcher import Matcher
from detector.domain.token import Scope
from detector.ports import IncidentQuery
from detector.receivers import links
from detector.reports.curve import Curve
from detector.reports.marks import Note
from detector.web.access import Asking, needs
from detector.web.backend import AskedBackend, Backend
from detector.web.incidents import IncidentView, incident_view
from detector.web.pages.curves import curves
from detector.web.pages.facets import bars, hit_and_spared
from detector.web.pages.figures import figures
from detector.web.pages.messages import messages
from detector.web.pages.painting import page
from detector.web.pages.reader import reader_of
from detector.web.pages.reasons import reasons
from detector.web.pages.spoken import headline, size, voices, what_and_where
from detector.web.pages.timeline import known_of, timeline
from detector.web.prefix import address

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
        runbook=links(backend.settings).runbook_of(one),
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
