"""What we say in the headers of a request, and what a host says in those of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version


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


def quota_pause(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return for how many seconds the quota is used up, None if it is not, or is not told.

    Reads ``X-RateLimit-Remaining`` and ``X-RateLimit-Reset``, whose value is an instant in ISO
    8601 (Mastodon), in seconds since 1970 (X), or seconds from now (Reddit).
    """
    remaining, reset = headers.get("x-ratelimit-remaining"), headers.get("x-ratelimit-reset")
    if remaining is None or reset is None:
        return None
    try:
        if float(remaining) >= 1:
            return None
        if reset.replace(".", "", 1).isdigit():
            number = float(reset)
            pause = number - now.timestamp() if number > 1e8 else number
        else:
            pause = (datetime.fromisoformat(reset) - now).total_seconds()
    except (ValueError, TypeError):
        return None
    return max(pause, 0.0)


def ours(contact: str | None) -> dict[str, str]:
    """Return what we send with every request; ``contact`` says who is responsible."""
    agent = f"outage-detector/{version('outage-detector')}"
    return {
        "User-Agent": f"{agent} (+{contact})" if contact else agent,
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        # One request a minute: a connection kept open would be stale by then.
        "Connection": "close",
    }


def if_changed(known: Mapping[str, str]) -> dict[str, str]:
    """Return what asks for news only, given the headers of the answer that is known."""
    asked = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    return {ask: known[tell] for tell, ask in asked.items() if tell in known}
