"""Incidents for programs that follow lists: Atom, iCalendar, CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from fastapi import APIRouter, Query, Response
from icalendar import Calendar, Event

from detector.model.documents import incident_to_dict
from detector.model.incident import Incident
from detector.model.plain_text import guard_cell, plain
from detector.model.times import iso
from detector.model.token import Scope
from detector.store.base import IncidentQuery
from detector.text.phrasing import Phrasing, phrasing
from detector.text.rounding import to_the_minute
from detector.web.access import needs
from detector.web.api.shapes import problems
from detector.web.api.values import Lang, Named
from detector.web.backend import AskedBackend, Backend
from detector.web.pages.language import DEFAULT
from detector.web.pages.presentation import own_zone

router = APIRouter(dependencies=[needs(Scope.READ)])
_ATOM = "http://www.w3.org/2005/Atom"
#: So many of the latest incidents are listed.
SHOWN = 100

Service = Annotated[Named | None, Query(description="Of this one only.")]


def _answers(media_type: str) -> dict[int | str, dict[str, Any]]:
    content = {media_type: {"schema": {"type": "string"}}}
    return {**problems(), 200: {"content": content, "description": "Incidents"}}


@router.get(
    "/incidents.atom",
    tags=["incidents"],
    responses=_answers("application/atom+xml"),
    response_class=Response,
)
def atom(backend: AskedBackend, service: Service = None, lang: Lang = DEFAULT) -> Response:
    """Return the latest incidents as an Atom feed (RFC 4287, 2005)."""
    found, say = _latest(backend, service), phrasing(lang, own_zone(backend.settings))
    return Response(_atom(backend, found, say), media_type="application/atom+xml")


@router.get(
    "/incidents.ics",
    tags=["incidents"],
    responses=_answers("text/calendar"),
    response_class=Response,
)
def calendar(backend: AskedBackend, service: Service = None, lang: Lang = DEFAULT) -> Response:
    """Return the latest incidents as a calendar (RFC 5545, 2009)."""
    say = phrasing(lang, own_zone(backend.settings))
    calendar = Calendar()
    calendar.add("prodid", f"-//outage-detector//incidents//{lang.upper()}")
    calendar.add("version", "2.0")
    for incident in _latest(backend, service):
        calendar.add_component(_event(backend, incident, say))
    return Response(calendar.to_ical(), media_type="text/calendar")


@router.get(
    "/incidents.csv", tags=["incidents"], responses=_answers("text/csv"), response_class=Response
)
def table(backend: AskedBackend, service: Service = None) -> Response:
    """Return all incidents as a table; no cell is a formula to a spreadsheet."""
    found = backend.store.incident_page(IncidentQuery(service))
    text = io.StringIO()
    rows = [incident_to_dict(incident) for incident in found]
    columns = list(incident_to_dict(found[0])) if found else ["id", "service"]
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    attached = {"Content-Disposition": 'attachment; filename="incidents.csv"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=attached)


def _latest(backend: Backend, service: str | None) -> Sequence[Incident]:
    return backend.store.incident_page(IncidentQuery(service, limit=SHOWN))


def _cell(value: object) -> str:
    """Return a cell; one that a spreadsheet would calculate is quoted by an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return plain(guard_cell(text), longest=1_000)


def _title(incident: Incident, say: Phrasing) -> str:
    show, since = say.format, to_the_minute(incident.onset).at
    shown = {
        "service": say.safe(incident.service),
        "severity": say.severity(incident.severity.label),
        "since": show.zoned(since),
    }
    if incident.is_open:
        return say.texts("message.title.opened", **shown)
    if incident.ended_at is None:
        return say.texts("message.title.resolved_sometime", **shown)
    length = show.duration(incident.ended_at - incident.onset.at)
    ended = show.zoned(incident.ended_at)
    return say.texts("message.title.resolved", **shown, ended=ended, length=length)


def _summary(incident: Incident, say: Phrasing) -> str:
    """Return the incident in words, a fact on each line."""
    facts = {
        "start": say.texts(
            "message.text.start",
            at=say.format.full(to_the_minute(incident.onset).at),
            interval=say.start_interval(incident.onset),
        ),
        "noticed": say.format.full(incident.noticed_at),
        "end": "" if incident.ended_at is None else say.format.full(incident.ended_at),
        "peak": say.size(incident),
        "sources": say.plain_list(incident.sources),
    }
    lines = [(f"message.label.{key}", text) for key, text in facts.items() if text]
    colon = say.texts("page.incident.colon")
    return "\n".join(f"{say.texts(key)}{colon}{text}" for key, text in lines)


def _address(backend: Backend, incident: Incident) -> str:
    return f"{backend.url}/incidents/{quote(incident.id, safe='')}"


def _atom(backend: Backend, found: Sequence[Incident], say: Phrasing) -> bytes:
    ET.register_namespace("", _ATOM)
    feed = ET.Element(f"{{{_ATOM}}}feed")
    updated = max((_changed(incident) for incident in found), default="1970-01-01T00:00:00Z")
    _add(feed, "id", f"{backend.url}/incidents.atom")
    _add(feed, "title", say.texts("report.title"))
    _add(feed, "updated", updated)
    _add(feed, "link", href=f"{backend.url}/incidents.atom", rel="self")
    _add(_add(feed, "author"), "name", "outage-detector")
    for incident in found:
        entry = _add(feed, "entry")
        _add(entry, "id", _address(backend, incident))
        _add(entry, "title", _title(incident, say))
        _add(entry, "published", iso(incident.noticed_at))
        _add(entry, "updated", _changed(incident))
        _add(entry, "link", href=_address(backend, incident))
        _add(entry, "summary", _summary(incident, say))
    body: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return body


def _changed(incident: Incident) -> str:
    return iso(incident.resolved_at or incident.noticed_at)


def _add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    child.text = text
    return child


def _event(backend: Backend, incident: Incident, say: Phrasing) -> Event:
    event = Event()
    event.add("uid", f"{incident.id}@outage-detector")
    event.add("dtstamp", incident.resolved_at or incident.noticed_at)
    event.add("dtstart", incident.onset.at.replace(microsecond=0))
    event.add("dtend", max(incident.ended_at or backend.now(), incident.onset.at))
    event.add("summary", _title(incident, say))
    event.add("description", _summary(incident, say))
    event.add("url", _address(backend, incident))
    event.add("status", "CONFIRMED")
    return event
