"""Instants and bins: aware UTC outside, int64 seconds since 1970 inside arrays.

Bins are half-open ``[left, right)``; the left edge names the bin.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


def from_seconds(seconds: float) -> datetime:
    """Return the aware UTC instant ``seconds`` after 1970-01-01T00:00Z."""
    return datetime.fromtimestamp(seconds, UTC)


def to_seconds(instant: datetime) -> int:
    """Return whole seconds since 1970 of an aware ``instant``; naive ones raise ``ValueError``."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone; outage-detector works in aware UTC")
    return int(instant.timestamp())


def floor_to(instant: datetime, width: timedelta) -> datetime:
    """Return the left edge of the bin of ``width`` that holds ``instant`` (bins start at 1970)."""
    step = int(width.total_seconds())
    return from_seconds(to_seconds(instant) // step * step)


def iso(instant: datetime) -> str:
    """Return ``2022-07-22T14:09:00Z``: ISO 8601 in UTC, fractions of a second only if there are."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def retry_after(header: str | None, now: datetime) -> float | None:
    """Return the pause in seconds that a ``Retry-After`` header asks for, or None.

    It is a number of seconds or an HTTP date (RFC 9110, 2022, section 10.2.3); a date that has
    passed is a pause of 0, and what is neither is taken as not said.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError, TypeError):
        return None
    aware = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return max((aware - now).total_seconds(), 0.0)
