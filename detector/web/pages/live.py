"""Live updates: the open page is told that something changed, and fetches itself anew."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from detector.domain.token import Scope
from detector.web.access import needs
from detector.web.problems import Problem
from detector.web.pulse import AskedPulse, Pulse

router = APIRouter(include_in_schema=False)
#: Milliseconds after which a browser that lost us asks again.
_RETRY = 3_000


@router.get("/live", dependencies=[needs(Scope.READ)])
async def live(pulse: AskedPulse) -> Response:
    """Stream the revision of what pages show, whenever it changes."""
    if pulse.is_full:
        raise Problem(503, "too many pages listen; load it anew", headers={"Retry-After": "30"})
    return EventSourceResponse(_events(pulse), ping=20, headers={"X-Accel-Buffering": "no"})


async def _events(pulse: Pulse) -> AsyncIterator[ServerSentEvent]:
    async for revision in pulse.changes():
        yield ServerSentEvent(data=revision, event="changed", id=revision, retry=_RETRY)
