"""Bluesky by Jetstream, against a loopback host that forgets, cuts, repeats and lies."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from detector.errors import SourceError
from detector.model.spans import Spans
from detector.sources.base import Poll
from detector.sources.bluesky import JetstreamSource
from detector.sources.jetstream import EventLine, JetstreamEvent, parse_event, post_in
from tests.sources.servers.jetstream import Jetstream, event_of, micros
from tests.sources.servers.place import NOW, FakePost

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
Make = Callable[..., JetstreamSource]


@pytest.fixture
def host() -> Iterator[Jetstream]:
    with Jetstream().running() as place:
        yield place


@pytest.fixture
def make(host: Jetstream) -> Iterator[Make]:
    made: list[JetstreamSource] = []

    def source(*hosts: str, **more: object) -> JetstreamSource:
        settings = {"pause": 0.01, "first_wait": 1.0, "clock": lambda: NOW, **more}
        made.append(JetstreamSource("bluesky", hosts or (host.url,), **settings))  # type: ignore[arg-type]
        return made[-1]

    yield source
    for one in made:
        one.close()


def poll_up_to(
    source: JetstreamSource, cursor: str | None, until: datetime, event: datetime
) -> Poll:
    """Poll from ``cursor`` until ``event`` is observed."""
    for _ in range(300):
        try:
            poll = source.poll(cursor, until=until)
        except SourceError:
            poll = Poll(cursor)
        if poll.observed and poll.observed[-1][1] >= event:
            return poll
        time.sleep(0.01)
    raise AssertionError(f"not observed up to {event}: {poll}")


def ids(*polls: Poll) -> list[str]:
    return [i for p in polls if p.posts is not None for i in p.posts["id"]]


def test_posts_arrive_with_what_they_say(host: Jetstream, make: Make) -> None:
    host.say(3, NOW - MINUTE, apart=SECOND)
    poll = poll_up_to(make(), None, NOW, NOW - MINUTE + 2 * SECOND)
    assert poll.posts is not None
    row = poll.posts.iloc[0]
    assert row["id"] == "at://did:plc:someone/app.bsky.feed.post/1000"
    assert row["author"] == "did:plc:someone"
    assert row["lang"] == "en"
    assert row["url"] == "https://bsky.app/profile/did:plc:someone/post/1000"
    assert row["time"] == NOW - MINUTE
    assert poll.observed == ((NOW - MINUTE, NOW - MINUTE + 2 * SECOND),)
    assert host.asked[0]["wantedCollections"] == ["app.bsky.feed.post"]
    assert host.asked[0]["cursor"] == [str(micros(NOW - 10 * MINUTE))]


def test_nothing_is_lost_or_doubled_over_ten_cuts_and_three_restarts(
    host: Jetstream, make: Make
) -> None:
    host.say(3_000, NOW - 5 * MINUTE, apart=SECOND / 20)
    host.cut_after = [200 + 17 * i for i in range(10)]
    source, cursor, polls = make(), None, list[Poll]()
    for i in range(1, 6):
        until = NOW - 5 * MINUTE + i * timedelta(seconds=31)
        last = max(s.time for s in host.said if s.time < until)
        polls.append(poll_up_to(source, cursor, until, last))
        cursor = polls[-1].cursor
        if i in (1, 3, 4):
            source.close()
            source = make()
    assert sorted(ids(*polls)) == sorted(map(host.uri, host.said))
    assert host.cut_after == []
    assert len(Spans.of(span for poll in polls for span in poll.observed)) == 1


def test_what_was_not_committed_is_handed_out_again(host: Jetstream, make: Make) -> None:
    host.say(10, NOW - MINUTE, apart=SECOND)
    source = make()
    first = poll_up_to(source, None, NOW, host.said[-1].time)
    again = source.poll(None, until=NOW)
    assert ids(first) == ids(again)
    assert source.poll(again.cursor, until=NOW).posts is None


def test_a_cursor_that_the_host_moved_leaves_a_gap_that_was_not_observed(
    host: Jetstream, make: Make
) -> None:
    host.say(5, NOW - 9 * MINUTE, apart=SECOND)
    first = poll_up_to(make(), None, NOW, host.said[-1].time)
    host.said.clear()
    host.say(5, NOW - 2 * MINUTE, apart=SECOND)
    host.kept_since = micros(NOW - 2 * MINUTE)
    second = poll_up_to(make(), first.cursor, NOW, host.said[-1].time)
    assert second.observed == ((NOW - 2 * MINUTE, NOW - 2 * MINUTE + 4 * SECOND),)
    assert first.observed[-1][1] == NOW - 9 * MINUTE + 4 * SECOND


def test_a_pause_in_which_the_stream_was_silent_was_not_observed(
    host: Jetstream, make: Make
) -> None:
    host.say(3, NOW - 5 * MINUTE, apart=SECOND)
    host.say(3, NOW - 2 * MINUTE, apart=SECOND)
    poll = poll_up_to(make(), None, NOW, host.said[-1].time)
    assert poll.observed == (
        (NOW - 5 * MINUTE, NOW - 5 * MINUTE + 2 * SECOND),
        (NOW - 2 * MINUTE, NOW - 2 * MINUTE + 2 * SECOND),
    )


def test_when_a_host_falls_the_next_one_continues(host: Jetstream, make: Make) -> None:
    with Jetstream().running() as other:
        host.say(100, NOW - MINUTE, apart=SECOND / 2)
        other.said = [replace(s, time=s.time + 0.3 * SECOND) for s in host.said]
        host.cut_after = [40]
        source = make(host.url, other.url)
        poll = poll_up_to(source, None, NOW, other.said[-1].time)
        assert sorted(ids(poll)) == sorted(map(host.uri, host.said)), "each once, by its address"
        assert len(poll.observed) == 1


@pytest.mark.parametrize("failure", ["503 throughout", "401", "malformed JSON", "fields gone"])
def test_a_stream_that_cannot_be_read_is_an_error_and_observes_nothing(
    host: Jetstream, make: Make, failure: str
) -> None:
    host.say(50, NOW - MINUTE, apart=SECOND)
    host.apply(failure)
    with pytest.raises(SourceError, match=r"bluesky: 127\.0\.0\.1:\d+: (answered|sent)"):
        make().poll(None, until=NOW)


def test_a_host_that_says_nothing_is_left(host: Jetstream, make: Make) -> None:
    with Jetstream().running() as other:
        host.mute = True
        other.say(5, NOW - MINUTE, apart=SECOND / 10)
        source = make(host.url, other.url, silence=SECOND / 5)
        assert ids(poll_up_to(source, None, NOW, other.said[0].time))


def test_a_dead_stream_is_told_as_trouble_and_not_as_quiet(host: Jetstream, make: Make) -> None:
    host.say(5, NOW - MINUTE, apart=SECOND / 10)
    source = make(silence=SECOND / 5)
    first = poll_up_to(source, None, NOW, host.said[-1].time)
    host.mute = True
    time.sleep(0.5)
    with pytest.raises(SourceError, match="sent nothing"):
        source.poll(first.cursor, until=NOW)


def test_a_full_buffer_stops_reading_and_loses_nothing(host: Jetstream, make: Make) -> None:
    host.say(500, NOW - 5 * MINUTE, apart=SECOND / 4)
    source = make(capacity=50)
    cursor, brought = None, list[str]()
    for _ in range(200):
        poll = source.poll(cursor, until=NOW)
        cursor = poll.cursor
        brought += ids(poll)
        assert len(ids(poll)) <= 51
        if len(brought) == 500:
            break
        time.sleep(0.01)
    assert sorted(brought) == sorted(map(host.uri, host.said))


def test_events_dated_ahead_of_our_clock_are_none(host: Jetstream, make: Make) -> None:
    host.say(5, NOW - MINUTE, apart=SECOND)
    host.say(1, NOW + timedelta(hours=1))
    host.say(5, NOW - MINUTE + 10 * SECOND, apart=SECOND)
    poll = poll_up_to(make(), None, NOW, host.said[-1].time)
    assert len(ids(poll)) == 10
    assert poll.observed[-1][1] == host.said[-1].time


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"operation": "delete"}, "a deletion"),
        ({"collection": "app.bsky.feed.like"}, "a like"),
        ({"record": {"text": 3}}, "a record that is no post"),
        ({"record": {"text": ""}}, "a picture without words"),
        ({"record": {"text": "old", "createdAt": "2019-01-01T00:00:00Z"}}, "an import"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_new_post_is_left_out(changes: dict[str, object], why: str) -> None:
    line = EventLine(None, None, {}, silence=30_000_000, known_for=1)
    line.take(an_event(changes))
    assert line.waiting == []
    assert line.at is not None, "but it shows that the stream is alive"


@pytest.mark.parametrize("created", ["gibberish", "2026-11-22T13:59:00", "2999-01-01T00:00:00Z"])
def test_what_an_author_says_of_the_time_is_not_believed(created: str) -> None:
    post = post_in(an_event({"record": {"text": "down", "createdAt": created}}))
    assert post is not None
    assert post.time == NOW


def an_event(changes: dict[str, object]) -> JetstreamEvent:
    event = event_of(FakePost("1", NOW))
    event["commit"].update(changes)
    return parse_event(json.dumps(event).encode())
