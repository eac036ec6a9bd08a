"""Styles and scripts: ours, the charts' colours, and Plotly's own script from its package."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import FileResponse

_OWN = Path(__file__).parents[1] / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_STYLE = re.compile(r'document\.getElementById\("([0-9a-f]{64})"\)')
_FOREVER = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


@cache
def _files() -> dict[str, Path]:
    """Return what is served, by name; nothing else is."""
    found = {path.name: path for path in _OWN.iterdir() if path.suffix in _TYPES}
    found["chart.css"] = Path(str(files("detector.reports") / "chart.css"))
    found["plotly.min.js"] = Path(str(files("plotly") / "package_data" / "plotly.min.js"))
    return found


@cache
def address_of(name: str) -> str:
    """Return the path of a file; it changes with its content, so browsers keep it for good."""
    digest = hashlib.sha256(_files()[name].read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


@cache
def plotly_styles() -> tuple[str, ...]:
    """Return the ids of the style elements that Plotly's script would add where there are none.

    Our Content-Security-Policy forbids them, and they are for maps only.
    """
    script = _files()["plotly.min.js"].read_text(encoding="utf-8")
    return tuple(sorted(set(_STYLE.findall(script))))


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
