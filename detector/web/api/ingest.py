"""``POST /v1/posts``, ``POST /v1/counts``: rows that others hand in.

They are checked, put into the inbox and acknowledged; the source of that name takes them in with
the next run. The same key is taken once, so whoever gets no answer sends again; a key that comes
with other rows than before is a mistake of the sender's, who would lose them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Header, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from detector.model.push_batch import PushBatch
from detector.model.times import floor_to, iso
from detector.model.token import Scope
from detector.sources.push import PushSettings
from detector.web.access import needs
from detector.web.api.shapes import ReceiptShape, problems
from detector.web.api.values import Instant, Named
from detector.web.backend import AskedBackend, Backend
from detector.web.problems import Problem

router = APIRouter(prefix="/v1", tags=["push"], dependencies=[needs(Scope.PUSH)])
#: Clocks differ by so much; a row of a later time is none.
AHEAD = timedelta(minutes=1)
#: So many mistakes are named.
MOST_FAULTS = 20
MOST_ROWS = 50_000

Text = Annotated[str, Field(max_length=1_000)]
Span = Annotated[list[Instant], Field(min_length=2, max_length=2)]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,200}$",
        description="Chosen by you: a push with the same key is taken once. Else: what is sent.",
    ),
]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    time: Instant


class PostRow(_Row):
    """A row of the posts table (docs/interface.md)."""

    text: Annotated[str, Field(max_length=20_000)]
    id: Text | None = None
    author: Text | None = None
    service: Text | None = None
    source: Text | None = None
    lang: Text | None = None
    region: Text | None = None
    platform: Text | None = None
    url: Text | None = None


class CountRow(_Row):
    """A row of the counts table (docs/interface.md); null: the bin was not observed."""

    service: Annotated[str, Field(min_length=1, max_length=300)]
    count: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False, strict=True)] | None
    source: Text | None = None


class _Push(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Named | None = None


_POSTS: JsonDict = {
    "source": "helpdesk",
    "rows": [{"time": "2022-07-22T14:09:12Z", "text": "is WeChat down?", "author": "a41f"}],
    "observed": [["2022-07-22T14:09:00Z", "2022-07-22T14:10:00Z"]],
}
_COUNTS: JsonDict = {
    "source": "tickets",
    "rows": [{"time": "2022-07-22T14:09:00Z", "service": "WeChat", "count": 17}],
}


class Posts(_Push):
    """Posts. ``observed`` are the spans ``[start, end)`` in which there were no others.

    Without it, that is the time from the first of the rows to the last.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [_POSTS]})

    rows: Annotated[list[PostRow], Field(max_length=MOST_ROWS)]
    observed: Annotated[list[Span], Field(max_length=1_000)] | None = None


