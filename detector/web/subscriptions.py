"""``/badge/NAME.svg``: how a service is, for a page elsewhere."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from fastapi import APIRouter, Query, Response
from icalendar import Calendar, Event

from detector.model.documents import incident_to_dict
from detector.model.incident import Incident
from detector.model.plain_text import plain
from detector.model.spreadsheet import guard_cell
from detector.model.times import iso
from detector.model.token import Scope
from detector.store.base import IncidentQuery
from detector.views.services import (
    ServiceState,
    ServiceSummary,
    service,
)
from detector.web.access import needs
from detector.web.api.shapes import problems
from detector.web.api.values import Named
from detector.web.backend import AskedBackend, Backend
from detector.web.problems import Problem

router = APIRouter(dependencies=[needs(Scope.READ)])
#: White text on each has a contrast of 4.5 and more.
_COLOURS = {
    "fine": "#1a7f37",
    "unknown": "#57606a",
    "minor outage": "#9a6700",
    "major outage": "#bc4c00",
    "critical outage": "#cf222e",
}
_SVG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/svg+xml": {}}, "description": "A badge"}
}


@router.get(
    "/badge/{name:path}.svg",
    tags=["services"],
    responses={**problems(404), **_SVG},
    response_class=Response,
)
def badge(backend: AskedBackend, name: str) -> Response:
    """Return a badge that says how a service is."""
    found = service(backend, name)
    if found is None:
        raise Problem(404, "there is no service of this name")
    headers = {"Cache-Control": "max-age=30", "Cross-Origin-Resource-Policy": "cross-origin"}
    picture = drawn(plain(name, longest=40), _said(found))
    return Response(picture, media_type="image/svg+xml", headers=headers)


def _said(found: ServiceSummary) -> str:
    if found.state is ServiceState.OUTAGE and found.severity is not None:
        return f"{found.severity.label} outage"
    return found.state.value


def drawn(label: str, state: str) -> str:
    """Return the picture: the label on grey, the state on its colour."""
    left, right = _width(label), _width(state)
    title = escape(f"{label}: {state}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img">'
        f"<title>{title}</title>"
        f'<rect width="{left}" height="20" fill="#24292f"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{_COLOURS[state]}"/>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,sans-serif" font-size="11">'
        f'<text x="{left / 2:g}" y="14">{escape(label)}</text>'
        f'<text x="{left + right / 2:g}" y="14">{escape(state)}</text></g></svg>'
    )


def _width(text: str) -> int:
    """Return about how wide ``text`` is drawn: Chinese characters take twice the room."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return 12 + 7 * (len(text) - wide) + 12 * wide


# Incidents for programs that follow lists: Atom, iCalendar, CSV.


_ATOM = "http://www.w3.org/2005/Atom"
#: So many of the latest incidents are told.
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
def atom(backend: AskedBackend, service: Service = None) -> Response:
    """Return the latest incidents as an Atom feed (RFC 4287, 2005)."""
    found = _latest(backend, service)
    return Response(_atom(backend, found), media_type="application/atom+xml")


@router.get(
    "/incidents.ics",
    tags=["incidents"],
    responses=_answers("text/calendar"),
    response_class=Response,
)
def calendar(backend: AskedBackend, service: Service = None) -> Response:
    """Return the latest incidents as a calendar (RFC 5545, 2009)."""
    calendar = Calendar()
    calendar.add("prodid", "-//outage-detector//incidents//EN")
    calendar.add("version", "2.0")
    for incident in _latest(backend, service):
        calendar.add_component(_event(backend, incident))
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
    told = {"Content-Disposition": 'attachment; filename="incidents.csv"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=told)


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


def _title(incident: Incident) -> str:
    state = "outage" if incident.is_open else "outage (over)"
    return f"{plain(incident.service)}: {incident.severity.label} {state}"


def _words(incident: Incident) -> str:
    """Return the incident in a sentence."""
    onset = incident.onset
    end = "It goes on." if incident.ended_at is None else f"It ended at {iso(incident.ended_at)}."
    return (
        f"Began at {iso(onset.at)} (between {iso(onset.earliest)} and {iso(onset.latest)}), "
        f"noticed at {iso(incident.noticed_at)}. {end} Peak {incident.peak_count:,.0f} complaints "
        f"in a bin at {iso(incident.peak_at)}. Seen at {plain(', '.join(incident.sources))}."
    )


def _address(backend: Backend, incident: Incident) -> str:
    return f"{backend.url}/incidents/{quote(incident.id, safe='')}"


def _atom(backend: Backend, found: Sequence[Incident]) -> bytes:
    ET.register_namespace("", _ATOM)
    feed = ET.Element(f"{{{_ATOM}}}feed")
    updated = max((_changed(incident) for incident in found), default="1970-01-01T00:00:00Z")
    _add(feed, "id", f"{backend.url}/incidents.atom")
    _add(feed, "title", "Outages")
    _add(feed, "updated", updated)
    _add(feed, "link", href=f"{backend.url}/incidents.atom", rel="self")
    _add(_add(feed, "author"), "name", "outage-detector")
    for incident in found:
        entry = _add(feed, "entry")
        _add(entry, "id", _address(backend, incident))
        _add(entry, "title", _title(incident))
        _add(entry, "published", iso(incident.noticed_at))
        _add(entry, "updated", _changed(incident))
        _add(entry, "link", href=_address(backend, incident))
        _add(entry, "summary", _words(incident))
    body: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return body


def _changed(incident: Incident) -> str:
    return iso(incident.resolved_at or incident.noticed_at)


def _add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    child.text = text
    return child


def _event(backend: Backend, incident: Incident) -> Event:
    event = Event()
    event.add("uid", f"{incident.id}@outage-detector")
    event.add("dtstamp", incident.resolved_at or incident.noticed_at)
    event.add("dtstart", incident.onset.at.replace(microsecond=0))
    event.add("dtend", max(incident.ended_at or backend.now(), incident.onset.at))
    event.add("summary", _title(incident))
    event.add("description", _words(incident))
    event.add("url", _address(backend, incident))
    event.add("status", "CONFIRMED")
    return event
