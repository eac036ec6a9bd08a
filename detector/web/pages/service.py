"""A service's page: its counts against the expected band, its incidents; and the zoom's numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from detector.model.incident import Incident
from detector.model.times import iso
from detector.model.token import Scope
from detector.store.base import IncidentQuery
from detector.views.curve import Curve, band, columns
from detector.views.services import UNKNOWN_AFTER, service_names
from detector.web.access import needs
from detector.web.backend import AskedBackend, Backend
from detector.web.pages.charts import curves, figures
from detector.web.pages.reader import Reader, reader_of
from detector.web.pages.rendering import page, plotly_styles

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
SPANS = {
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
}
_MOST_POINTS = 1500
_MOST_INCIDENTS = 200
_ZOOM_WORDS = (
    "zoom_counts", "zoom_range", "zoom_expected", "zoom_band", "zoom_help",
    "zoom_failed", "zoom_reset", "zoom_loading",
)  # fmt: skip


@router.get("/service")
def service(request: Request, backend: AskedBackend, name: str, span: str = "24h") -> Response:
    """Show one service over a day, a week, a month or a quarter."""
    if name not in service_names(backend):
        raise HTTPException(404)
    span = span if span in SPANS else "24h"
    reader = reader_of(request, backend.settings)
    end = backend.now()
    start = end - SPANS[span]
    incidents = _incidents(backend, name, start)
    found = curves(backend, name, start, end, incidents=incidents)
    going_on = next((one for one in incidents if one.is_open), None)
    return page(
        request,
        backend,
        "service.html",
        reader=reader,
        name=name,
        state=_state(going_on, backend, name),
        open=going_on,
        span=span,
        spans=tuple(SPANS),
        start=iso(start),
        end=iso(end),
        curves=figures(found, reader, incidents=incidents, tables=True),
        incidents=backend.store.incident_page(IncidentQuery(name, limit=30)),
        here_service=name,
        zoom_words=_zoom_words(reader),
        plotly_styles=plotly_styles(),
    )


@router.get("/service/curve.json")
def curve_numbers(
    backend: AskedBackend, name: str, source: str, start: datetime, end: datetime
) -> Response:
    """Return one source's counts for the chart that zooms: at most `_MOST_POINTS` columns."""
    if start.tzinfo is None or end.tzinfo is None or not timedelta(0) < end - start:
        raise HTTPException(422, "start and end must have an offset, start before end")
    end = min(end, backend.now())
    start = max(start, end - SPANS["90d"])
    if not start < end:
        raise HTTPException(422, "nothing was counted yet in that time")
    incidents = _incidents(backend, name, start)
    found = curves(backend, name, start, end, incidents=incidents).get(source)
    if found is None:
        raise HTTPException(404)
    return JSONResponse({**_numbers(found), "incidents": [_shade(one) for one in incidents]})


def _incidents(backend: Backend, name: str, start: datetime) -> tuple[Incident, ...]:
    """Return the service's incidents that reach into the time since ``start``."""
    found = backend.store.incident_page(IncidentQuery(name, limit=_MOST_INCIDENTS))
    return tuple(one for one in found if one.ended_at is None or one.ended_at > start)


def _state(going_on: Incident | None, backend: Backend, name: str) -> str:
    if going_on is not None:
        return going_on.severity.label
    now = backend.now()
    seen = not backend.store.counts(name, start=now - UNKNOWN_AFTER, end=now).empty
    return "fine" if seen else "unknown"


def _zoom_words(reader: Reader) -> dict[str, str]:
    return {name: reader.words.text(f"service.{name}") for name in _ZOOM_WORDS}


def _numbers(curve: Curve) -> dict[str, Any]:
    """Return the columns of ``curve`` as JSON: milliseconds since 1970, null where unknown."""
    cols = columns(curve, most=_MOST_POINTS)
    low, high = band(cols.expected, curve.dispersion)
    named = {
        "mean": cols.mean,
        "low": cols.low,
        "high": cols.high,
        "expected": cols.expected,
        "band_low": low,
        "band_high": high,
    }
    return {
        "time": (cols.left * 1000).astype(np.int64).tolist(),
        "width": cols.width * 1000,
        "listed": curve.listed,
        **{name: _known(values) for name, values in named.items()},
        "unobserved": _gaps(cols.left, cols.width, cols.seen < 0.5),
    }


def _known(values: np.ndarray[Any, np.dtype[np.float64]]) -> list[float | None]:
    return [round(v, 3) if v == v else None for v in values.tolist()]


def _gaps(left: Any, width: float, gap: Any) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], gap, [False]]).astype(np.int8)))
    firsts, ends = edges[::2], edges[1::2]
    return [
        (int(left[a] * 1000), int((left[b - 1] + width) * 1000))
        for a, b in zip(firsts.tolist(), ends.tolist(), strict=True)
    ]


def _shade(incident: Incident) -> dict[str, Any]:
    onset = incident.onset
    ends = {"end": None if incident.ended_at is None else iso(incident.ended_at)}
    return {
        "start": iso(onset.at),
        "earliest": iso(onset.earliest),
        "latest": iso(onset.latest),
        **ends,
        "severity": incident.severity.label,
    }
