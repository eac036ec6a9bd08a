"""The overview: what fails now, then every service, the worst first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np
from fastapi import APIRouter, Request, Response
from markupsafe import Markup
from starlette.datastructures import State

from detector.domain.desk import Acknowledgement
from detector.domain.feed import FeedState
from detector.domain.incident import Incident
from detector.domain.token import Scope
from detector.ports import IncidentQuery
from detector.reports.chart import sparkline
from detector.reports.curve import Curve
from detector.reports.marks import Shade, shade_of
from detector.web.access import needs
from detector.web.backend import AskedBackend, Backend
from detector.web.incidents import incident_view
from detector.web.pages.painting import drawn, page
from detector.web.pages.reader import Reader, reader_of
from detector.web.pages.spoken import what_fails, where
from detector.web.pages.strips import COLUMN, COLUMNS, Strip, Strips
from detector.web.services import UNKNOWN_AFTER, service_names

router = APIRouter(include_in_schema=False)
_STRIPS = "page_strips"
#: Incidents this old still colour a service's sparkline and are named as its last one.
_LATELY = timedelta(days=30)
_MOST_INCIDENTS = 500
_SPARK = (3.0 * COLUMNS + 2.0, 28.0)


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """A card on top of the overview.

    Attributes
    ----------
    state : its severity.
    what, where : in words; ``where`` may be empty.
    voices : how many people complain, None where only counts are known.
    in_hand : by whom it is acknowledged.
    quiet : whether a silence mutes it.
    """

    incident: Incident
    state: str
    service: str
    what: str
    where: str
    age: timedelta
    voices: int | None
    in_hand: str | None
    quiet: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A service in the list.

    Attributes
    ----------
    state : the severity of the open incident, ``fine`` or ``unknown``.
    open, last : the incident that goes on, and the last one of the month.
    spark : its last 24 hours.
    latest, expected : posts in the last half hour, and how many would be usual.
    """

    name: str
    state: str
    open: Incident | None
    last: Incident | None
    spark: Markup
    latest: float | None
    expected: float | None
    observed_at: datetime | None


@router.get("/", dependencies=[needs(Scope.READ)])
def overview(request: Request, backend: AskedBackend, q: str = "") -> Response:
    """Show what fails now and how every service is."""
    reader = reader_of(request, backend.settings)
    open_now = backend.store.incident_page(IncidentQuery(is_open=True, limit=_MOST_INCIDENTS))
    lines = _lines(request, backend, reader, open_now, q.strip())
    worst = sorted(open_now, key=lambda one: (-one.severity, one.onset.at))
    return page(
        request,
        backend,
        "overview.html",
        reader=reader,
        open=[_card(backend, one, reader) for one in worst],
        services=lines,
        observed_at=max((one.observed_at for one in lines if one.observed_at), default=None),
        sick=[feed for feed in backend.store.feeds() if feed.state is not FeedState.ALIVE],
        asked=q.strip(),
    )


def _card(backend: Backend, incident: Incident, reader: Reader) -> OpenIncident:
    view = incident_view(backend, incident.id)
    details = view.details if view else None
    said: Acknowledgement | None = view.acknowledgement if view else None
    return OpenIncident(
        incident,
        incident.severity.label,
        incident.service,
        what_fails(details, reader),
        where(details, reader),
        backend.now() - incident.onset.at,
        details.voices if details else None,
        said.author if said else None,
        bool(view and view.silences),
    )


