"""Jetstream, as its public description says: replay from a cursor, then live; clamped silently."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from tests.sources.servers.place import NOW, FakePost


def micros(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


class Jetstream:
    """Attributes may be changed while it runs.

    Attributes
    ----------
    said : posts, in order of time; each is an event at its time.
    kept_since : events before this are gone; a cursor before it is moved, and nobody is told.
    cut_after : connections are cut after so many events each, one per number.
    refuse : answer the handshake with this status.
    mute : accept connections and send nothing.
    """

    def __init__(self) -> None:
        self.said: list[FakePost] = []
        self.counts: dict[str, dict[datetime, int]] = {}
        self.kept_since = 0
        self.cut_after: list[int] = []
        self.refuse: int | None = None
        self.mute = self.doubled = self.shuffled = self.malformed = False
        self.drift = ""
        self.asked: list[dict[str, list[str]]] = []
        self.headers: list[str] = []
        self.stopped = threading.Event()
        self._server: Server = serve(
            self._serve, "127.0.0.1", 0, process_request=self._admit, compression=None
        )
        self.url = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}"

    @contextmanager
    def running(self) -> Iterator[Jetstream]:
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self.stopped.set()
            self._server.shutdown()
            thread.join()

    def say(self, n: int, at: datetime, *, apart: timedelta = timedelta(seconds=7)) -> None:
        first = len(self.said)
        self.said += [FakePost(str(1000 + first + i), at + i * apart) for i in range(n)]

    def uri(self, said: FakePost) -> str:
        return f"at://did:plc:{said.author}/app.bsky.feed.post/{said.id}"

    def apply(self, failure: str) -> None:
        match failure:
            case "503 throughout" | "401" | "429, Retry-After: 120":
                self.refuse = int(failure[:3])
            case "503 once" | "a cut stream":
                self.cut_after.append(5)
            case "no answer" | "an empty list":
                self.mute = True
            case "malformed JSON":
                self.malformed = True
            case "rows twice":
                self.doubled = True
            case "rows out of order":
                self.shuffled = True
            case "posts of the future":
                self.say(3, NOW + timedelta(hours=1))
            case "new fields" | "fields gone":
                self.drift = failure
            case _:
                raise NotImplementedError(failure)

    def heal(self) -> None:
        self.refuse = None
        self.mute = self.doubled = self.shuffled = self.malformed = False
        self.drift = ""

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        self.headers.append(str(request.headers))
        parts = urlsplit(request.path)
        if parts.path != "/subscribe":
            return connection.respond(HTTPStatus.NOT_FOUND, "no such path\n")
        self.asked.append(parse_qs(parts.query))
        if self.refuse is not None:
            return connection.respond(HTTPStatus(self.refuse), f"go away {request.headers}\n")
        return None

    def _serve(self, connection: ServerConnection) -> None:
        query = self.asked[-1]
        cursor = max(int(query["cursor"][0]), self.kept_since)
        cut = self.cut_after.pop(0) if self.cut_after else None
        try:
            for sent, message in enumerate(self._messages(cursor, connection), 1):
                connection.send(message)
                if sent == cut:
                    connection.socket.close()
                    return
        except (ConnectionClosed, OSError):
            return

    def _messages(self, cursor: int, connection: ServerConnection) -> Iterator[str]:
        i = 0
        while not self.stopped.is_set():
            said = self.said[i:]
            i += len(said)
            batch = [] if self.mute else [s for s in said if micros(s.time) >= cursor]
            if self.doubled:
                batch = [s for s in batch for _ in range(2)]
            if self.shuffled:
                batch = [s for j in range(0, len(batch), 2) for s in reversed(batch[j : j + 2])]
            for one in batch:
                text = json.dumps(self.event(one))
                yield text[: len(text) // 2] if self.malformed else text
            with suppress(TimeoutError):
                connection.recv(timeout=0.01)

    def event(self, said: FakePost) -> dict[str, Any]:
        event = event_of(said)
        if self.drift == "new fields":
            event["brand_new"] = {"nested": [1]}
        if self.drift == "fields gone":
            del event["time_us"]
        return event


def event_of(said: FakePost) -> dict[str, Any]:
    """Return the event of a new post."""
    return {
        "did": f"did:plc:{said.author}",
        "time_us": micros(said.time),
        "kind": "commit",
        "commit": {
            "rev": "3l3qo2vutsw2b",
            "operation": "create",
            "collection": "app.bsky.feed.post",
            "rkey": said.id,
            "record": {
                "$type": "app.bsky.feed.post",
                "createdAt": said.time.isoformat(),
                "langs": ["en"],
                "text": said.text,
            },
            "cid": "bafyreidwaivazkwu67xztlmuobx35hs2lnfh3kolmgfmucldvhd3sgzcqi",
        },
    }
