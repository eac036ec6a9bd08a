"""The application: middleware, API, pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from detector.errors import StoreError
from detector.web import badge, metrics, probes, pulse, subscriptions
from detector.web.api import incidents, ingest, services, silences, sources
from detector.web.backend import Backend
from detector.web.error_handlers import Failures, add_problem_handlers
from detector.web.etags import ETags
from detector.web.headers import KnownHosts, SecurityHeaders, our_hosts
from detector.web.limits import Buckets, Limits
from detector.web.pages import assets, configuration, incident_page, login, overview, service
from detector.web.pages import silences as silences_page
from detector.web.pages import sources as sources_page
from detector.web.parameters import known_parameters
from detector.web.prefix import Prefixed
from detector.web.pulse import Pulse
from detector.web.sessions import Sessions
from detector.web.token_book import TokenBook

_API = (services, incidents, silences, sources, ingest, badge, subscriptions, probes, metrics)
_PAGES = (
    login,
    overview,
    service,
    incident_page,
    sources_page,
    silences_page,
    configuration,
    assets,
    pulse,
)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    pulse: Pulse = app.state.pulse
    beating = asyncio.create_task(pulse.run())
    warming = asyncio.create_task(_warm(app))
    yield
    warming.cancel()
    beating.cancel()
    with suppress(asyncio.CancelledError):
        await beating


async def _warm(app: FastAPI) -> None:
    """Read what the overview shows, so that nobody waits for it."""
    with suppress(StoreError):  # whoever looks is told
        await run_in_threadpool(overview.warm, app.state, app.state.backend)


def create_app(backend: Backend) -> FastAPI:
    """Return the application over ``backend``."""
    settings = backend.settings.web
    app = FastAPI(
        title="outage-detector",
        version="1",
        openapi_url="/v1/openapi.json",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.backend = backend
    app.state.tokens = TokenBook(backend.controls, backend.wall)
    app.state.pulse = Pulse(backend)
    add_problem_handlers(app)
    for part in _API:
        app.include_router(part.router, dependencies=[known_parameters])
    for part in _PAGES:
        app.include_router(part.router)
    # The last one added is the outermost.
    app.add_middleware(Failures)
    app.add_middleware(ETags)
    app.add_middleware(Sessions, key=backend.session_key, secure=backend.url.startswith("https://"))
    app.add_middleware(
        KnownHosts,
        hosts=our_hosts(settings),
        any_host=not settings.is_local and settings.public_url is None,
    )
    app.add_middleware(
        Limits,
        buckets=Buckets(settings.requests_per_minute),
        tokens=app.state.tokens,
        max_body=settings.max_body,
    )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Prefixed, prefix=settings.prefix)
    return app
