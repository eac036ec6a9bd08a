"""A service's page: its counts against the expected range, its incidents; the zoom's numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from numpy.typing import NDArray

from detector.model.incident import Incident
from detector.model.series import Floats
from detector.model.times import iso
from detector.model.token import Scope
from detector.store.base import IncidentQuery
from detector.views.curve import Curve, columns
from detector.views.expected_range import band
from detector.views.recorded_curves import recorded_curves
from detector.views.services import service as service_now
from detector.web.access import needs
from detector.web.backend import AskedBackend, Backend
from detector.web.pages.charts import figures
from detector.web.pages.presentation import Presentation, presentation_for
from detector.web.pages.rendering import page

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
SPANS = {
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
}
_MOST_POINTS = 1500
_MOST_INCIDENTS = 200
#: Texts of the chart that zooms.
_ZOOM_TEXTS = (
    "counts",
    "expected",
    "help",
    "failed",
    "loading",
    "reset",
    "in",
    "out",
    "earlier",
    "later",
)


@router.get("/service")
def service(request: Request, backend: AskedBackend, name: str, span: str = "24h") -> Response:
    """Show one service over a day, a week, a month or a quarter."""
    found = service_now(backend, name)
    if found is None:
        raise HTTPException(404)
    span = span if span in SPANS else "24h"
    show = presentation_for(request, backend.settings)
    end = backend.now()
    start = end - SPANS[span]
    incidents = _incidents(backend, name, start)
    curves = recorded_curves(backend.store, name, start, end, incidents=incidents)
    return page(
        request,
        backend,
        "service.html",
        show=show,
        name=name,
        state=found.label,
        open=found.incident if found.severity is not None else None,
        span=span,
        spans=tuple(SPANS),
        start=iso(start),
        end=iso(end),
        curves=figures(curves, show, incidents=incidents, tables=True),
        incidents=backend.store.incident_page(IncidentQuery(name, limit=30)),
        here_service=name,
        zoom_texts=_zoom_texts(show),
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
    curves = recorded_curves(backend.store, name, start, end, incidents=incidents)
    if (found := curves.get(source)) is None:
        raise HTTPException(404)
    return JSONResponse({**_numbers(found), "incidents": [_shade(one) for one in incidents]})


def _incidents(backend: Backend, name: str, start: datetime) -> tuple[Incident, ...]:
    """Return the service's incidents that reach into the time since ``start``."""
    found = backend.store.incident_page(IncidentQuery(name, limit=_MOST_INCIDENTS))
    return tuple(one for one in found if one.ended_at is None or one.ended_at > start)


def _zoom_texts(show: Presentation) -> dict[str, str]:
    """Return the texts of the chart that zooms, and how it writes times."""
    texts = show.texts
    return {
        **{name: texts(f"page.service.zoom_{name}") for name in _ZOOM_TEXTS},
        "not_observed": texts("chart.not_observed"),
        "day": texts.template("format.day"),
        "instant": texts.template("format.instant"),
        "weekdays": "\n".join(show.format.weekdays()),
    }


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
        "bin": curve.width.total_seconds() * 1000,
        "listed": curve.listed,
        **{name: _known(values) for name, values in named.items()},
        "unobserved": _gaps(cols.left, cols.width, cols.seen < 0.5),
    }


def _known(values: Floats) -> list[float | None]:
    return [round(v, 3) if v == v else None for v in values.tolist()]


def _gaps(left: Floats, width: float, gap: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], gap, [False]]).astype(np.int8)))
    firsts, ends = edges[::2], edges[1::2]
    return [
        (int(left[a] * 1000), int((left[b - 1] + width) * 1000))
        for a, b in zip(firsts.tolist(), ends.tolist(), strict=True)
    ]


def _shade(incident: Incident) -> dict[str, Any]:
    onset = incident.onset
    return {
        "start": iso(onset.at),
        "earliest": iso(onset.earliest),
        "latest": iso(onset.latest),
        "end": None if incident.ended_at is None else iso(incident.ended_at),
        "severity": incident.severity.label,
    }
