"""A day of every service for the overview, read once and kept up to date at its end."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from fastapi import APIRouter, Request, Response
from markupsafe import Markup
from numpy.typing import NDArray
from starlette.datastructures import State

from detector.model.health import SourceState
from detector.model.incident import Incident
from detector.model.series import Floats
from detector.model.silence import Acknowledgement
from detector.model.times import floor_to
from detector.model.token import Scope
from detector.report.chart import sparkline
from detector.report.chart_marks import Shade, shade_of
from detector.store.base import IncidentQuery
from detector.views.curve import Curve
from detector.views.incident import incident_view
from detector.views.services import UNKNOWN_AFTER, service_names
from detector.web.access import needs
from detector.web.backend import AskedBackend, Backend
from detector.web.pages.reader import Reader, reader_of
from detector.web.pages.rendering import drawn, page
from detector.web.pages.wording import what_fails, where

COLUMN = timedelta(minutes=30)
COLUMNS = 48
#: The last columns are read again at each look: posts come late, and the newest one grows.
_TAIL = 2 * COLUMN
#: After so long all is read again: what was counted long ago may have been counted anew.
_KEPT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """A day of one service at one source.

    Attributes
    ----------
    start : left edge of the first column.
    high : shape (COLUMNS,), the highest bin of each column, nan where none was observed.
    """

    service: str
    source: str
    start: datetime
    high: Floats

    @property
    def observed_until(self) -> datetime | None:
        """Right edge of the last column in which anything was observed."""
        seen = np.flatnonzero(np.isfinite(self.high))
        return self.start + COLUMN * (int(seen[-1]) + 1) if len(seen) else None

    def is_due(self, now: datetime) -> bool:
        """Return whether its next bin may still come: bins wider than a column come seldom."""
        seen = np.flatnonzero(np.isfinite(self.high))
        if len(seen) < 3 or self.observed_until is None:
            return False
        apart = int(np.median(np.diff(seen)))
        return apart > 1 and now - self.observed_until <= apart * COLUMN


class Strips:
    """Strips of all services, kept from one look to the next. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frame: pd.DataFrame | None = None
        self._start = self._read_at = datetime.min.replace(tzinfo=UTC)

    def of(self, backend: Backend) -> dict[str, list[Strip]]:
        """Return the strips that end now, by service, the one with the most posts first."""
        now = backend.now()
        start = floor_to(now, COLUMN) - (COLUMNS - 1) * COLUMN
        with self._lock:
            frame = self._read(backend, start, now)
        place = ((frame["time"] - start) // COLUMN).to_numpy()
        counts = frame["count"].to_numpy()
        found: dict[str, list[Strip]] = {}
        groups: dict[Any, Any] = frame.groupby(["service", "source"]).indices
        for (service, source), rows in groups.items():
            strip = Strip(service, source, start, _laid_out(place[rows], counts[rows]))
            found.setdefault(service, []).append(strip)
        for strips in found.values():
            strips.sort(key=lambda strip: (-float(np.nansum(strip.high)), strip.source))
        return found

    def _read(self, backend: Backend, start: datetime, now: datetime) -> pd.DataFrame:
        wall = backend.wall()
        kept, fresh_from = self._frame, floor_to(now, COLUMN) - _TAIL
        # An accelerated clock leaps: what lies between was never read.
        if kept is None or wall - self._read_at > _KEPT or start - self._start > _TAIL:
            self._read_at, fresh_from, kept = wall, start, None
        self._start = start
        fresh = backend.store.curve(start=fresh_from, end=now, step=COLUMN)
        fresh = fresh[["service", "source", "time", "count"]]
        if kept is not None:
            kept = kept[(kept["time"] >= start) & (kept["time"] < fresh_from)]
            fresh = pd.concat([kept, fresh], ignore_index=True)
        self._frame = fresh
        return fresh


def _laid_out(place: NDArray[np.integer[Any]], counts: Floats) -> Floats:
    high = np.full(COLUMNS, np.nan)
    high[place] = counts
    high.flags.writeable = False
    return high


# The overview: what fails now, then every service, the worst first.


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
        sick=[feed for feed in backend.store.feeds() if feed.state is not SourceState.UP],
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
        details.authors if details else None,
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
    alive = {feed.source for feed in backend.store.feeds() if feed.state is SourceState.UP}
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
