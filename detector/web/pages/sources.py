"""How the sources are: which of them are being observed."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from detector.model.health import SourceHealth, SourceState
from detector.model.token import Scope
from detector.web.access import needs
from detector.web.backend import AskedBackend
from detector.web.pages.rendering import page
from detector.web.prefix import address

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
_ORDER = (SourceState.DOWN, SourceState.DEGRADED, SourceState.UP)


@router.get("/sources")
def sources(request: Request, backend: AskedBackend) -> Response:
    """Show every source, those with a problem first, and those that were never polled."""
    found = backend.store.source_health()
    known = {one.source for one in found}
    unpolled = [one.name for one in backend.settings.sources if one.name not in known]
    ordered = sorted(found, key=_problems_first)
    return page(request, backend, "sources.html", sources=ordered, unpolled=unpolled)


@router.get("/feeds")
def former_address(request: Request) -> Response:
    """Lead to where the page is now."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(address(request, f"/sources{query}"), 308)


def _problems_first(one: SourceHealth) -> tuple[int, str]:
    return _ORDER.index(one.state), one.source
