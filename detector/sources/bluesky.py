"""Bluesky, by Jetstream: every post as it is written, over a websocket. No key.

A thread reads the stream into a buffer that polls empty; when the buffer is full it stops
reading, and the host holds back or lets go of us, which a reconnection heals. Observed is only
the time in which events came.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal

import msgspec
from pydantic import Field

from detector.clock import wall_now
from detector.fields import LongDuration
from detector.model.spans import Spans
from detector.model.times import from_seconds
from detector.sources.base import Poll, PolledSettings, SourceContext, decode_cursor
from detector.sources.jetstream import EventLine, JetstreamReader, Sent, StreamOptions, fingerprint
from detector.sources.time_windows import posts_frame

HOSTS = (
    "wss://jetstream2.us-east.bsky.network",
    "wss://jetstream1.us-east.bsky.network",
    "wss://jetstream2.us-west.bsky.network",
    "wss://jetstream1.us-west.bsky.network",
)
_MICRO = 1_000_000


class BlueskySettings(PolledSettings):
    """Every post on Bluesky as it is written, by Jetstream."""

    reads: ClassVar[str] = "every post"
    history: ClassVar[str] = "as far back as the host keeps"
    up_when: ClassVar[str] = (
        "the events themselves: observed is only the time in which they arrived"
    )
    needs: ClassVar[str] = "no key"
    example: ClassVar[str] = """\
