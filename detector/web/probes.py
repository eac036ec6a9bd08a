"""``/healthz``, ``/readyz``: for what restarts us, and for what sends requests our way."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from detector.store.base import IncidentQuery
from detector.web.api.shapes import problems
from detector.web.backend import AskedBackend, Backend
from detector.web.problems import Problem

router = APIRouter(tags=["health"])
#: So many intervals without a finished run are too many; a first run may take long.
MOST_INTERVALS = 5
LEAST_SECONDS = 300.0


@router.get("/healthz", responses=problems())
def healthz() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses=problems())
def readyz(backend: AskedBackend) -> dict[str, Any]:
    """Say that the store can be read and that the pipeline runs; 503 if not."""
    backend.store.incident_page(IncidentQuery(limit=1))
    if (late := lateness(backend)) is not None:
        raise Problem(503, f"the last run ended {late:.0f} s ago")
    report = backend.last_run() if backend.last_run else None
    return {"status": "ready", "runs": report.runs if report else None}


def lateness(backend: Backend) -> float | None:
    """Return how long ago the last run ended if that is too long, in seconds; else None."""
    report = backend.last_run() if backend.last_run else None
    if report is None or report.ended_at is None:
        return None
    ago = (backend.wall() - report.ended_at).total_seconds()
    longest = max(MOST_INTERVALS * report.every, LEAST_SECONDS, 3 * report.seconds)
    return ago if ago > longest else None
