"""Every live source beside its place on the loopback. A new source joins by a line in ``RIGS``."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import Any

import numpy as np

from detector.errors import SourceError
from detector.model.spans import Spans
from detector.sources import weibo_hotsearch
from detector.sources.base import Poll, Source
from detector.sources.bluesky import JetstreamSource
from detector.sources.hackernews import HackerNewsSource
from detector.sources.http.client import Patience, Web
from detector.sources.mastodon import MastodonSource
from detector.sources.opensearch import OpenSearchSource
from detector.sources.pace import Pace
from detector.sources.prometheus import PrometheusSource
from detector.sources.push import PushSource
from detector.sources.reddit import RedditSource
from detector.sources.sql import SqlSource
from detector.sources.weibo_hotsearch import WeiboHotSearchSource
from detector.sources.x import XSource
from tests.sources.servers.counting import OpenSearch, Prometheus, X
from tests.sources.servers.database import QUERY, REACHED, Database
from tests.sources.servers.hackernews import HackerNews
from tests.sources.servers.inbox import Pusher
from tests.sources.servers.jetstream import Jetstream
from tests.sources.servers.mastodon import Mastodon
from tests.sources.servers.place import CANARY, NOW, Place
from tests.sources.servers.reddit import Reddit
from tests.sources.servers.weibo import Weibo

SHORT = Patience(timeout=0.5, attempts=2, total=2.0, wait=0.01, longest_wait=0.2)
MINUTE = timedelta(minutes=1)
#: The secret as it travels: as it is, and as the half of a login.
SECRETS = (CANARY, b64encode(f"app:{CANARY}".encode()).decode())


@dataclass
class Rig:
    """A source, and the place that it reads.

    Attributes
    ----------
    kind : what its polls bring: "posts", "counts" or "looks".
    make : returns a fresh source, as after a restart.
    """

    kind: str
    place: Any
    make: Callable[[], Source]

    def poll(self, source: Source, cursor: str | None, until: datetime) -> Poll:
        return source.poll(cursor, until=until)

    def rows(self, polls: Sequence[Poll]) -> set[tuple[object, ...]]:
        """Return what ``polls`` brought: posts by their ids; counts by bin, the last one wins."""
        if self.kind == "posts":
            ids = [i for poll in polls if poll.posts is not None for i in poll.posts["id"]]
            return {(_number(i),) for i in ids}
        if self.kind == "looks":
            frames = [poll.counts for poll in polls if poll.counts is not None]
            return {pair for f in frames for pair in zip(f["time"], f["title"], strict=True)}
        found: dict[tuple[object, ...], float] = {}
        for poll in polls:
            if poll.counts is not None:
                rows = poll.counts[poll.counts["time"] >= NOW - 10 * MINUTE]
                keys = zip(rows["time"].dt.to_pydatetime(), rows["service"], strict=True)
                found |= dict(zip(keys, rows["count"], strict=True))
        return {(*key, count) for key, count in found.items()}

    def rows_there(self, polls: Sequence[Poll]) -> set[tuple[object, ...]]:
        """Return what the place has for the time that ``polls`` looked at."""
        if self.kind == "posts":
            brought = self.rows(polls)
            observed = Spans.of(span for poll in polls for span in poll.observed)
            there = [s for s in self.place.said if observed.hold_seconds(_seconds(s.time))[0]]
            return {(s.id,) for s in there} | brought
        if self.kind == "looks":
            titles = ("微信崩了", "泪崩", "今日天气")
            return {(span[0], title) for p in polls for span in p.observed for title in titles}
        times = [time for time, *_ in self.rows(polls)]
        last = max(times)
        assert last >= NOW - 2 * MINUTE, "what is there was found"
        return {
            (time, service, float(n))
            for service, counts in self.place.counts.items()
            for time, n in counts.items()
            if time <= last
        }

    def secret_was_sent(self) -> bool:
        sent = "".join(str(asked.headers) for asked in self.place.asked)
        return any(secret in sent for secret in SECRETS)

    def fill(self, start: datetime, end: datetime) -> None:
        """Let something be found in every minute of ``[start, end)``."""
        for i in range(round((end - start) / MINUTE)):
            self.place.say(2, start + i * MINUTE + timedelta(seconds=3))
            for service, n in (("WeChat", 3), ("QQ", 0)):
                self.place.counts.setdefault(service, {})[start + i * MINUTE] = n


def _number(post: str) -> str:
    """Return the number of a post, which every place hides in an address of its own."""
    return post.rpartition("/")[2].rpartition("_")[2]


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


@contextmanager
def mastodon() -> Iterator[Rig]:
    with Mastodon().running() as place:
        yield Rig("posts", place, lambda: MastodonSource("place", web(place), tags=["wechat"]))


@contextmanager
def reddit() -> Iterator[Rig]:
    with Reddit().running() as place:
        yield Rig(
            "posts",
            place,
            lambda: RedditSource(
                "place", web(place), web(place), "app", CANARY, subreddits=["WeChat", "outages"]
            ),
        )


@contextmanager
def weibo() -> Iterator[Rig]:
    with Weibo().running() as place:
        refusals = weibo_hotsearch.REFUSALS
        make = lambda: WeiboHotSearchSource("place", web(place, refusals=refusals))  # noqa: E731
        yield Rig("looks", place, make)


@contextmanager
def prometheus() -> Iterator[Rig]:
    queries = {s: f'sum(increase(errors{{service="{s}"}}[1m]))' for s in ("WeChat", "QQ")}
    with Prometheus().running() as place:
        yield Rig("counts", place, lambda: PrometheusSource("place", web(place), queries))


@contextmanager
def opensearch() -> Iterator[Rig]:
    queries = {service: f"service:{service}" for service in ("WeChat", "QQ")}
    with OpenSearch().running() as place:
        yield Rig("counts", place, lambda: OpenSearchSource("place", web(place), "logs-*", queries))


@contextmanager
def x() -> Iterator[Rig]:
    queries = {service: service for service in ("WeChat", "QQ")}
    with X().running() as place:
        settings = {"every": MINUTE, "backfill": 60 * MINUTE}
        yield Rig("counts", place, lambda: XSource("place", web(place), queries, **settings))


@contextmanager
def sql() -> Iterator[Rig]:
    with TemporaryDirectory() as folder:
        place = Database(Path(folder))
        make = lambda: SqlSource(  # noqa: E731
            "place", place.url, QUERY, reached=REACHED, zeros_for=["WeChat", "QQ"]
        )
        yield DatabaseRig("counts", place, make)


class DatabaseRig(Rig):
    """A place that is a file: its name is the secret."""

    def fill(self, start: datetime, end: datetime) -> None:
        super().fill(start, end)
        self.place.write()

    def secret_was_sent(self) -> bool:
        return True


@contextmanager
def push() -> Iterator[Rig]:
    place = Pusher()
    yield PushRig("posts", place, lambda: PushSource("place", place.inbox, "posts"))


class PushRig(Rig):
    """Nobody is asked: who has something hands it in, a minute at a time; we know no secret."""

    def fill(self, start: datetime, end: datetime) -> None:
        super().fill(start, end)
        for i in range(round((end - start) / MINUTE)):
            self.place.push_posts(start + i * MINUTE)

    def secret_was_sent(self) -> bool:
        return True


@contextmanager
def jetstream() -> Iterator[Rig]:
    made: list[JetstreamSource] = []

    def make() -> JetstreamSource:
        clock = lambda: NOW + 15 * MINUTE  # noqa: E731
        made.append(
            JetstreamSource(
                "place", [place.url], silence=MINUTE, pause=0.01, first_wait=0.3, clock=clock
            )
        )
        return made[-1]

    with Jetstream().running() as place:
        yield StreamRig("posts", place, make)
        for source in made:
            source.close()


class StreamRig(Rig):
    """A place that sends when it likes: a poll is repeated until what is there has come."""

    def poll(self, source: Source, cursor: str | None, until: datetime) -> Poll:
        last = max(s.time for s in self.place.said if s.time < until)
        failures = 0
        for _ in range(80):
            try:
                poll = source.poll(cursor, until=until)
            except SourceError:
                failures += 1
                if failures > 5:
                    raise
                poll = Poll(cursor)
            if poll.observed and poll.observed[-1][1] >= last:
                return poll
            sleep(0.01)
        return poll

    def secret_was_sent(self) -> bool:
        return True


RIGS: Mapping[str, Callable[[], Any]] = {
    "Bluesky": jetstream,
    "Hacker News": hackernews,
    "Mastodon": mastodon,
    "Reddit": reddit,
    "Weibo": weibo,
    "X": x,
    "Prometheus": prometheus,
    "OpenSearch": opensearch,
    "SQL": sql,
    "HTTP push": push,
}

__all__ = ["MINUTE", "NOW", "RIGS", "SECRETS", "SHORT", "Rig", "web"]
