"""Templates to pages: what every page has, and the marks that stand beside every colour."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from detector.alerting.plain import plain
from detector.web.backend import Backend
from detector.web.pages.assets import address_of
from detector.web.pages.reader import Reader, address_with, chosen, reader_of
from detector.web.pages.spoken import told
from detector.web.prefix import prefix_of
from detector.web.sessions import csrf_token

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
    """Return a figure of `detector.reports.chart`, which escapes what it is given."""
    return Markup(svg)  # noqa: S704
