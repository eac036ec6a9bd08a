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

from detector.model.plain_text import plain
from detector.text.rounding import to_the_minute
from detector.web.backend import Backend
from detector.web.pages.assets import address_of
from detector.web.pages.presentation import (
    THEMES,
    Presentation,
    address_with,
    chosen,
    language_tag,
    languages,
    presentation_for,
)
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
_ENVIRONMENT.filters["to_the_minute"] = to_the_minute
_ENVIRONMENT.globals["asset"] = address_of
_ENVIRONMENT.globals["languages"] = languages
_ENVIRONMENT.globals["themes"] = THEMES


def page(
    request: Request,
    backend: Backend,
    template: str,
    *,
    status: int = 200,
    show: Presentation | None = None,
    **facts: Any,
) -> HTMLResponse:
    """Return ``template`` as a page for whoever asks; keeps the language and theme they chose.

    Templates have ``t(key, ...)`` for texts, ``when(instant)`` for times, ``fmt`` for numbers and
    durations, ``say`` for facts in words.
    """
    show = show or presentation_for(request, backend.settings)
    html = _ENVIRONMENT.get_template(template).render(
        show=show,
        t=show.html,
        when=show.when,
        fmt=show.format,
        say=show.say,
        tag=language_tag(show.texts),
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
