"""How the sources are: which can be believed."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from detector.domain.feed import FeedHealth, FeedState
from detector.domain.token import Scope
from detector.web.access import needs
from detector.web.backend import AskedBackend
from detector.web.pages.painting import page

router = APIRouter(include_in_schema=False)
_ORDER = (FeedState.DEAD, FeedState.SILENT, FeedState.ALIVE)


@router.get("/feeds", dependencies=[needs(Scope.READ)])
def feeds(request: Request, backend: AskedBackend) -> Response:
    """Show every source, the sick ones first, and those never heard of."""
    found = backend.store.feeds()
    known = {feed.source for feed in found}
    unheard = [one.name for one in backend.settings.sources if one.name not in known]
    return page(
        request, backend, "feeds.html", feeds=sorted(found, key=_sick_first), unheard=unheard
    )


def _sick_first(feed: FeedHealth) -> tuple[int, str]:
    return _ORDER.index(feed.state), feed.source
