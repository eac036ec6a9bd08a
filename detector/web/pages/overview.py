"""The overview: what fails now, then every service, the worst first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np
from fastapi import APIRouter, Request, Response
from markupsafe import Markup
from starlette.datastructures import State

from detector.model.health import SourceState
from detector.model.incident import Incident
from detector.model.token import Scope
from detector.report.chart import sparkline
from detector.report.chart_marks import Shade, shade_of
from detector.store.base import IncidentQuery
from detector.views.curve import Curve
from detector.views.day_strips import COLUMN, COLUMNS, DayStrip, DayStrips
from detector.views.incident_record import observed_until
from detector.views.incident_view import incident_view
from detector.views.services import (
    UNKNOWN_AFTER,
    ServiceState,
    ServiceStatus,
    service_names,
    service_statuses,
)
from detector.web.access import needs
from detector.web.backend import AskedBackend, Backend
from detector.web.pages.presentation import Presentation, presentation_for
from detector.web.pages.rendering import drawn, page

router = APIRouter(include_in_schema=False)
_STRIPS = "page_strips"
#: Incidents this old still colour a service's sparkline and are named as its last one.
_LATELY = timedelta(days=30)
_MOST_INCIDENTS = 500
_SPARK = (3.0 * COLUMNS + 2.0, 28.0)
_RANK = {"critical": 0, "major": 1, "minor": 2, "unknown": 3, "fine": 4}

#: Posts of the last half hour and how many were expected, by service and source.
_Numbers = Mapping[tuple[str, str], tuple[float, float | None]]


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """A card on top of the overview.

    Attributes
    ----------
    state : its severity.
    what, where : in words; ``where`` may be empty.
    authors : how many people complain, None where only counts are known.
    acknowledged_by : who is handling it.
    is_silenced : whether a silence matches it.
    """

    incident: Incident
    state: str
    service: str
    what: str
    where: str
    age: timedelta
    authors: int | None
    acknowledged_by: str | None
    is_silenced: bool


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """A service in the list.

    Attributes
    ----------
    state : the severity of the open incident, ``fine`` or ``unknown``.
    open, last : the open incident, and the last one of the month.
    spark : its last 24 hours.
    latest, expected : posts in the last half hour, and how many are expected.
    observed_at : left edge of its last observed bin, where its state is unknown.
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
    show = presentation_for(request, backend.settings)
    open_now = backend.store.incident_page(IncidentQuery(is_open=True, limit=_MOST_INCIDENTS))
    lines = _lines(request, backend, show, open_now, q.strip())
    worst = sorted(open_now, key=lambda one: (-one.severity, one.onset.at))
    return page(
        request,
        backend,
        "overview.html",
        show=show,
        open=[_card(backend, one, show) for one in worst],
        services=lines,
        observed_at=observed_until(backend.store),
        problems=[one for one in backend.store.source_health() if one.state is not SourceState.UP],
        asked=q.strip(),
    )


def warm(state: State, backend: Backend) -> None:
    """Read the strips, so that the first one who looks does not wait for them."""
    _strips(state).of(backend)


def _card(backend: Backend, incident: Incident, show: Presentation) -> OpenIncident:
    view = incident_view(backend, incident.id)
    details = view.details if view else None
    acknowledgement = view.acknowledgement if view else None
    return OpenIncident(
        incident,
        incident.severity.label,
        incident.service,
        show.say.what_fails(details),
        show.say.where(details),
        backend.now() - incident.onset.at,
        details.authors if details else None,
        acknowledgement.author if acknowledgement else None,
        bool(view and view.silences),
    )


def _lines(
    request: Request,
    backend: Backend,
    show: Presentation,
    open_now: Sequence[Incident],
    asked: str,
) -> list[ServiceLine]:
    now = backend.now()
    lately = backend.store.incident_page(IncidentQuery(since=now - _LATELY, limit=_MOST_INCIDENTS))
    incidents = {one.id: one for one in (*lately, *open_now)}.values()
    by_service: dict[str, list[Incident]] = {}
    for one in sorted(incidents, key=lambda i: i.noticed_at, reverse=True):
        by_service.setdefault(one.service, []).append(one)
    strips = _strips(request.app.state).of(backend)
    numbers = _numbers(backend, now)
    names = [name for name in service_names(backend) if asked.casefold() in name.casefold()]
    fresh = {name for name, _ in numbers}
    found = service_statuses(backend.store, names, now, fresh=fresh)
    lines = [
        _line(name, one, by_service.get(name, []), strips.get(name, []), numbers, show)
        for name, one in found.items()
    ]
    return sorted(lines, key=_worst_first)


def _line(
    name: str,
    found: ServiceStatus,
    incidents: Sequence[Incident],
    strips: Sequence[DayStrip],
    numbers: _Numbers,
    show: Presentation,
) -> ServiceLine:
    is_open = found.incident if found.state is ServiceState.OUTAGE else None
    seen = next((s for s in strips if is_open and s.source in is_open.sources), None)
    strip = seen or (strips[0] if strips else None)
    latest, expected = (None, None)
    if strip is not None:
        latest, expected = numbers.get((name, strip.source), (None, None))
    return ServiceLine(
        name,
        found.label,
        is_open,
        incidents[0] if incidents else None,
        _spark(strip, incidents, show),
        latest,
        expected,
        found.observed_at,
    )


def _strips(state: State) -> DayStrips:
    """Return the strips that this application keeps."""
    if not hasattr(state, _STRIPS):
        setattr(state, _STRIPS, DayStrips())
    kept: DayStrips = getattr(state, _STRIPS)
    return kept


def _numbers(backend: Backend, now: datetime) -> _Numbers:
    day = timedelta(days=1)
    frame = backend.store.curve(start=now - UNKNOWN_AFTER, end=now, step=day)
    frame = frame.assign(all_expected=frame["expected"] * frame["bins"])
    sums = frame.groupby(["service", "source"])[["total", "all_expected"]].sum(min_count=1)
    return {
        (str(service), str(source)): (float(total), None if np.isnan(most) else float(most))
        for (service, source), total, most in sums.itertuples(name=None)
    }


def _spark(strip: DayStrip | None, incidents: Sequence[Incident], show: Presentation) -> Markup:
    if strip is None:
        return Markup()
    top = float(np.nanmax(strip.high, initial=0.0))
    label = show.texts("page.overview.spark", high=show.format.number(top))
    return _drawn(strip.start, strip.high.tobytes(), label, tuple(map(shade_of, incidents)))


@lru_cache(maxsize=2000)
def _drawn(start: datetime, high: bytes, label: str, shades: tuple[Shade, ...]) -> Markup:
    """Return a sparkline; of two hundred most are the same the next time."""
    counts = np.frombuffer(high)
    curve = Curve(start, COLUMN, counts, np.full(COLUMNS, np.nan))
    return drawn(sparkline(curve, label=label, size=_SPARK, shades=shades))


def _worst_first(line: ServiceLine) -> tuple[int, str, str]:
    return _RANK[line.state], line.name.casefold(), line.name
