"""A place on the loopback: answers as its public specification says, with scripted trouble."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

#: A secret that must not be found in anything that is written.
CANARY = "canary-5d41402abc4b2a76"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class FakePost:
    """A post, as the tests think of it."""

    id: str
    time: datetime
    text: str = "WeChat is down"
    author: str = "someone"


@dataclass(frozen=True)
class FakeFailure:
    """What happens to one request instead of, or around, a proper answer."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    how: str = "answer"  # or "hang up", "drip", "cut", "malformed", "page"


_ONCE = {
    "429, Retry-After: 0": FakeFailure(429, {"Retry-After": "0"}),
    "503 once": FakeFailure(503),
}
_THROUGHOUT = {
    "429, Retry-After: 120": FakeFailure(429, {"Retry-After": "120"}),
    "503 throughout": FakeFailure(503),
    "401": FakeFailure(401),
    "no answer": FakeFailure(how="hang up"),
    "a slow body": FakeFailure(how="drip"),
    "a cut stream": FakeFailure(how="cut"),
    "malformed JSON": FakeFailure(how="malformed"),
    "a page instead of JSON": FakeFailure(how="page"),
}
#: Troubles that a place can be told to have.
FAILURES = (
    *_ONCE,
    *_THROUGHOUT,
    "an empty list",
    "fields gone",
    "new fields",
    "rows twice",
    "rows out of order",
    "posts of the future",
)

Reply = tuple[int, Any, Mapping[str, str]]


class Place:
    """Attributes may be changed while it runs.

    Attributes
    ----------
    said : the posts there are.
    failures : happen to the next requests, one each; `always` to all others.
    doubled, shuffled, empty, drift : what is odd about its lists ("added" or "gone" fields).
    """

    def __init__(self) -> None:
        self.said: list[FakePost] = []
        self.counts: dict[str, dict[datetime, int]] = {}
        self.failures: deque[FakeFailure] = deque()
        self.always: FakeFailure | None = None
        self.doubled = self.shuffled = self.empty = False
        self.drift = ""
        self.asked: list[Asked] = []
        self.stopped = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator[Place]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self.stopped.set()
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def close_down(self) -> None:
        """Refuse connections from now on."""
        self._server.socket.close()

    def apply(self, failure: str) -> None:
        """Let ``failure`` happen from now on; see `FAILURES`."""
        if failure in _ONCE:
            self.failures.append(_ONCE[failure])
        elif failure in _THROUGHOUT:
            self.always = _THROUGHOUT[failure]
        elif failure == "posts of the future":
            self.say(3, NOW + timedelta(hours=1))
        else:
            self.doubled = failure == "rows twice"
            self.shuffled = failure == "rows out of order"
            self.empty = failure == "an empty list"
            self.drift = {"new fields": "added", "fields gone": "gone"}.get(failure, "")

    def heal(self) -> None:
        """End every trouble."""
        self.failures.clear()
        self.always = None
        self.doubled = self.shuffled = self.empty = False
        self.drift = ""

    def answer(self, asked: Asked) -> Reply:
        raise NotImplementedError

    def say(self, n: int, at: datetime, *, apart: timedelta = timedelta(seconds=7)) -> None:
        """Add ``n`` posts from ``at`` on."""
        first = len(self.said)
        self.said += [FakePost(str(1000 + first + i), at + i * apart) for i in range(n)]

    def listed(self, said: list[FakePost]) -> list[FakePost]:
        """Return ``said`` as this place lists it now."""
        if self.empty:
            return []
        if self.doubled:
            said = [one for one in said for _ in range(2)]
        return said[::2] + said[1::2] if self.shuffled else said

    def drifted(self, item: dict[str, Any], needed: str) -> dict[str, Any]:
        """Return an item of a list as the schema is now; ``needed``: a field we live on."""
        if self.drift == "added":
            return {**item, "brand_new_field": {"nested": [1, None, "x"]}}
        if self.drift == "gone":
            return {key: value for key, value in item.items() if key != needed}
        return item

    def _handler(place) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - self is the handler's
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                parts = urlsplit(self.path)
                asked = Asked(
                    self.command,
                    parts.path,
                    dict(parse_qsl(parts.query)),
                    {name.lower(): value for name, value in self.headers.items()},
                    self.rfile.read(length),
                )
                place.asked.append(asked)
                self.close_connection = True
                with suppress(ConnectionError):
                    self._reply(place.failures.popleft() if place.failures else place.always, asked)

            do_POST = do_GET  # noqa: N815

            def _reply(self, failure: FakeFailure | None, asked: Asked) -> None:
                failure = failure or FakeFailure()
                if failure.how == "hang up":
                    return
                status, document, headers = place.answer(asked)
                if failure.status is not None:
                    # What came is sent back: a host may echo every secret.
                    status, document = failure.status, {"error": str(asked)}
                body = b"" if status == 304 else json.dumps(document).encode()
                if failure.how == "malformed":
                    body = body[: len(body) // 2] + b"\xff}{"
                if failure.how == "page":
                    body = f"<html>Please log in {asked}</html>".encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                for name, value in {**headers, **failure.headers}.items():
                    self.send_header(name, value)
                if status != 304:
                    extra = 1000 if failure.how in {"cut", "drip"} else 0
                    self.send_header("Content-Length", str(len(body) + extra))
                self.end_headers()
                self.wfile.write(body)
                if failure.how == "drip":
                    while not place.stopped.wait(0.02):
                        self.wfile.write(b" ")

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
