"""The page to log in on; what it sends is taken by the API's side of the house."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from detector.model.health import SourceHealth, SourceState
from detector.model.token import Scope
from detector.web import pulse
from detector.web.access import needs
from detector.web.backend import AskedBackend
from detector.web.pages import (
    configuration,
    incident,
    overview,
    rendering,
    service,
    silences,
)
from detector.web.pages.rendering import page

router = APIRouter(include_in_schema=False)


@router.get("/login")
def login(
    request: Request,
    backend: AskedBackend,
    next: str = "/",  # noqa: A002 - the parameter's name
    wrong: bool = False,
) -> Response:
    """Show the form that takes a token."""
    return page(request, backend, "login.html", next=next, wrong=wrong)


# How the sources are: which can be believed.


_ORDER = (SourceState.DOWN, SourceState.DEGRADED, SourceState.UP)


@router.get("/feeds", dependencies=[needs(Scope.READ)])
def feeds(request: Request, backend: AskedBackend) -> Response:
    """Show every source, the sick ones first, and those never heard of."""
    found = backend.store.feeds()
    known = {feed.source for feed in found}
    unheard = [one.name for one in backend.settings.sources if one.name not in known]
    return page(
        request, backend, "feeds.html", feeds=sorted(found, key=_sick_first), unheard=unheard
    )


def _sick_first(feed: SourceHealth) -> tuple[int, str]:
    return _ORDER.index(feed.state), feed.source


# The routes of all pages.


for part in (overview, service, incident, silences, configuration, pulse, rendering):
    router.include_router(part.router)
