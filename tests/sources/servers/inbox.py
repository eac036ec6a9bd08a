"""Somebody who pushes to us, and what happens to an inbox."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from detector.errors import StoreError
from detector.model.push_batch import PushBatch
from detector.model.times import iso
from tests.fakes.controls import FakeInbox
from tests.sources.servers.place import NOW, FakePost

MINUTE = timedelta(minutes=1)


class Pusher:
    """Hands in a parcel per minute: everything that was said in it.

    Attributes
    ----------
    inbox : where to; it can break down.
    """

    def __init__(self) -> None:
        self.inbox = BreakableInbox()
        self.said: list[FakePost] = []
        self.counts: dict[str, dict[datetime, int]] = {}
        self.asked: list[object] = []

    def say(self, n: int, at: datetime, *, apart: timedelta = timedelta(seconds=7)) -> None:
        first = len(self.said)
        self.said += [FakePost(str(1000 + first + i), at + i * apart) for i in range(n)]

    def push_posts(self, start: datetime, *, key: str | None = None, **more: Any) -> bool:
        """Hand in what was said in the minute from ``start`` on."""
        end = start + MINUTE
        said = [s for s in self.said if start <= s.time < end]
        rows = [
            {"time": iso(s.time), "id": s.id, "text": s.text, "author": s.author, **more}
            for s in said
        ]
        document = {"rows": rows, "observed": [[iso(start), iso(end)]]}
        return self._put("posts", key or iso(start), document)

    def push_counts(self, start: datetime, *, key: str | None = None) -> bool:
        """Hand in the counts of the minute from ``start`` on."""
        rows = [
            {"time": iso(start), "service": service, "count": counts[start]}
            for service, counts in self.counts.items()
        ]
        return self._put("counts", key or iso(start), {"rows": rows})

    def _put(self, kind: Any, key: str, document: Mapping[str, Any]) -> bool:
        text = json.dumps(document)
        return self.inbox.put(PushBatch("place", key, NOW, kind, text))

    def apply(self, failure: str) -> None:
        match failure:
            case "503 throughout" | "401":
                self.inbox.is_down = True
            case "malformed JSON":
                self.inbox.is_damaged = True
            case "posts of the future":
                self.say(3, NOW + timedelta(hours=1))
                self.push_posts(NOW + timedelta(hours=1))
            case "new fields":
                self.push_posts(NOW - MINUTE, key="drifted", brand_new_field=None)
            case "rows twice":
                for i in range(10):
                    again = self.push_posts(NOW - (i + 1) * MINUTE)
                    assert not again, "a key is taken once"
            case _:
                raise NotImplementedError(failure)

    def heal(self) -> None:
        self.inbox.is_down = self.inbox.is_damaged = False


class BreakableInbox(FakeInbox):
    """An inbox in a store that can be away, or damaged."""

    is_down = False
    is_damaged = False

    def after(self, source: str, position: int, *, limit: int) -> tuple[PushBatch, ...]:
        if self.is_down:
            raise StoreError("somebody holds the store")
        found = super().after(source, position, limit=limit)
        if not self.is_damaged:
            return found
        return tuple(replace(p, document=p.document[: len(p.document) // 2]) for p in found)