[[sources]]                     # every post on Bluesky; no key
type = "bluesky"
name = "bluesky"
contact = "ops@example.org"
"""

    type: Literal["bluesky"]
    hosts: tuple[Annotated[str, Field(pattern=r"^wss?://[^/@\s]+$")], ...] = HOSTS
    """Jetstream hosts, tried one after another."""

    backfill: LongDuration = timedelta(minutes=10)
    """How far back the first poll goes, as far as the host remembers."""

    overlap: LongDuration = timedelta(seconds=5)
    """How far back a new connection goes behind the last event."""

    silence: LongDuration = timedelta(seconds=30)
    """A host that sends no event for so long is left for the next one."""

    def requests_per_poll(self) -> int:
        """Return 0: one connection stays open."""
        return 0

    def build(self, context: SourceContext) -> JetstreamSource:  # noqa: ARG002 - not all of them need it
        """Return the source."""
        return JetstreamSource(
            self.name,
            self.hosts,
            self.contact,
            self.backfill,
            overlap=self.overlap,
            silence=self.silence,
        )


class _Cursor(msgspec.Struct, frozen=True):
    """Where the next connection continues.

    Attributes
    ----------
    at : up to here it was said what was observed, microseconds since 1970.
    proof : the latest event handed out, which shows that a connection continues.
    seen : fingerprints of posts that may be shown again.
    n : how often posts were handed out.
    """

    at: int
    proof: int
    seen: list[str] = []
    n: int = 0


@dataclass(eq=False)
class JetstreamSource:
    """Posts of Bluesky.

    Parameters
    ----------
    name : the source's name in the configuration.
    hosts : ``wss://HOST``, tried one after another.
    contact : who is responsible, for the ``User-Agent``.
    backfill : how far before the first poll to begin, as far as the host remembers.
    overlap : how far a connection goes back behind the last event known.
    silence : without an event for so long a host is left for the next one.
    capacity : posts that are held until they are polled.
    first_wait : seconds that a poll waits for the first event behind its cursor.
    pause : seconds before a host is tried again; doubles, with jitter.
    clock : tells the wall's time: events of the future are none.
    """

    name: str
    hosts: Sequence[str] = HOSTS
    contact: str | None = None
    backfill: timedelta = timedelta(minutes=10)
    overlap: timedelta = timedelta(seconds=5)
    silence: timedelta = timedelta(seconds=30)
    capacity: int = 200_000
    first_wait: float = 3.0
    pause: float = 0.5
    clock: Callable[[], datetime] = wall_now
    _changed: threading.Condition = field(
        default_factory=threading.Condition, init=False, repr=False
    )
    _reader: JetstreamReader | None = field(default=None, init=False, repr=False)
    _line: EventLine = field(init=False, repr=False)
    _handed: list[Sent] = field(default_factory=list, init=False, repr=False)
    _marks: dict[str, int] = field(default_factory=dict, init=False, repr=False)
    _taken: str | None = field(default=None, init=False, repr=False)
    _offered: str | None = field(default=None, init=False, repr=False)
    _n: int = field(default=0, init=False, repr=False)

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        """Return the posts that came since; see `Source.poll`.

        Raises
        ------
        SourceError
            Nothing came, and no host can be read.
        """
        past = _parse(cursor)
        with self._changed:
            if self._reader is None or cursor not in (self._offered, self._taken):
                self._start(past, until)
                self._taken = cursor
                reader = self._reader
                self._changed.wait_for(
                    lambda: self._line.spans or (reader and reader.failure), self.first_wait
                )
            elif cursor == self._offered:
                self._settle(past)
                self._taken = cursor
            return self._hand_out(cursor, past, until)

    def close(self) -> None:
        """Leave the stream."""
        with self._changed:
            reader, self._reader = self._reader, None
            if reader is not None:
                reader.stopped.set()
            self._changed.notify_all()
        if reader is not None:
            reader.thread.join(timeout=5.0)

    def _start(self, past: _Cursor | None, until: datetime) -> None:
        """Read on from ``past`` with a reader of our own, whatever was read before."""
        if self._reader is not None:
            self._reader.stopped.set()
            self._changed.notify_all()
        overlap = int(_MICRO * self.overlap.total_seconds())
        silence = int(_MICRO * self.silence.total_seconds())
        self._line = EventLine(
            past.at if past else None,
            past.proof if past else None,
            dict.fromkeys(past.seen, past.at) if past else {},
            silence=silence,
            # An event may overtake one of before: what was handed out is known till both have come.
            known_for=max(4 * overlap, 2 * silence),
        )
        self._handed, self._offered = [], None
        self._marks = dict.fromkeys(past.seen, past.proof) if past else {}
        self._n = past.n if past else 0
        options = StreamOptions(
            name=self.name,
            hosts=self.hosts,
            contact=self.contact,
            begin=int(_MICRO * (until - self.backfill).timestamp()),
            overlap=overlap,
            silence=self.silence.total_seconds(),
            capacity=self.capacity,
            pause=self.pause,
            clock=self.clock,
        )
        self._reader = JetstreamReader(options, self._line, self._changed)

    def _settle(self, past: _Cursor | None) -> None:
        """Forget what was handed out with ``past``: it is committed."""
        self._handed = []
        if past is not None:
            spans = ((max(start, past.at), end) for start, end in self._line.spans)
            # The last span goes on growing from where it is, even if all of it is handed out.
            kept = [span for span in spans if span[0] < span[1]]
            self._line.spans[:] = kept or [(past.at, past.at)]
        self._changed.notify_all()

    def _hand_out(self, cursor: str | None, past: _Cursor | None, until: datetime) -> Poll:
        line, end = self._line, int(_MICRO * until.timestamp())
        new = [sent for sent in line.waiting if sent.at < end]
        line.waiting[:] = [sent for sent in line.waiting if sent.at >= end]
        self._handed += new
        at = min(line.at, end) if line.at is not None else None
        since = past.at if past else None
        if at is None or (since is not None and at <= since and not self._handed):
            self._complain()
            return Poll(cursor)
        clipped = [(start, min(stop, at)) for start, stop in line.spans]
        observed = [(from_seconds(a / 1e6), from_seconds(b / 1e6)) for a, b in clipped if a < b]
        self._n += bool(new)
        window = int(2 * _MICRO * self.overlap.total_seconds())
        proof = line.proof
        if proof is None or proof >= end:
            last = past.proof if past else at
            proof = max((sent.at for sent in self._handed), default=last)
        self._marks |= {fingerprint(sent.post.id): sent.at for sent in new}
        self._marks = {mark: sent for mark, sent in self._marks.items() if sent > proof - window}
        after = _Cursor(max(at, since or at), proof, list(self._marks), self._n)
        self._offered = msgspec.json.encode(after).decode()
        posts = posts_frame([sent.post for sent in self._handed])
        self._changed.notify_all()
        return Poll(self._offered, posts=posts, observed=Spans.of(observed).pairs())

    def _complain(self) -> None:
        failure = self._reader.failure if self._reader is not None else None
        if failure is not None:
            raise failure


def _parse(text: str | None) -> _Cursor | None:
    if text is None:
        return None
    return decode_cursor(text, _Cursor, of="Jetstream")
