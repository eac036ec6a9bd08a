"""The dashboard's pages."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

router = APIRouter(include_in_schema=False)


def error_page(_request: Request, _status: int, _title: str, _detail: str) -> Response | None:
    """Return the page that tells a browser what went wrong, None to let it read JSON."""
    return None