class Counts(_Push):
    """Counts of whole bins. A bin without a row was not observed."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [_COUNTS]}
    )

    rows: Annotated[list[CountRow], Field(min_length=1, max_length=MOST_ROWS)]


_ANSWERS: dict[int | str, dict[str, Any]] = {
    **problems(404),
    200: {"description": "Received before", "model": ReceiptShape},
}


@router.post("/posts", responses=_ANSWERS, response_model=ReceiptShape, status_code=202)
def push_posts(
    backend: AskedBackend, push: Annotated[Posts, Body()], response: Response, key: Key = None
) -> Any:
    """Hand in posts; those that complain about a service will be counted."""
    source = _source(backend, push.source, "posts")
    latest = backend.wall() + AHEAD
    _check([_late(i, row.time, latest) for i, row in enumerate(push.rows)])
    _check([_bad_span(i, span, latest) for i, span in enumerate(push.observed or ())])
    spans = push.observed if push.observed is not None else _covered([r.time for r in push.rows])
    document = {
        "rows": [row.model_dump(mode="json", exclude_none=True) for row in push.rows],
        "observed": [[iso(start), iso(end)] for start, end in spans],
    }
    return _put(backend, source, "posts", key, document, response)


@router.post("/counts", responses=_ANSWERS, response_model=ReceiptShape, status_code=202)
def push_counts(
    backend: AskedBackend, push: Annotated[Counts, Body()], response: Response, key: Key = None
) -> Any:
    """Hand in counts of whole bins; a bin is taken in once it has passed."""
    source = _source(backend, push.source, "counts")
    latest = backend.wall() + AHEAD
    _check([_late(i, row.time, latest) for i, row in enumerate(push.rows)])
    _check([_off_grid(i, row.time, source.width) for i, row in enumerate(push.rows)])
    document = {"rows": [row.model_dump(mode="json") for row in push.rows], "observed": []}
    return _put(backend, source, "counts", key, document, response)


def _source(backend: Backend, name: str | None, kind: str) -> PushSettings:
    """Return the push source that is meant. Raises `Problem` if it is none, or not named."""
    pushed = (s for s in backend.settings.sources if isinstance(s, PushSettings))
    known = [s for s in pushed if s.rows == kind]
    if name is None and len(known) == 1:
        return known[0]
    found = next((s for s in known if s.name == name), None)
    if found is not None:
        return found
    names = ", ".join(s.name for s in known) or "none is configured"
    detail = f"no source takes {kind} under this name; there are: {names}"
    raise Problem(404, detail, errors=[{"pointer": "/body/source", "detail": detail}])


def _put(
    backend: Backend,
    source: PushSettings,
    kind: Literal["posts", "counts"],
    key: str | None,
    document: dict[str, Any],
    response: Response,
) -> dict[str, Any]:
    text = json.dumps(document)
    key = f"key:{key}" if key else f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    batch = PushBatch(source.name, f"{kind}/{key}", backend.wall(), kind, text)
    is_new = backend.inbox.put(batch)
    if not is_new:
        _require_the_same(batch, backend.inbox.held(batch.source, batch.key))
        response.status_code = 200
    return {
        "source": source.name,
        "accepted": len(document["rows"]) if is_new else 0,
        "duplicate": not is_new,
        "observed": document["observed"],
    }


def _require_the_same(batch: PushBatch, held: PushBatch | None) -> None:
    """Raise `Problem` if the key of ``batch`` came with other rows before.

    References
    ----------
    J. Jena and S. Dalal, "The Idempotency-Key HTTP Header Field", draft-ietf-httpapi-
    idempotency-key-header-06, 2025, "Error Handling".
    """
    if held is not None and held.document != batch.document:
        detail = "this Idempotency-Key came with other rows before; take a new key for new rows"
        errors = [{"pointer": "/header/Idempotency-Key", "detail": detail}]
        raise Problem(422, f"{detail}; nothing was taken", errors=errors)


def _covered(times: Sequence[datetime]) -> list[list[datetime]]:
    """Return the time from the first post to the last: so much was surely looked at."""
    return [[min(times), max(times)]] if times and min(times) < max(times) else []


def _late(row: int, time: datetime, latest: datetime) -> dict[str, str] | None:
    if time <= latest:
        return None
    detail = f"lies in the future; it is {iso(latest - AHEAD)} here"
    return {"pointer": f"/body/rows/{row}/time", "detail": detail}


def _off_grid(row: int, time: datetime, width: timedelta) -> dict[str, str] | None:
    left = floor_to(time, width)
    if time == left:
        return None
    detail = f"no left edge of a bin of {width.total_seconds():g} s; {iso(left)} is one"
    return {"pointer": f"/body/rows/{row}/time", "detail": detail}


def _bad_span(i: int, span: Sequence[datetime], latest: datetime) -> dict[str, str] | None:
    start, end = span
    if start < end <= latest:
        return None
    why = "ends before it begins" if end <= start else "ends in the future"
    return {"pointer": f"/body/observed/{i}", "detail": f"a span [start, end) that {why}"}


def _check(found: Sequence[dict[str, str] | None]) -> None:
    errors = [error for error in found if error is not None]
    if errors:
        detail = f"{len(errors)} rows or spans are wrong; nothing was taken"
        raise Problem(422, detail, errors=errors[:MOST_FAULTS])
