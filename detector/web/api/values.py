"""Values that requests carry: checked by pydantic, described in OpenAPI."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import Query
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from detector.fields import parse_duration
from detector.model.times import iso
from detector.text.catalogue import LANGUAGES

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2100, 1, 1, tzinfo=UTC)
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:?\d{2})"
)
_UNPLAIN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def _language(value: str) -> str:
    if value not in LANGUAGES:
        raise ValueError(f"not one of {', '.join(LANGUAGES)}")
    return value


def parse_instant(value: Any) -> datetime:
    """Return the aware UTC instant that a text names. Raises ``ValueError``."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    right = "an instant with an offset, e.g. 2022-07-22T14:09:00Z"
    if not isinstance(value, str) or _INSTANT.fullmatch(value) is None:
        raise ValueError(f"not {right}")
    try:
        instant = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"not {right}") from None
    if not _FIRST <= instant < _LAST:
        raise ValueError("does not lie between 1970 and 2100")
    return instant


def _plain(text: str) -> str:
    if _UNPLAIN.search(text):
        raise ValueError("has control characters; write plain text")
    return text


def _duration(value: Any) -> timedelta:
    if not isinstance(value, str | timedelta):
        raise ValueError("not a duration; write 30s, 1min, 2h or 1d")  # noqa: TRY004
    return parse_duration(value)


Instant = Annotated[
    datetime,
    BeforeValidator(parse_instant),
    PlainSerializer(iso, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2022-07-22T14:09:00Z"]}),
]
"""An instant in ISO 8601 with an offset; answers give it in UTC."""

Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^([0-9]+|[0-9]*\.[0-9]+)(s|min|h|d)$",
            "examples": ["30s", "1min", "2h", "1d"],
        }
    ),
]
"""A duration such as ``2h``."""

ShortText = Annotated[str, Field(max_length=300), AfterValidator(_plain)]
"""A line of text without control characters."""

Named = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_plain)]
"""A name: a line of text that is not empty."""

Lang = Annotated[
    str,
    AfterValidator(_language),
    WithJsonSchema({"type": "string", "enum": list(LANGUAGES)}),
    Query(description="Language of words in the answer."),
]
"""A language that the text catalogue has."""
