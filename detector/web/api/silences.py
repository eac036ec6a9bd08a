"""``/v1/silences``: what is silenced, until when, by whom."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from detector.model.matcher import Matcher, parse_matcher
from detector.model.silence import Silence
from detector.model.times import iso
from detector.model.token import Scope
from detector.web.access import Asking, needs
from detector.web.api.shapes import Page, SilenceShape, problems
from detector.web.api.values import Duration, Instant, Named, ShortText
from detector.web.backend import AskedBackend
from detector.web.prefix import address
from detector.web.problems import Problem

router = APIRouter(prefix="/v1")
_read, _write = needs(Scope.READ), needs(Scope.WRITE)
_EXAMPLE: JsonDict = {
    "matchers": ['service="WeChat"', 'severity!="critical"'],
    "duration": "2h",
    "comment": "planned work",
}


class Asked(BaseModel):
    """A silence as it is asked for: until ``ends_at``, or for ``duration``."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [_EXAMPLE]}
    )

    matchers: Annotated[list[Named], Field(min_length=1, max_length=20)]
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    duration: Duration | None = None
    author: Named | None = None
    comment: ShortText = ""


@router.get(
    "/silences",
    tags=["silences"],
    dependencies=[_read],
    responses=problems(),
    response_model=Page[SilenceShape],
)
def list_silences(
    backend: AskedBackend,
    ended: Annotated[bool, Query(description="Those that have ended, too.")] = False,
) -> Any:
    """Return silences, the one that begins first first."""
    found = backend.controls.silences(ending_after=None if ended else backend.wall())
    return {"items": [_silence(silence) for silence in found], "next": None}


@router.post(
    "/silences",
    tags=["silences"],
    dependencies=[_write],
    responses=problems(),
    response_model=SilenceShape,
    status_code=201,
)
def add_silence(
    request: Request,
    backend: AskedBackend,
    visitor: Asking,
    asked: Annotated[Asked, Body()],
    response: Response,
) -> Any:
    """Notify nobody of matching incidents for a time."""
    matchers = _matchers(asked.matchers)
    starts_at = asked.starts_at or backend.wall()
    ends_at = _end(asked, starts_at)
    if not starts_at < ends_at:
        raise _wrong("ends_at", "must lie after the beginning")
    name = secrets.token_hex(6)
    author = asked.author or visitor.name
    silence = Silence(name, matchers, starts_at, ends_at, author, asked.comment)
    backend.controls.silence(silence)
    response.headers["Location"] = address(request, f"/v1/silences/{name}")
    return _silence(silence)


@router.get(
    "/silences/{silence_id}",
    tags=["silences"],
    dependencies=[_read],
    responses=problems(404),
    response_model=SilenceShape,
)
def show_silence(backend: AskedBackend, silence_id: str) -> Any:
    """Return one silence."""
    found = next((s for s in backend.controls.silences() if s.id == silence_id), None)
    if found is None:
        raise Problem(404, "there is no silence of this id")
    return _silence(found)


@router.delete(
    "/silences/{silence_id}",
    tags=["silences"],
    dependencies=[_write],
    responses=problems(404),
    status_code=204,
)
def end_silence(backend: AskedBackend, silence_id: str) -> Response:
    """End a silence now; one that has not begun is removed."""
    if not backend.controls.expire(silence_id, backend.wall()):
        raise Problem(404, "there is no silence of this id")
    return Response(status_code=204)


def _matchers(texts: list[str]) -> tuple[Matcher, ...]:
    parsed, errors = [], []
    for i, text in enumerate(texts):
        try:
            parsed.append(parse_matcher(text))
        except ValueError as error:
            errors.append({"pointer": f"/body/matchers/{i}", "detail": str(error)})
    if errors:
        raise Problem(422, "a matcher is wrong", errors=errors)
    return tuple(parsed)


def _end(asked: Asked, starts_at: datetime) -> datetime:
    if (asked.ends_at is None) == (asked.duration is None):
        raise _wrong("ends_at", "give ends_at or duration, one of them")
    if asked.duration is not None:
        return starts_at + asked.duration
    return asked.ends_at or starts_at


def _wrong(field: str, detail: str) -> Problem:
    errors = [{"pointer": f"/body/{field}", "detail": detail}]
    return Problem(422, "the request is not what this address takes", errors=errors)


def _silence(silence: Silence) -> dict[str, Any]:
    return {
        "id": silence.id,
        "matchers": [str(matcher) for matcher in silence.matchers],
        "starts_at": iso(silence.starts_at),
        "ends_at": iso(silence.ends_at),
        "author": silence.author,
        "comment": silence.comment,
    }