def _lines(
    request: Request,
    backend: Backend,
    reader: Reader,
    open_now: Sequence[Incident],
    asked: str,
) -> list[Line]:
    now = backend.now()
    names = [name for name in service_names(backend) if asked.casefold() in name.casefold()]
    lately = backend.store.incident_page(IncidentQuery(since=now - _LATELY, limit=_MOST_INCIDENTS))
    incidents = {one.id: one for one in (*lately, *open_now)}.values()
    by_service: dict[str, list[Incident]] = {}
    for one in sorted(incidents, key=lambda i: i.noticed_at, reverse=True):
        by_service.setdefault(one.service, []).append(one)
    strips = _strips(request.app.state).of(backend)
    numbers = _numbers(backend, now)
    alive = {feed.source for feed in backend.store.feeds() if feed.state is FeedState.ALIVE}
    lists = {source for one in incidents if one.is_listed for source in one.sources} & alive
    lines = [
        _line(name, by_service.get(name, []), strips.get(name, []), numbers, lists, reader, now)
        for name in names
    ]
    return sorted(lines, key=_worst_first)


def warm(state: State, backend: Backend) -> None:
    """Read the strips, so that the first one who looks does not wait for them."""
    _strips(state).of(backend)


def _strips(state: State) -> Strips:
    """Return the strips that this application keeps."""
    if not hasattr(state, _STRIPS):
        setattr(state, _STRIPS, Strips())
    kept: Strips = getattr(state, _STRIPS)
    return kept


def _numbers(
    backend: Backend, now: datetime
) -> Mapping[tuple[str, str], tuple[float, float | None]]:
    """Return the posts of the last half hour and how many were expected, by service and source."""
    day = timedelta(days=1)
    frame = backend.store.curve(start=now - UNKNOWN_AFTER, end=now, step=day)
    frame = frame.assign(usual=frame["expected"] * frame["bins"])
    sums = frame.groupby(["service", "source"])[["total", "usual"]].sum(min_count=1)
    return {
        (str(service), str(source)): (float(total), None if usual != usual else float(usual))
        for (service, source), total, usual in sums.itertuples(name=None)
    }


def _line(
    name: str,
    incidents: Sequence[Incident],
    strips: Sequence[Strip],
    numbers: Mapping[tuple[str, str], tuple[float, float | None]],
    lists: Set[str],
    reader: Reader,
    now: datetime,
) -> Line:
    """Return a service as it stands; ``lists`` are the trending lists that are alive."""
    going_on = next((one for one in incidents if one.is_open), None)
    heard = next((s for s in strips if going_on and s.source in going_on.sources), None)
    strip = heard or (strips[0] if strips else None)
    latest, expected = (None, None)
    if strip is not None:
        latest, expected = numbers.get((name, strip.source), (None, None))
    known = any((name, s.source) in numbers or s.is_due(now) for s in strips)
    # A list that is looked at does not show it: that is its way to say that all is well.
    known |= not strips and any(lists & set(one.sources) for one in incidents)
    state = going_on.severity.label if going_on else "fine" if known else "unknown"
    return Line(
        name,
        state,
        going_on,
        incidents[0] if incidents else None,
        _spark(strip, incidents, reader),
        latest,
        expected,
        max((s.observed_until for s in strips if s.observed_until), default=None),
    )


def _spark(strip: Strip | None, incidents: Sequence[Incident], reader: Reader) -> Markup:
    if strip is None:
        return Markup()
    top = max((high for high in strip.high.tolist() if high == high), default=0.0)
    label = reader.words.text("overview.spark", high=reader.speech.number(top))
    return _drawn(strip.start, strip.high.tobytes(), label, tuple(map(shade_of, incidents)))


@lru_cache(maxsize=2000)
def _drawn(start: datetime, high: bytes, label: str, shades: tuple[Shade, ...]) -> Markup:
    """Return a sparkline; of two hundred most are the same at the next look."""
    counts = np.frombuffer(high)
    curve = Curve(start, COLUMN, counts, np.full(COLUMNS, np.nan))
    return drawn(sparkline(curve, label=label, size=_SPARK, shades=shades))


_RANK = {"critical": 0, "major": 1, "minor": 2, "unknown": 3, "fine": 4}


def _worst_first(line: Line) -> tuple[int, str, str]:
    return _RANK[line.state], line.name.casefold(), line.name
