"""Jetstream's stream of events: read from a websocket, put in line across connections.

The line knows what is new and what was observed, and reads nothing itself; a thread hands it the
events as they come, whatever the hosts do. The proof that a connection continues
where the one before it ended is that it shows again an event from before: Jetstream moves a
cursor that is too old forward without saying so, and then its first event is a later one.

References
----------
Bluesky Jetstream, https://github.com/bluesky-social/jetstream (2026): ``/subscribe``, cursors,
and the events' fields.
"""

from __future__ import annotations

import hashlib
import random
import threading
from base64 import b85encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple
from urllib.parse import urlencode

import msgspec
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from detector.errors import SourceError, Unavailable
from detector.model.times import from_seconds
from detector.sources.http.exchange import ours
from detector.sources.time_windows import Post

COLLECTION = "app.bsky.feed.post"
#: A post that says it was written so long before it was sent is imported from elsewhere.
IMPORTED = timedelta(hours=1)
#: Larger messages are not sent to us; one that the client refused would come again for ever.
LARGEST = 1_000_000
#: A host that sends so many messages in a row that are no events is left for the next.
MOST_GARBLED = 20
#: An event that is dated so far ahead of our clock is none.
AHEAD = timedelta(minutes=1)
LONGEST_PAUSE = 30.0


class _Commit(msgspec.Struct):
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    record: msgspec.Raw = msgspec.Raw()


Micros = Annotated[int, msgspec.Meta(ge=0, lt=4_102_444_800_000_000)]
"""Microseconds since 1970, before 2100."""


class JetstreamEvent(msgspec.Struct):
    """One message: a commit, or news of an account; all of them tell the time."""

    did: str
    time_us: Micros
    commit: _Commit | None = None


class _Record(msgspec.Struct):
    text: str
    createdAt: str = ""  # noqa: N815 - as the place calls it
    langs: list[str] = []


class Sent(NamedTuple):
    """A post and when it was sent, in microseconds since 1970."""

    at: int
    post: Post


def parse_event(message: bytes) -> JetstreamEvent:
    """Return the event in ``message``. Raises `msgspec.DecodeError`."""
    return msgspec.json.decode(message, type=JetstreamEvent)


def post_in(event: JetstreamEvent) -> Post | None:
    """Return the post that ``event`` created, None if it created none, or an imported one.

    A post's time is when it was sent; what its author says is only used to tell imports. What a
    record holds is anybody's word: one that is no post is left out, not an error.
    """
    commit = event.commit
    if commit is None or commit.operation != "create" or commit.collection != COLLECTION:
        return None
    try:
        record = msgspec.json.decode(commit.record, type=_Record)
    except msgspec.DecodeError:
        return None
    sent = from_seconds(event.time_us / 1e6)
    if not record.text or _written(record.createdAt, sent) < sent - IMPORTED:
        return None
    return Post(
        time=sent,
        id=f"at://{event.did}/{COLLECTION}/{commit.rkey}",
        text=record.text,
        author=event.did,
        lang=record.langs[0] if record.langs else "",
        url=f"https://bsky.app/profile/{event.did}/post/{commit.rkey}",
    )


def _written(text: str, sent: datetime) -> datetime:
    try:
        written = datetime.fromisoformat(text)
    except ValueError:
        return sent
    return written if written.tzinfo is not None else written.replace(tzinfo=UTC)


def fingerprint(uri: str) -> str:
    """Return eight characters by which a post is known again."""
    return b85encode(hashlib.blake2b(uri.encode(), digest_size=6).digest()).decode()


@dataclass(eq=False)
class EventLine:
    """Events put in line. Instants are microseconds since 1970.

    Parameters
    ----------
    at : up to here it is known what was observed; None before any event.
    proof : the latest event known for sure; a connection that shows it, or one before, continues.
    recent : fingerprints of posts that may be shown again, and when they were sent.
    silence : a pause between events longer than this was not observed.
    known_for : for how long a post is known again.

    Attributes
    ----------
    waiting : new posts, in order of arrival.
    spans : what was observed behind the place where the line began, ``[start, end)``.
    """

    at: int | None
    proof: int | None
    recent: dict[str, int]
    silence: int
    known_for: int
    waiting: list[Sent] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    _joined: bool = field(default=False, init=False)
    _pruned: int = field(default=0, init=False)

    def connected(self) -> None:
        """Note that the next event is the first of a connection."""
        self._joined = False

    def take(self, event: JetstreamEvent) -> None:
        """Put ``event`` in line."""
        at = event.time_us
        known, proof = self.at, self.proof
        if known is None or proof is None or self._is_gap(at, proof):
            self.spans.append((at, at))
        elif not self.spans:
            self.spans.append((known, known))
        self._joined = True
        self.at = at if known is None else max(at, known)
        self.proof = at if proof is None else max(at, proof)
        self.spans[-1] = (self.spans[-1][0], self.at)
        post = post_in(event)
        if post is not None and (mark := fingerprint(post.id)) not in self.recent:
            self.recent[mark] = at
            self.waiting.append(Sent(at, post))
        self._forget()

    def _is_gap(self, at: int, proof: int) -> bool:
        return at - proof > self.silence if self._joined else at > proof

    def _forget(self) -> None:
        if self.at is not None and self.at - self._pruned > self.known_for:
            self._pruned = self.at
            self.recent = {m: at for m, at in self.recent.items() if at > self.at - self.known_for}


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """How the stream is read; see `JetstreamSource`. ``begin`` and ``overlap`` in microseconds."""

    name: str
    hosts: Sequence[str]
    contact: str | None
    begin: int
    overlap: int
    silence: float
    capacity: int
    pause: float
    clock: Callable[[], datetime]


