"""Limits on requests: how often, how large, how slow, and in what characters."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from fastapi import HTTPException, Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from detector.web.access import bearer
from detector.web.prefix import path_of
from detector.web.problems import Problem, problem_response
from detector.web.token_book import TokenBook

#: So many askers are remembered; of more, those whose last request is oldest are forgotten.
MOST_ASKERS = 10_000
#: Seconds in which the body of a request must have come.
BODY_WITHIN = 30.0
#: Always answered: whoever watches us must not be locked out by somebody else's haste.
_FREE = frozenset({"/healthz", "/readyz"})


@dataclass
class _Bucket:
    left: float
    seen: float


class Buckets:
    """Token buckets: each asker has ``per_minute`` requests, which come back steadily.

    Parameters
    ----------
    per_minute : also how many may come at once.
    clock : seconds, monotonic.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = float(per_minute)
        self._rate = per_minute / 60.0
        self._clock = clock
        self._lock = Lock()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, asker: str) -> float:
        """Take a request of ``asker``'s; return 0, or the seconds until there is one again."""
        now = self._clock()
        with self._lock:
            bucket = self._buckets.setdefault(asker, _Bucket(self._size, now))
            self._buckets.move_to_end(asker)
            bucket.left = min(self._size, bucket.left + (now - bucket.seen) * self._rate)
            bucket.seen = now
            while len(self._buckets) > MOST_ASKERS:
                self._buckets.popitem(last=False)
            if bucket.left < 1.0:
                return (1.0 - bucket.left) / self._rate
            bucket.left -= 1.0
            return 0.0


class Limits:
    """Middleware: refuses too many requests, too long ones, and zero bytes.

    Parameters
    ----------
    app : what is inside.
    buckets : how often who may ask. A valid token has a bucket of its own, others share that of
        their address.
    tokens : which tokens are valid.
    max_body : bytes.
    """

    def __init__(self, app: ASGIApp, *, buckets: Buckets, tokens: TokenBook, max_body: int) -> None:
        self._app = app
        self._buckets = buckets
        self._tokens = tokens
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        problem = self._problem(scope)
        if problem is not None:
            await problem_response(problem)(scope, receive, send)
            return
        await self._app(scope, self._counted(receive), send)

    def _problem(self, scope: Scope) -> Problem | None:
        if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
            return Problem(400, "the address holds a zero byte")
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isascii() or not length.isdigit():
            return Problem(400, "Content-Length is no number")
        if int(length) > self._max_body:
            return self._too_long()
        if path_of(Request(scope)) in _FREE:
            return None
        wait = self._buckets.wait(self._asker(scope))
        if wait == 0.0:
            return None
        headers = {"Retry-After": str(int(wait) + 1)}
        return Problem(429, "too many requests; see Retry-After", headers=headers)

    def _asker(self, scope: Scope) -> str:
        secret = bearer(Request(scope))
        known = self._tokens.known(secret) if secret is not None else None
        client = scope.get("client")
        return f"token {known.name}" if known else f"address {client[0] if client else ''}"

    def _too_long(self) -> Problem:
        return Problem(413, f"more than {self._max_body:,} bytes; send less at a time")

    def _counted(self, receive: Receive) -> Receive:
        """Return ``receive``, ended by 413 where too much comes, by 408 where it takes too long."""
        read, is_whole = 0, False
        until = time.monotonic() + BODY_WITHIN

        async def counted() -> Message:
            nonlocal read, is_whole
            if is_whole:  # what is waited for now is the end of the connection
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), until - time.monotonic())
            except TimeoutError:
                detail = f"the body took more than {BODY_WITHIN:g} s"
                raise HTTPException(408, detail, {"Connection": "close"}) from None
            is_whole = not message.get("more_body", False)
            read += len(message.get("body", b""))
            if read > self._max_body:
                raise HTTPException(413, self._too_long().detail)
            return message

        return counted
