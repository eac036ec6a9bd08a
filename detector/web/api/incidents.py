"""``/v1/incidents``, ``/v1/alerts``: what happened, what was decided, who acknowledged it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, ConfigDict

from detector.model.alert import Alert
from detector.model.decision import Decision, Reason
from detector.model.delivery import Delivery
from detector.model.documents import alert_to_dict, incident_to_dict
from detector.model.incident import Incident
from detector.model.silence import Acknowledgement
from detector.model.times import iso
from detector.model.token import Scope
from detector.store.base import IncidentQuery
from detector.text.phrasing import Phrasing, phrasing
from detector.web.access import Asking, needs
from detector.web.api.paging import Cursor, Limit, Place, page_of, parse_cursor
from detector.web.api.shapes import (
    AcknowledgementShape,
    AlertShape,
    DecisionShape,
    DeliveryShape,
    IncidentShape,
    Page,
    problems,
)
from detector.web.api.values import Instant, Lang, Named, ShortText
from detector.web.backend import AskedBackend, Backend
from detector.web.problems import Problem

router = APIRouter(prefix="/v1", tags=["incidents"])
_read, _write = needs(Scope.READ), needs(Scope.WRITE)


State = Literal["open", "resolved", "over"]


class Filters(BaseModel):
    """Which incidents are asked for."""

    model_config = ConfigDict(frozen=True)

    service: Named | None = None
    state: State | None = None
    since: Instant | None = None
    until: Instant | None = None
    reason: Reason | None = None
    receiver: Named | None = None

    def query(self) -> IncidentQuery:
        """Return it as the store is asked."""
        is_open = None if self.state is None else self.state == "open"
        return IncidentQuery(
            self.service,
            is_open,
            self.since,
            self.until,
            reason=self.reason,
            receiver=self.receiver,
        )


class AcknowledgementAsked(BaseModel):
    """An acknowledgement as it is asked for."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"author": "Li", "comment": "calling the operator"}]},
    )

    author: Named | None = None
    comment: ShortText = ""


@router.get(
    "/incidents", dependencies=[_read], responses=problems(), response_model=Page[IncidentShape]
)
def list_incidents(
    backend: AskedBackend,
    service: Annotated[Named | None, Query(description="Of this one only.")] = None,
    state: Annotated[
        State | None, Query(description="`over` is what `resolved` was called before.")
    ] = None,
    since: Annotated[Instant | None, Query(description="Noticed then or later.")] = None,
    until: Annotated[Instant | None, Query(description="Noticed before.")] = None,
    reason: Annotated[Reason | None, Query(description="Of a decision about it.")] = None,
    receiver: Annotated[Named | None, Query(description="Of a decision about it.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Any:
    """Return incidents, the one noticed last first."""
    place = parse_cursor(cursor)
    asked = Filters(
        service=service, state=state, since=since, until=until, reason=reason, receiver=receiver
    ).query()
    before = None if place is None else (place.at, place.name)
    found = backend.store.incident_page(replace(asked, before=before, limit=limit + 1))
    return page_of(found, limit, incident_to_dict, lambda i: Place(i.noticed_at, i.id))


@router.get(
    "/incidents/{incident_id}",
    dependencies=[_read],
    responses=problems(404),
    response_model=IncidentShape,
)
def show_incident(backend: AskedBackend, incident_id: str) -> Any:
    """Return one incident."""
    return incident_to_dict(_known(backend, incident_id))


@router.get(
    "/incidents/{incident_id}/alerts",
    dependencies=[_read],
    responses=problems(404),
    response_model=Page[AlertShape],
)
def list_alerts_of(backend: AskedBackend, incident_id: str) -> Any:
    """Return what there was to say about an incident, the earliest first."""
    _known(backend, incident_id)
    found = backend.store.alerts(incident_id=incident_id)
    return {"items": [alert_to_dict(alert) for alert in found[::-1]], "next": None}


@router.get(
    "/incidents/{incident_id}/decisions",
    dependencies=[_read],
    responses=problems(404),
    response_model=Page[DecisionShape],
)
def list_decisions_of(backend: AskedBackend, incident_id: str, lang: Lang = "en") -> Any:
    """Return why people were notified of an incident, and why not, the earliest first."""
    _known(backend, incident_id)
    say = phrasing(lang, UTC)
    found = backend.store.decisions(incident_id)
    return {"items": [_decision(decision, say) for decision in found], "next": None}


@router.get(
    "/incidents/{incident_id}/deliveries",
    dependencies=[_read],
    responses=problems(404),
    response_model=Page[DeliveryShape],
)
def list_deliveries_of(backend: AskedBackend, incident_id: str) -> Any:
    """Return every message about an incident: sent, waiting, or refused."""
    _known(backend, incident_id)
    found = backend.store.deliveries(incident_id=incident_id)
    return {"items": [_delivery(delivery) for delivery in found], "next": None}


@router.post(
    "/incidents/{incident_id}/acknowledgement",
    dependencies=[_write],
    responses=problems(404, 409),
    response_model=AcknowledgementShape,
)
def acknowledge(
    backend: AskedBackend,
    visitor: Asking,
    incident_id: str,
    asked: Annotated[AcknowledgementAsked, Body()],
) -> Any:
    """Acknowledge an incident: no more reminders until it is resolved or escalates."""
    incident = _known(backend, incident_id)
    if not incident.is_open:
        raise Problem(409, "the incident is resolved; there is nothing to acknowledge")
    kept = Acknowledgement(
        incident_id, backend.now(), incident.severity, asked.author or visitor.name, asked.comment
    )
    backend.controls.acknowledge(kept)
    return {
        "incident_id": kept.incident_id,
        "at": iso(kept.at),
        "severity": kept.severity.label,
        "author": kept.author,
        "comment": kept.comment,
    }


@router.delete(
    "/incidents/{incident_id}/acknowledgement",
    dependencies=[_write],
    responses=problems(404),
    status_code=204,
)
def withdraw(backend: AskedBackend, incident_id: str) -> Response:
    """Give an incident back."""
    if not backend.controls.withdraw(incident_id):
        raise Problem(404, "nobody has acknowledged this incident")
    return Response(status_code=204)


@router.get(
    "/alerts",
    tags=["alerts"],
    dependencies=[_read],
    responses=problems(),
    response_model=Page[AlertShape],
)
def list_alerts(backend: AskedBackend, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """Return what there was to say, whoever was notified, the latest first."""
    place = parse_cursor(cursor)
    before = None if place is None else (place.at, place.name, place.number)
    found = backend.store.alert_page(before=before, limit=limit + 1)
    return page_of(found, limit, alert_to_dict, _place)


def _place(alert: Alert) -> Place:
    return Place(alert.at, alert.incident.id, alert.sequence)


def _known(backend: Backend, incident_id: str) -> Incident:
    incident = backend.store.incident(incident_id)
    if incident is None:
        raise Problem(404, "there is no incident of this id")
    return incident


def _decision(decision: Decision, say: Phrasing) -> dict[str, Any]:
    return {
        "at": iso(decision.at),
        "receiver": decision.receiver,
        "reason": decision.reason.value,
        "params": dict(decision.params),
        "text": say.reason(decision.reason, decision.params),
        "kind": None if decision.kind is None else decision.kind.value,
    }


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "key": delivery.alert.key,
        "kind": delivery.alert.label,
        "receiver": delivery.receiver,
        "status": delivery.status.value,
        "attempts": delivery.attempts,
        "due_at": iso(delivery.due_at),
        "sent_at": None if delivery.sent_at is None else iso(delivery.sent_at),
        "error": delivery.error,
    }
