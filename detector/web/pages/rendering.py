"""Styles and scripts: ours, the charts' colours, and Plotly's own script from its package."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from detector.model.plain_text import plain
from detector.web.backend import Backend
from detector.web.pages.reader import (
    Reader,
    address_with,
    chosen,
    reader_of,
)
from detector.web.pages.wording import told
from detector.web.prefix import prefix_of
from detector.web.sessions import csrf_token

_OWN = Path(__file__).parents[1] / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_STYLE = re.compile(r'document\.getElementById\("([0-9a-f]{64})"\)')
_FOREVER = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


@cache
def _files() -> dict[str, Path]:
    """Return what is served, by name; nothing else is."""
    found = {path.name: path for path in _OWN.iterdir() if path.suffix in _TYPES}
    found["chart.css"] = Path(str(files("detector.report") / "chart.css"))
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


# Templates to pages: what every page has, and the marks that stand beside every colour.


_VERSION = version("outage-detector")
_A_YEAR = 365 * 86400
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters["plain"] = plain
_ENVIRONMENT.filters["quoted"] = lambda text: quote(str(text), safe="", errors="replace")
_ENVIRONMENT.filters["told"] = told
_ENVIRONMENT.globals["asset"] = address_of


def page(
    request: Request,
    backend: Backend,
    template: str,
    *,
    status: int = 200,
    reader: Reader | None = None,
    **facts: Any,
) -> HTMLResponse:
    """Return ``template`` as a page for whoever asks; keeps the language and theme they chose."""
    reader = reader or reader_of(request, backend.settings)
    html = _ENVIRONMENT.get_template(template).render(
        reader=reader,
        t=reader.words,
        say=reader.speech,
        base=prefix_of(request.scope),
        here=request.url.path,
        now=backend.now(),
        csrf=csrf_token(request),
        version=_VERSION,
        switch=lambda **changes: address_with(request, **changes),
        **facts,
    )
    answer = HTMLResponse(html, status, {"Cache-Control": "no-store", "Vary": "Cookie"})
    for name, value in chosen(request).items():
        answer.set_cookie(
            name,
            value,
            path=prefix_of(request.scope) or "/",
            max_age=_A_YEAR,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
    return answer


def drawn(svg: str) -> Markup:
    """Return a figure of `detector.report.chart`, which escapes what it is given."""
    return Markup(svg)  # noqa: S704
