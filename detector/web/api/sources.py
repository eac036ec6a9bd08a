"""``/v1/sources``: whether each source is being observed."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from detector.model.documents import feed_to_dict
from detector.model.token import Scope
from detector.web.access import needs
from detector.web.api.shapes import Page, SourceShape, problems
from detector.web.backend import AskedBackend
from detector.web.prefix import address

router = APIRouter(prefix="/v1", tags=["sources"], dependencies=[needs(Scope.READ)])


@router.get("/sources", responses=problems(), response_model=Page[SourceShape])
def list_sources(backend: AskedBackend) -> Any:
    """Return how each source is, by name."""
    return {"items": [feed_to_dict(one) for one in backend.store.feeds()], "next": None}


@router.get("/feeds", include_in_schema=False)
def list_feeds(request: Request) -> RedirectResponse:
    """Lead to where the list is now."""
    return RedirectResponse(address(request, "/v1/sources"), 308)
