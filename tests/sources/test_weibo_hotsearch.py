"""Weibo's hot-search list."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from detector.errors import Garbled, Refused, Unavailable
from detector.sources.weibo_hotsearch import REFUSALS, STALE, WeiboHotSearchSource
from tests.sources.contract.rigs import MINUTE, NOW, web
from tests.sources.servers.place import CANARY, FakeFailure
from tests.sources.servers.weibo import Weibo


@pytest.fixture
def weibo() -> Iterator[Weibo]:
    with Weibo().running() as place:
        assert isinstance(place, Weibo)
        yield place


def source(place: Weibo) -> WeiboHotSearchSource:
    return WeiboHotSearchSource("weibo", web(place, refusals=REFUSALS))


def test_a_look_is_the_list_with_its_floor_without_advertisements(weibo: Weibo) -> None:
    poll = source(weibo).poll(None, until=NOW + MINUTE / 3)
    assert poll.counts is not None
    assert list(poll.counts["title"]) == ["微信崩了", "泪崩", "今日天气"]
    assert set(poll.counts["floor"]) == {100_000.0}
    assert set(poll.counts["service"]) == {""}
    assert set(poll.counts["time"]) == {NOW}
    assert poll.observed == ((NOW, NOW + MINUTE),)


def test_one_look_a_bin_however_often_it_is_polled(weibo: Weibo) -> None:
    looking = source(weibo)
    first = looking.poll(None, until=NOW)
    again = looking.poll(first.cursor, until=NOW + MINUTE / 2)
    assert len(weibo.asked) == 1
    assert again.observed == ()
    assert again.counts is not None
    assert again.counts.empty
    assert "floor" in again.counts
    looking.poll(again.cursor, until=NOW + MINUTE)
    assert len(weibo.asked) == 2


def test_an_empty_list_is_a_failure_and_not_a_quiet_day(weibo: Weibo) -> None:
    weibo.empty = True
    with pytest.raises(Garbled, match="empty"):
        source(weibo).poll(None, until=NOW)


def test_a_list_that_never_changes_is_a_failure(weibo: Weibo) -> None:
    weibo.frozen = True
    looking, cursor = source(weibo), None
    for i in range(int(STALE / MINUTE)):
        poll = looking.poll(cursor, until=NOW + i * MINUTE)
        assert poll.observed, "a list may stay the same for a while"
        cursor = poll.cursor
    with pytest.raises(Garbled, match="the same since 2026-11-22T12:00:00Z"):
        looking.poll(cursor, until=NOW + STALE)
    weibo.frozen = False
    assert looking.poll(cursor, until=NOW + STALE + MINUTE).observed


def test_entries_without_heat_are_left_out_but_not_most_of_them(weibo: Weibo) -> None:
    weibo.drift = "gone"
    with pytest.raises(Garbled, match="0 of 3 entries tell their heat"):
        source(weibo).poll(None, until=NOW)


def test_a_login_page_in_json_is_told_as_what_it_is(weibo: Weibo) -> None:
    weibo.login = True
    with pytest.raises(Refused, match="wants a login"):
        source(weibo).poll(None, until=NOW)


@pytest.mark.parametrize("status", [418, 432])
def test_when_taken_for_a_crawler_we_stay_away(weibo: Weibo, status: int) -> None:
    weibo.always = FakeFailure(status)
    looking = source(weibo)
    for _ in range(3):
        with pytest.raises(Unavailable, match="left alone"):
            looking.poll(None, until=NOW)
    assert len(weibo.asked) == 1


def test_an_unchanged_list_is_a_look_as_well(weibo: Weibo) -> None:
    weibo.frozen = True
    looking = source(weibo)
    first = looking.poll(None, until=NOW)
    second = looking.poll(first.cursor, until=NOW + MINUTE)
    assert weibo.asked[1].headers["if-none-match"] == '"0"'
    assert second.counts is not None
    assert list(second.counts["count"]) == [900_000.0, 500_000.0, 100_000.0]
    assert second.observed == ((NOW + MINUTE, NOW + 2 * MINUTE),)


def test_the_secret_is_sent_in_a_header_only(weibo: Weibo) -> None:
    source(weibo).poll(None, until=NOW)
    (asked,) = weibo.asked
    assert CANARY in asked.headers["authorization"]
    assert CANARY not in asked.path + str(asked.query)
