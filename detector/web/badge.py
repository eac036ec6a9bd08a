"""``/badge/NAME.svg``: how a service is, as a picture for a page elsewhere."""

from __future__ import annotations

import unicodedata
from typing import Any
from xml.sax.saxutils import escape

from fastapi import APIRouter, Response

from detector.model.plain_text import plain
from detector.model.token import Scope
from detector.text.catalogue import catalogue
from detector.views.services import service
from detector.web.access import needs
from detector.web.api.shapes import problems
from detector.web.api.values import Lang
from detector.web.backend import AskedBackend
from detector.web.pages.language import DEFAULT
from detector.web.problems import Problem

router = APIRouter(dependencies=[needs(Scope.READ)])
#: White text on each has a contrast of 4.5 and more.
_COLOURS = {
    "fine": "#1a7f37",
    "unknown": "#57606a",
    "minor": "#9a6700",
    "major": "#bc4c00",
    "critical": "#cf222e",
}
_SVG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/svg+xml": {}}, "description": "A badge"}
}


@router.get(
    "/badge/{name:path}.svg",
    tags=["services"],
    responses={**problems(404), **_SVG},
    response_class=Response,
)
def badge(backend: AskedBackend, name: str, lang: Lang = DEFAULT) -> Response:
    """Return a badge that says how a service is."""
    found = service(backend, name)
    if found is None:
        raise Problem(404, "there is no service of this name")
    headers = {"Cache-Control": "max-age=30", "Cross-Origin-Resource-Policy": "cross-origin"}
    says = catalogue(lang)(f"state.{found.label}")
    picture = drawn(plain(name, longest=40), says, _COLOURS[found.label])
    return Response(picture, media_type="image/svg+xml", headers=headers)


def drawn(label: str, state: str, colour: str) -> str:
    """Return the picture: the label on grey, the state on its colour."""
    left, right = _width(label), _width(state)
    title = escape(f"{label}: {state}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img">'
        f"<title>{title}</title>"
        f'<rect width="{left}" height="20" fill="#24292f"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,sans-serif" font-size="11">'
        f'<text x="{left / 2:g}" y="14">{escape(label)}</text>'
        f'<text x="{left + right / 2:g}" y="14">{escape(state)}</text></g></svg>'
    )


def _width(text: str) -> int:
    """Return about how wide ``text`` is drawn: Chinese characters take twice the room."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return 12 + 7 * (len(text) - wide) + 12 * wide
