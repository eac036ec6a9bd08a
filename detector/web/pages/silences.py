"""Silences: list, add, end."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from detector.model.matcher import Matcher, parse_matcher
from detector.model.plain_text import plain
from detector.model.silence import Silence
from detector.model.token import Scope
from detector.web.access import Asking, Visitor, needs
from detector.web.backend import AskedBackend, Backend
from detector.web.pages.presentation import presentation_for
from detector.web.pages.rendering import page
from detector.web.prefix import address

router = APIRouter(include_in_schema=False)
#: Ended silences stay in the list for so long.
_SHOWN = timedelta(days=7)
#: Between two conditions: a comma outside quotes.
_COMMA = re.compile(r',(?=(?:[^"\\]|\\.|"(?:[^"\\]|\\.)*")*$)')


@dataclass(frozen=True, slots=True)
class SilenceLine:
    """A silence in the list; ``state`` is ``active``, ``waiting`` or ``ended``."""

    silence: Silence
    about: str
    state: str


@dataclass(frozen=True, slots=True)
class Given:
    """What stands in the form."""

    matchers: str = ""
    hours: int = 2
    author: str = ""
    comment: str = ""


@router.get("/silences", dependencies=[needs(Scope.READ)])
def silences(
    request: Request,
    backend: AskedBackend,
    visitor: Asking,
    service: str = "",
    done: str = "",
) -> Response:
    """List silences, with a form for another one."""
    given = Given(str(Matcher("service", service)) if service else "")
    return _page(request, backend, visitor, given, done=done)


@router.post("/silences", dependencies=[needs(Scope.WRITE)])
def add(
    request: Request,
    backend: AskedBackend,
    visitor: Asking,
    matchers: Annotated[str, Form(max_length=1000)],
    hours: Annotated[int, Form(ge=1, le=720)],
    author: Annotated[str, Form(min_length=1, max_length=80)],
    comment: Annotated[str, Form(min_length=1, max_length=300)],
    next: Annotated[str, Form(max_length=500)] = "/silences",  # noqa: A002 - the field's name
) -> Response:
    """Add a silence that begins now; a mistake comes back with the form."""
    try:
        parsed = parse_all(matchers)
    except ValueError as error:
        given = Given(matchers, hours, author, comment)
        return _page(request, backend, visitor, given, wrong=plain(str(error)), status=422)
    now = backend.wall()
    name = secrets.token_hex(6)
    backend.controls.silence(
        Silence(name, parsed, now, now + timedelta(hours=hours), author.strip(), comment.strip())
    )
    there = f"{_local(next)}?{urlencode({'done': 'silenced'})}"
    return RedirectResponse(address(request, there), 303)


@router.post("/silences/{silence_id}/expire", dependencies=[needs(Scope.WRITE)])
def expire(request: Request, backend: AskedBackend, silence_id: str) -> Response:
    """End a silence now."""
    if not backend.controls.expire(silence_id, backend.wall()):
        raise HTTPException(404)
    return RedirectResponse(address(request, "/silences?done=expired"), 303)


def parse_all(text: str) -> tuple[Matcher, ...]:
    """Return the conditions that ``text`` states, with commas between them.

    Raises
    ------
    ValueError : saying what would be right.
    """
    parts = [part.strip() for part in _COMMA.split(text)]
    return tuple(parse_matcher(part) for part in parts if part or len(parts) == 1)


def _local(path: str) -> str:
    """Return ``path`` where it is one of ours, else the list."""
    ours = re.fullmatch(r"/(?:silences|incidents/[^/?#\\\s]+)", path) is not None
    return path if ours else "/silences"


def _page(
    request: Request,
    backend: Backend,
    visitor: Visitor,
    given: Given,
    *,
    done: str = "",
    wrong: str = "",
    status: int = 200,
) -> Response:
    now = backend.wall()
    found = backend.controls.silences(ending_after=now - _SHOWN)
    lines = [_line(one, now) for one in found]
    return page(
        request,
        backend,
        "silences.html",
        status=status,
        show=presentation_for(request, backend.settings),
        silences=sorted(lines, key=lambda line: line.state == "ended"),
        done=done if done in ("silenced", "expired") else "",
        wrong=wrong,
        given=given,
        may_write=visitor.may(Scope.WRITE),
    )


def _line(silence: Silence, now: datetime) -> SilenceLine:
    about = ", ".join(map(str, silence.matchers))
    if silence.ends_at <= now:
        return SilenceLine(silence, about, "ended")
    return SilenceLine(silence, about, "active" if silence.starts_at <= now else "waiting")