class JetstreamReader:
    """Reads the stream into ``line`` until `stopped`.

    Parameters
    ----------
    options : how.
    line : where events go; only touched with ``changed`` held.
    changed : notified when the first event came or a connection ended.

    Attributes
    ----------
    failure : why the last connection ended; None while events come.
    """

    def __init__(
        self, options: StreamOptions, line: EventLine, changed: threading.Condition
    ) -> None:
        self.stopped = threading.Event()
        self.failure: SourceError | None = None
        self._how, self._line, self._changed = options, line, changed
        self.thread = threading.Thread(
            target=self._run, daemon=True, name=f"jetstream {options.name}"
        )
        self.thread.start()

    def _run(self) -> None:
        connections = failures = 0
        while not self.stopped.is_set():
            host = self._how.hosts[connections % len(self._how.hosts)]
            before = self._line.at
            why = self._read_from(host)
            connections += 1
            failures = 1 if self._line.at != before else failures + 1
            with self._changed:
                self.failure = Unavailable(f"{self._how.name}: {_shown(host)}: {why}")
                self._changed.notify_all()
            longest = min(self._how.pause * 2 ** min(failures - 1, 10), LONGEST_PAUSE)
            self.stopped.wait(longest * random.uniform(0.5, 1.0))  # noqa: S311 - jitter

    def _read_from(self, host: str) -> str:
        """Read until the connection ends, and return why it did."""
        try:
            with connect(
                f"{host}/subscribe?{urlencode(self._query())}",
                user_agent_header=ours(self._how.contact)["User-Agent"],
                compression=None,
                max_size=LARGEST + 1024,
                close_timeout=0.5,
                proxy=None,
            ) as connection:
                return self._read(connection)
        except InvalidStatus as error:
            return f"answered {error.response.status_code}"
        except OSError:
            return "no connection"
        except (WebSocketException, EOFError) as error:
            return f"the connection broke ({type(error).__name__})"

    def _query(self) -> dict[str, str | int]:
        proof = self._line.proof
        return {
            "wantedCollections": COLLECTION,
            "maxMessageSizeBytes": LARGEST,
            "cursor": self._how.begin if proof is None else proof - self._how.overlap,
        }

    def _read(self, connection: ClientConnection) -> str:
        self._line.connected()
        garbled, silent = 0, 0.0
        step = min(0.1, self._how.silence)
        while not self.stopped.is_set():
            message = None
            with suppress(TimeoutError):
                message = connection.recv(timeout=step, decode=False)
            if message is None:
                silent += step
                if silent >= self._how.silence:
                    return f"sent nothing for {silent:g} s"
                continue
            silent = 0.0
            garbled = 0 if self._take(bytes(message)) else garbled + 1
            if garbled >= MOST_GARBLED:
                return f"sent {garbled} messages in a row that are no events of now"
        return "left"

    def _take(self, message: bytes) -> bool:
        """Put the event in line, once there is room; return whether it is one."""
        try:
            event = parse_event(message)
        except msgspec.DecodeError:
            return False
        if event.time_us > 1e6 * (self._how.clock() + AHEAD).timestamp():
            return False
        with self._changed:
            self._changed.wait_for(self._has_room)
            if not self.stopped.is_set():
                first = not self._line.spans or self.failure is not None
                self._line.take(event)
                self.failure = None
                if first:
                    self._changed.notify_all()
        return True

    def _has_room(self) -> bool:
        return len(self._line.waiting) < self._how.capacity or self.stopped.is_set()


def _shown(host: str) -> str:
    return host.partition("://")[2].partition("/")[0].rpartition("@")[2]
