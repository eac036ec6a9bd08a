"""The line of events that Jetstream sends, across connections: what is new, and what was observed.

Nothing is read here; events are handed in as they come. The proof that a connection continues
where the one before it ended is that it shows again an event from before: Jetstream moves a
cursor that is too old forward without saying so, and then its first event is a later one.

References
----------
Bluesky Jetstream, https://github.com/bluesky-social/jetstream (2026): ``/subscribe``, cursors,
and the events' fields.
"""

from __future__ import annotations

import hashlib
from base64 import b85encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple

import msgspec

from detector.domain.times import from_seconds
from detector.sources.lookback import Post

COLLECTION = "app.bsky.feed.post"
#: A post that says it was written so long before it was sent is imported from elsewhere.
IMPORTED = timedelta(hours=1)


class _Commit(msgspec.Struct):
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    record: msgspec.Raw = msgspec.Raw()


Micros = Annotated[int, msgspec.Meta(ge=0, lt=4_102_444_800_000_000)]
"""Microseconds since 1970, before 2100."""


class Event(msgspec.Struct):
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


def parse_event(message: bytes) -> Event:
    """Return the event in ``message``. Raises `msgspec.DecodeError`."""
    return msgspec.json.decode(message, type=Event)


def post_in(event: Event) -> Post | None:
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
class Line:
    """Events put in line. Instants are microseconds since 1970.

    Parameters
    ----------
    at : up to here it is known what was observed; None before any event.
    proof : the latest event known for sure; a connection that shows it, or one before, continues.
    recent : fingerprints of posts that may be shown again, and when they were sent.
    silence : a pause between events longer than this was not observed.
    memory : for how long a post is known again.

    Attributes
    ----------
    waiting : new posts, in order of arrival.
    spans : what was observed behind the place where the line began, ``[start, end)``.
    """

    at: int | None
    proof: int | None
    recent: dict[str, int]
    silence: int
    memory: int
    waiting: list[Sent] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    _joined: bool = field(default=False, init=False)
    _pruned: int = field(default=0, init=False)

    def connected(self) -> None:
        """Note that the next event is the first of a connection."""
        self._joined = False

    def take(self, event: Event) -> None:
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
        if self.at is not None and self.at - self._pruned > self.memory:
            self._pruned = self.at
            self.recent = {m: at for m, at in self.recent.items() if at > self.at - self.memory}
