"""Pages of a list that grows at its head: a cursor names the last item that was shown."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Query

from detector.web.problems import Problem

Item = TypeVar("Item")
Limit = Annotated[int, Query(ge=1, le=500, description="At most so many.")]
Cursor = Annotated[str | None, Query(max_length=2_000, description="`next` of the page before.")]


class Place(msgspec.Struct, frozen=True, array_like=True):
    """The last item shown: its time, its name, and its number among those of the name."""

    at: datetime
    name: str
    number: int = 0


def cursor_of(place: Place) -> str:
    """Return ``place`` as a text that addresses can carry."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()


def parse_cursor(text: str | None) -> Place | None:
    """Return the place that `cursor_of` wrote. Raises `Problem` 422 for any other text."""
    if text is None:
        return None
    try:
        padded = text + "=" * (-len(text) % 4)
        place = msgspec.json.decode(base64.b64decode(padded, b"-_", validate=True), type=Place)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        place = None
    if place is None or place.at.tzinfo is None:
        errors = [{"pointer": "/query/cursor", "detail": "not the `next` of a page"}]
        raise Problem(422, "the cursor is none of ours", errors=errors)
    return place


def page_of(
    found: Sequence[Item], limit: int, shape: Callable[[Item], Any], place: Callable[[Item], Place]
) -> dict[str, Any]:
    """Return a page of ``found``, of which one more than ``limit`` was asked for."""
    more = len(found) > limit
    shown = found[:limit]
    following = cursor_of(place(shown[-1])) if more else None
    return {"items": [shape(item) for item in shown], "next": following}
