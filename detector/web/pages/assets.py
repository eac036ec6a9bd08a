"""Styles and scripts: ours, the charts' colours, and uPlot."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import FileResponse

_OWN = Path(__file__).parents[1] / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOREVER = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


@cache
def _files() -> dict[str, Path]:
    """Return what is served, by name; nothing else is."""
    found = {path.name: path for path in _OWN.rglob("*") if path.suffix in _TYPES}
    found["chart.css"] = Path(str(files("detector.report") / "chart.css"))
    return found


@cache
def address_of(name: str) -> str:
    """Return the path of a file; it changes with its content, so browsers keep it for good."""
    digest = hashlib.sha256(_files()[name].read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


@router.get("/static/{name}")
def static(name: str, request: Request) -> Response:
    """Return a style or a script."""
    path = _files().get(name)
    if path is None:
        raise HTTPException(404)
    versioned = request.query_params.get("v") == address_of(name).rpartition("=")[2]
    return FileResponse(
        path,
        media_type=_TYPES[path.suffix],
        headers={"Cache-Control": _FOREVER if versioned else "no-cache"},
    )
