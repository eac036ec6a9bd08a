"""``/v1/services``, ``/v1/series``: how services are, and what was counted of them."""

from __future__ import annotations

from datetime import timedelta
from math import isfinite
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query

from detector.model.documents import incident_to_dict
from detector.model.series import Floats
from detector.model.times import from_seconds, iso
from detector.model.token import Scope
from detector.views.count_series import Series, SourceSeries, series
from detector.views.services import LatestBin, ServiceSummary, service, service_names, services
from detector.web.access import needs
from detector.web.api.shapes import Page, SeriesShape, ServiceShape, problems
from detector.web.api.values import Duration, Instant, Named
from detector.web.backend import AskedBackend
from detector.web.problems import Problem

router = APIRouter(prefix="/v1", tags=["services"], dependencies=[needs(Scope.READ)])
LONGEST = timedelta(days=400)
MOST_STEPS = 20_000


@router.get("/services", responses=problems(), response_model=Page[ServiceShape])
def list_services(backend: AskedBackend) -> Any:
    """Return every service as it stands, those with an outage first."""
    return {"items": [_service(found) for found in services(backend)], "next": None}


@router.get("/services/{name:path}", responses=problems(404), response_model=ServiceShape)
def show_service(backend: AskedBackend, name: str) -> Any:
    """Return one service as it stands."""
    found = service(backend, name)
    if found is None:
        raise Problem(404, "there is no service of this name")
    return _service(found)


@router.get("/series", responses=problems(404), response_model=SeriesShape)
def show_series(
    backend: AskedBackend,
    service: Annotated[Named, Query(description="Its name.")],
    start: Annotated[Instant | None, Query(alias="from", description="A day before `to`.")] = None,
    end: Annotated[Instant | None, Query(alias="to", description="Exclusive; now.")] = None,
    step: Annotated[
        Duration | None, Query(description="Finest that gives `points`; whole seconds.")
    ] = None,
    points: Annotated[int, Query(ge=1, le=5_000, description="At most so many steps.")] = 720,
) -> Any:
    """Return counts, expected counts and evidence over ``[from, to)``; steps keep the peaks."""
    end = end or backend.now()
    start = start or end - timedelta(days=1)
    _check_span(start, end, step)
    if service not in service_names(backend):
        raise Problem(404, "there is no service of this name")
    return _series(series(backend.store, service, start, end, step=step, points=points))


def _check_span(start: Instant, end: Instant, step: timedelta | None) -> None:
    if not start < end <= start + LONGEST:
        raise _wrong("from", f"`from` must lie before `to`, at most {LONGEST.days} days")
    if step is not None and (step < timedelta(seconds=1) or step % timedelta(seconds=1)):
        raise _wrong("step", "whole seconds, at least one")
    if step is not None and (end - start) / step > MOST_STEPS:
        raise _wrong("step", f"gives more than {MOST_STEPS:,} steps; take a longer one")


def _wrong(parameter: str, detail: str) -> Problem:
    errors = [{"pointer": f"/query/{parameter}", "detail": detail}]
    return Problem(422, "the request is not what this address takes", errors=errors)


def _service(found: ServiceSummary) -> dict[str, Any]:
    return {
        "name": found.name,
        "configured": found.is_configured,
        "state": found.state.value,
        "severity": found.severity.label if found.severity else None,
        "incident": incident_to_dict(found.incident) if found.incident else None,
        "acknowledged_by": found.acknowledgement.author if found.acknowledgement else None,
        "silenced_until": iso(found.silence.ends_at) if found.silence else None,
        "latest": [_latest(latest) for latest in found.latest],
    }


def _latest(latest: LatestBin) -> dict[str, Any]:
    numbers = {"count": latest.count, "expected": latest.expected, "evidence": latest.evidence}
    known = {name: value if isfinite(value) else None for name, value in numbers.items()}
    return {"source": latest.source, "time": iso(latest.time), **known}


def _series(found: Series) -> dict[str, Any]:
    return {
        "service": found.service,
        "from": iso(found.start),
        "to": iso(found.end),
        "step": found.step.total_seconds(),
        "sources": [_source(source) for source in found.sources],
    }


def _source(found: SourceSeries) -> dict[str, Any]:
    numbers = ("count", "low", "total", "expected", "evidence")
    return {
        "source": found.source,
        "time": [iso(from_seconds(at)) for at in found.times],
        **{name: _numbers(getattr(found, name)) for name in numbers},
        "bins": found.bins.astype(int).tolist(),
    }


def _numbers(values: Floats) -> list[float | None]:
    """Return ``values`` to four significant decimals; None for nan, which JSON lacks."""
    rounded = np.round(values, 4).tolist()
    return [value if isfinite(value) else None for value in rounded]
