"""One HTTP exchange: what we say in its headers, and what a host says in those of its answer.

It ends in time, whatever the host does, and its errors name no address.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from queue import Empty, SimpleQueue
from threading import Event, Thread

import httpx

#: An answer larger than this is none that we asked for, bytes.
LARGEST = 64 << 20


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
    return {ask: known[name] for name, ask in asked.items() if name in known}


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked; its headers may hold secrets."""

    method: str
    url: httpx.URL = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: its status, its body, decompressed, and its headers in lower case."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


class Exchange:
    """Exchanges a request for an answer.

    The transport is used without `httpx.Client`, which logs addresses and keeps cookies; it
    follows no redirect and reads no proxy, ``.netrc`` or certificate setting from the environment.

    Parameters
    ----------
    timeout : seconds for all of it: name look-up, dripping headers and slow bodies included.
    verify : False accepts any certificate; a context brings an authority of one's own.
    """

    def __init__(self, *, timeout: float, verify: ssl.SSLContext | bool) -> None:
        self._timeout = timeout
        self._transport = httpx.HTTPTransport(verify=verify, trust_env=False)

    def ask(self, request: Request) -> Answer | Exception:
        """Return the answer, or what went wrong: for `describe_error`, not to be raised."""
        # httpx bounds each wait, but neither the look-up of the name nor a host that sends one
        # byte at a time; no host may hold up the detector, so the exchange is given a thread that
        # can be left behind.
        answers: SimpleQueue[Answer | Exception] = SimpleQueue()
        left = Event()
        Thread(target=lambda: answers.put(self._whole(request, left)), daemon=True).start()
        try:
            return answers.get(timeout=self._timeout)
        except Empty:
            left.set()
            return httpx.ReadTimeout("")

    def _whole(self, request: Request, left: Event) -> Answer | Exception:
        try:
            response = self._transport.handle_request(
                httpx.Request(
                    request.method,
                    request.url,
                    headers=request.headers,
                    content=request.content,
                    extensions={"timeout": httpx.Timeout(self._timeout).as_dict()},
                )
            )
            with closing(response):
                return _read(response, left)
        except Exception as error:
            return error


def _read(response: httpx.Response, left: Event) -> Answer | Exception:
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if left.is_set() or len(body) > LARGEST:
            return httpx.ReadError("")
    return Answer(response.status_code, bytes(body), dict(response.headers))


def describe_error(error: Exception) -> str:
    """Return what went wrong, in our own words: those of the library may quote the request."""
    for kind, words in _ERRORS:
        if isinstance(error, kind):
            return words
    return f"the exchange failed ({type(error).__name__})"


_ERRORS: tuple[tuple[type[Exception], str], ...] = (
    (httpx.ConnectTimeout, "no connection within the timeout"),
    (httpx.TimeoutException, "no whole answer within the timeout"),
    (httpx.ConnectError, "no connection (wrong address, refused, or an unknown certificate)"),
    (httpx.RemoteProtocolError, "the answer was cut off, or is no HTTP"),
    (httpx.DecodingError, "the answer cannot be decompressed"),
    (httpx.NetworkError, "the connection broke"),
)
