"""The page that tells a browser what went wrong."""

from __future__ import annotations

from fastapi import Request, Response

from detector.web.pages.painting import page

_KINDS = {401: "forbidden", 403: "forbidden", 404: "not_found", 429: "busy"}


def error_page(request: Request, status: int, _title: str, detail: str) -> Response:
    """Return the page about an error with this HTTP status; ``detail`` is in English."""
    backend = request.app.state.backend
    kind = _KINDS.get(status, "ours" if status >= 500 else "wrong")
    return page(
        request, backend, "error.html", status=status, status_shown=status, kind=kind, detail=detail
    )
