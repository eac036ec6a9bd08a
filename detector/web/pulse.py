"""Live updates: an open page is told that something changed, and fetches itself anew."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from detector.errors import StoreError
from detector.model.token import Scope
from detector.store.base import IncidentQuery
from detector.web.access import needs
from detector.web.backend import Backend
from detector.web.problems import Problem

router = APIRouter(include_in_schema=False)
#: Milliseconds after which a browser that lost us asks again.
_RETRY = 3_000
#: Seconds between two looks at the store while somebody listens.
EVERY = 1.0
#: So many may listen at once; each holds a connection for as long as it likes.
MOST_LISTENERS = 200


def revision(backend: Backend) -> str:
    """Return a text that is another one when incidents, alerts, sources or controls changed."""
    seen = (
        backend.store.incident_page(IncidentQuery(limit=50)),
        [alert.key for alert in backend.store.alerts(limit=1)],
        backend.store.source_health(),
        backend.controls.silences(ending_after=backend.wall()),
        backend.controls.acknowledgements(),
    )
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


class Pulse:
    """One look at the store for all who listen.

    Parameters
    ----------
    backend : where to look.
    every : seconds between looks.
    """

    def __init__(self, backend: Backend, *, every: float = EVERY) -> None:
        self._backend = backend
        self._every = every
        self._listeners = 0
        self._closed = False
        self._revision = ""
        self._beat = asyncio.Condition()

    @property
    def is_full(self) -> bool:
        """Whether as many listen as may."""
        return self._listeners >= MOST_LISTENERS

    async def changes(self) -> AsyncIterator[str]:
        """Yield the revision as it is, then every new one, until the server stops."""
        self._listeners += 1
        try:
            seen = ""
            while not self._closed:
                if self._revision and self._revision != seen:
                    seen = self._revision
                    yield seen
                async with self._beat:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._beat.wait(), 30 * self._every)
        finally:
            self._listeners -= 1

    async def run(self) -> None:
        """Look, as long as somebody listens, until cancelled."""
        while not self._closed:
            if self._listeners:
                with suppress(StoreError):  # a store that is away says nothing new
                    self._revision = await run_in_threadpool(revision, self._backend)
                async with self._beat:
                    self._beat.notify_all()
            await asyncio.sleep(self._every)

    async def close(self) -> None:
        """End what listens."""
        self._closed = True
        async with self._beat:
            self._beat.notify_all()


def _pulse(request: Request) -> Pulse:
    pulse: Pulse = request.app.state.pulse
    return pulse


AskedPulse = Annotated[Pulse, Depends(_pulse)]
"""In a handler's signature: what tells of changes."""


@router.get("/live", dependencies=[needs(Scope.READ)])
async def live(pulse: AskedPulse) -> Response:
    """Stream the revision of what pages show, whenever it changes."""
    if pulse.is_full:
        raise Problem(503, "too many pages listen; load it anew", headers={"Retry-After": "30"})
    return EventSourceResponse(_events(pulse), ping=20, headers={"X-Accel-Buffering": "no"})


async def _events(pulse: Pulse) -> AsyncIterator[ServerSentEvent]:
    async for revision in pulse.changes():
        yield ServerSentEvent(data=revision, event="changed", id=revision, retry=_RETRY)
