"""``/v1/sources``: whether each source is being observed."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from detector.model.documents import health_to_dict
from detector.model.health import SourceHealth
from detector.model.token import Scope
from detector.text.phrasing import Phrasing, phrasing
from detector.web.access import needs
from detector.web.api.shapes import Page, SourceShape, problems
from detector.web.api.values import Lang
from detector.web.backend import AskedBackend
from detector.web.prefix import address

router = APIRouter(prefix="/v1", tags=["sources"], dependencies=[needs(Scope.READ)])


@router.get("/sources", responses=problems(), response_model=Page[SourceShape])
def list_sources(backend: AskedBackend, lang: Lang = "en") -> Any:
    """Return how each source is, by name."""
    say = phrasing(lang, UTC)
    found = backend.store.source_health()
    return {"items": [_source(one, say) for one in found], "next": None}


@router.get("/feeds", include_in_schema=False)
def former_address(request: Request, lang: Lang = "en") -> RedirectResponse:
    """Lead to where the list is now."""
    query = f"?lang={lang}" if "lang" in request.query_params else ""
    return RedirectResponse(address(request, f"/v1/sources{query}"), 308)


def _source(found: SourceHealth, say: Phrasing) -> dict[str, Any]:
    return {**health_to_dict(found), "text": say.source_reason(found.reason, found.params)}
