"""Rows that others hand in: the public contract, and what is particular."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from detector.config import parse_settings
from detector.errors import Garbled
from detector.model.push_batch import PushBatch
from detector.model.times import iso
from detector.sources.base import Source
from detector.sources.push import KEPT, MOST_BATCHES, PushSettings, PushSource
from detector.store.inbox import open_inbox
from detector.store.sql_store import open_store
from detector.testing.sources import SourceContract
from tests.fakes.controls import FakeInbox
from tests.sources.servers.inbox import Pusher
from tests.sources.servers.place import NOW

MINUTE = timedelta(minutes=1)


class Handed(SourceContract):
    now = NOW

    @pytest.fixture(autouse=True)
    def _handed_in(self) -> None:
        self.place = Pusher()
        for i in range(-10, 5):
            at = NOW + i * MINUTE
            self.place.say(2, at)
            self.place.counts.setdefault("WeChat", {})[at] = 3 + i % 2
            self.push(at)

    def push(self, at: datetime) -> None:
        raise NotImplementedError

    def break_down(self) -> None:
        self.place.apply("503 throughout")

    def mend(self) -> None:
        self.place.heal()


class TestPostsHandedIn(Handed):
    def push(self, at: datetime) -> None:
        self.place.push_posts(at)

    def make(self) -> Source:
        return PushSource("place", self.place.inbox, "posts")


class TestCountsHandedIn(Handed):
    def push(self, at: datetime) -> None:
        self.place.push_counts(at)

    def make(self) -> Source:
        return PushSource("place", self.place.inbox, "counts")


def parcel(
    key: str, *, observed: bool = True, n: int = 1, at: datetime = NOW - MINUTE
) -> PushBatch:
    rows = [{"time": iso(at), "text": f"WeChat is down {key} {i}"} for i in range(n)]
    spans = [[iso(at), iso(at + MINUTE)]] if observed else []
    return PushBatch("place", key, NOW, "posts", json.dumps({"rows": rows, "observed": spans}))


def test_a_push_that_does_not_say_what_it_observed_observed_nothing() -> None:
    inbox = FakeInbox()
    inbox.put(parcel("a", observed=False))
    poll = PushSource("place", inbox, "posts").poll(None, until=NOW)
    assert poll.posts is not None
    assert len(poll.posts) == 1
    assert poll.observed == ()


def test_nothing_pushed_is_nothing_observed_and_awaited_if_so_configured() -> None:
    source = PushSource("place", FakeInbox(), "posts", awaited=False)
    poll = source.poll(None, until=NOW)
    assert (poll.cursor, poll.posts, poll.observed, poll.awaited) == (None, None, (), False)
    assert PushSource("place", FakeInbox(), "counts").poll(None, until=NOW).awaited


def test_a_post_with_the_same_id_twice_in_a_poll_is_one_post() -> None:
    place = Pusher()
    place.say(2, NOW - MINUTE)
    place.push_posts(NOW - MINUTE, key="one")
    place.push_posts(NOW - MINUTE, key="two")
    poll = PushSource("place", place.inbox, "posts").poll(None, until=NOW)
    assert poll.posts is not None
    assert list(poll.posts["id"]) == ["1000", "1001"]


def test_a_heap_is_taken_in_parts_and_whole() -> None:
    inbox = FakeInbox()
    for i in range(MOST_BATCHES + 20):
        inbox.put(parcel(str(i)))
    source = PushSource("place", inbox, "posts")
    first = source.poll(None, until=NOW)
    second = source.poll(first.cursor, until=NOW)
    assert [len(p.posts) for p in (first, second) if p.posts is not None] == [MOST_BATCHES, 20]


def test_what_was_committed_is_forgotten_when_nobody_sends_it_again(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    open_store(path).close()
    with closing(open_inbox(path)) as inbox:
        inbox.put(parcel("a"))
        source = PushSource("place", inbox, "posts")
        cursor = source.poll(None, until=NOW).cursor
        assert inbox.after("place", 0, limit=9), "it is not committed yet"
        source.poll(cursor, until=NOW)
        assert inbox.after("place", 0, limit=9), "its sender may send it again"
        PushSource("place", inbox, "posts").poll(cursor, until=NOW + KEPT + MINUTE)
        assert not inbox.after("place", 0, limit=9)


def test_a_damaged_parcel_is_told_by_its_place() -> None:
    inbox = FakeInbox()
    inbox.put(PushBatch("place", "a", NOW, "posts", "{"))
    with pytest.raises(Garbled, match="the batch at 1 in the inbox is damaged"):
        PushSource("place", inbox, "posts").poll(None, until=NOW)


def test_settings_name_the_rows() -> None:
    text = '[[sources]]\ntype = "push"\nname = "helpdesk"\nrows = "counts"\nwidth = "5min"\n'
    (source,) = parse_settings(text, path="config.toml").sources
    assert isinstance(source, PushSettings)
    assert (source.rows, source.width, source.awaited) == ("counts", 5 * MINUTE, True)
