"""Every live source beside its place on the loopback. A new source joins by a line in ``RIGS``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from detector.domain.spans import Spans
from detector.ports import Pull, Source
from detector.sources.hackernews import HackerNewsSource
from detector.sources.pace import Pace
from detector.sources.web import Patience, Web
from tests.sources.servers.hackernews import HackerNews
from tests.sources.servers.place import CANARY, NOW, Place

SHORT = Patience(timeout=0.3, attempts=2, total=2.0, wait=0.01, longest_wait=0.2)
MINUTE = timedelta(minutes=1)


@dataclass
class Rig:
    """A source, and the place that it reads.

    Attributes
    ----------
    kind : what its pulls bring: "posts", "counts" or "looks".
    make : returns a fresh source, as after a restart.
    healing : whether time that was not looked at can be looked at later.
    """

    kind: str
    place: Place
    make: Callable[[], Source]
    healing: bool = True

    def pull(self, source: Source, cursor: str | None, until: datetime) -> Pull:
        return source.pull(cursor, until=until)

    def rows(self, pulls: Sequence[Pull]) -> set[tuple[object, ...]]:
        """Return what ``pulls`` brought: posts by their ids; counts by bin, the last one wins."""
        if self.kind == "posts":
            return {(i,) for pull in pulls if pull.posts is not None for i in pull.posts["id"]}
        found: dict[tuple[object, ...], float] = {}
        for pull in pulls:
            if pull.counts is not None:
                rows = pull.counts[pull.counts["service"] != ""]
                keys = zip(rows["time"].dt.to_pydatetime(), rows["service"], strict=True)
                found |= dict(zip(keys, rows["count"], strict=True))
        return {(*key, count) for key, count in found.items()}

    def rows_there(self, pulls: Sequence[Pull]) -> set[tuple[object, ...]]:
        """Return what the place has for the time that ``pulls`` looked at."""
        if self.kind == "posts":
            brought = self.rows(pulls)
            observed = Spans.of(span for pull in pulls for span in pull.observed)
            there = [s for s in self.place.said if observed.hold_seconds(_seconds(s.time))[0]]
            return {(s.id,) for s in there} | brought
        last = max(time for time, *_ in self.rows(pulls))
        return {
            (time, service, float(n))
            for service, counts in self.place.counts.items()
            for time, n in counts.items()
            if time <= last
        }

    def secret_was_sent(self) -> bool:
        return any(CANARY in str(asked.headers) for asked in self.place.asked)

    def fill(self, start: datetime, end: datetime) -> None:
        """Let something be found in every minute of ``[start, end)``."""
        for i in range(round((end - start) / MINUTE)):
            self.place.say(2, start + i * MINUTE + timedelta(seconds=3))
            for service, n in (("WeChat", 3), ("QQ", 0)):
                self.place.counts.setdefault(service, {})[start + i * MINUTE] = n


def _seconds(at: datetime) -> np.ndarray:
    return np.array([at.timestamp()])


def web(place: Place, **more: Any) -> Web:
    """Return the client that the rigs use: it carries a secret, and is in a hurry."""
    headers = {"Authorization": f"Bearer {CANARY}"}
    pace = Pace(10_000, 1.0, longest_wait=0.0)
    return Web("place", place.url, headers=headers, pace=pace, patience=SHORT, **more)


@contextmanager
def hackernews() -> Iterator[Rig]:
    with HackerNews().running() as place:
        yield Rig("posts", place, lambda: HackerNewsSource("place", web(place)))


RIGS: Mapping[str, Callable[[], Any]] = {"Hacker News": hackernews}

__all__ = ["MINUTE", "NOW", "RIGS", "SHORT", "Rig", "web"]
