"""The list of incidents, the page of one, and its buttons: acknowledge, give back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from detector.model.decision import Reason
from detector.model.incident import Incident
from detector.model.matcher import Matcher
from detector.model.plain_text import plain
from detector.model.silence import Acknowledgement
from detector.model.token import Scope
from detector.report.chart_marks import Note
from detector.store.base import IncidentQuery
from detector.views.curve import Curve
from detector.views.incident_view import IncidentView, incident_view
from detector.views.recorded_curves import recorded_curves
from detector.web.access import Asking, needs
from detector.web.backend import AskedBackend, Backend
from detector.web.pages.charts import figures
from detector.web.pages.incident_evidence import evidence
from detector.web.pages.incident_facets import bars, hit_and_spared
from detector.web.pages.incident_notifications import filters_over, notifications
from detector.web.pages.presentation import presentation_for
from detector.web.pages.rendering import page
from detector.web.pages.timeline import known_of, timeline
from detector.web.prefix import address

router = APIRouter(include_in_schema=False)
_LISTED = 50
_BEFORE_AT_LEAST, _AFTER = timedelta(hours=3), timedelta(hours=1)


@router.get("/incidents", dependencies=[needs(Scope.READ)])
def incidents(
    request: Request,
    backend: AskedBackend,
    before: str = "",
    reason: str = "",
    receiver: str = "",
) -> Response:
    """List incidents, the one noticed last first; those with a decision of a reason, if asked."""
    decided = backend.store.decision_counts()
    show = presentation_for(request, backend.settings)
    codes = sorted({code for code, _ in decided}, key=show.say.reason_name)
    receivers = sorted({name for _, name in decided if name})
    chosen = Reason(reason) if reason in codes else None
    whose = receiver if receiver in receivers else None
    last = backend.store.incident(before) if before else None
    found = backend.store.incident_page(
        IncidentQuery(
            before=(last.noticed_at, last.id) if last is not None else None,
            limit=_LISTED + 1,
            reason=chosen,
            receiver=whose,
        )
    )
    asked = {"reason": chosen.value if chosen else "", "receiver": whose or ""}
    older = {"before": found[_LISTED - 1].id, **asked} if len(found) > _LISTED else {}
    return page(
        request,
        backend,
        "incidents.html",
        show=show,
        incidents=found[:_LISTED],
        older=urlencode({name: value for name, value in older.items() if value}),
        reasons=[(code.value, show.say.reason_name(code)) for code in codes],
        receivers=receivers,
        reason=asked["reason"],
        receiver=asked["receiver"],
    )


@router.get("/incidents/{incident_id}", dependencies=[needs(Scope.READ)])
def incident(
    request: Request,
    backend: AskedBackend,
    visitor: Asking,
    incident_id: str,
    done: str = "",
    reason: str = "",
    receiver: str = "",
) -> Response:
    """Show one incident: what fails, since when, for whom, why it fired, who was notified."""
    view = _view(backend, incident_id)
    show = presentation_for(request, backend.settings)
    say = show.say
    now, one, details = backend.now(), view.incident, view.details
    known = known_of(one)
    statements = [s for s in known.statements if s.at <= now] if known else []
    every = _curves(backend, one, now)
    found = {source: c for source, c in every.items() if source in one.sources} or every
    notes = [Note(s.at, str(number)) for number, s in enumerate(statements, start=1)]
    lines = notifications(view, show)
    filters = filters_over(lines, show, reason=reason, receiver=receiver)
    return page(
        request,
        backend,
        "incident.html",
        show=show,
        view=view,
        incident=one,
        headline=say.headline(one, details),
        what=say.what_and_where(details),
        done=done if done in ("acknowledged", "released", "silenced") else "",
        may_write=visitor.may(Scope.WRITE),
        author="" if visitor.by_cookie and visitor.name == "this machine" else visitor.name,
        matcher=str(Matcher("service", one.service)),
        facets=hit_and_spared(details, say),
        size=say.size(one),
        people=say.people(details, newcomers=True) if details else "",
        sources=say.plain_list(one.sources),
        curves=figures(found, show, incidents=[one], notes=notes),
        evidence=list(evidence(view, found, backend.settings, show, counting=len(every))),
        bars=bars(details, say),
        timeline=timeline(view, known, show, now=now),
        documented=known,
        words=[plain(w, longest=24) for w in say.readable(details.words)] if details else [],
        notifications=[line for line in lines if filters.lets_through(line)],
        filters=filters,
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
    """Handle an incident: no more reminders until it is resolved or escalates."""
    one = _view(backend, incident_id).incident
    backend.controls.acknowledge(
        Acknowledgement(one.id, backend.now(), one.severity, author.strip(), comment.strip())
    )
    return _back(request, one, "acknowledged")


@router.post("/incidents/{incident_id}/release", dependencies=[needs(Scope.WRITE)])
def release(request: Request, backend: AskedBackend, incident_id: str) -> Response:
    """Give an incident back: people are notified of it again."""
    one = _view(backend, incident_id).incident
    backend.controls.withdraw(one.id)
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
    return recorded_curves(backend.store, incident.service, start, end, incidents=[incident])
