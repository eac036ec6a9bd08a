"""Hacker News, Mastodon, Reddit: posts that are searched by time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from detector.errors import Garbled, InputError, Refused, Unavailable
from detector.sources.base import Poll, Source
from detector.sources.hackernews import HackerNewsSource
from detector.sources.mastodon import MastodonSource, first_id
from detector.sources.reddit import RedditSource
from detector.sources.time_windows import LookBack, Post, parse_lookback
from tests.sources.contract.rigs import MINUTE, NOW, web
from tests.sources.servers.hackernews import HackerNews
from tests.sources.servers.mastodon import Mastodon
from tests.sources.servers.place import CANARY, FakePost
from tests.sources.servers.reddit import Reddit

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def hn() -> Iterator[HackerNews]:
    with HackerNews().running() as place:
        assert isinstance(place, HackerNews)
        yield place


@pytest.fixture
def mastodon() -> Iterator[Mastodon]:
    with Mastodon().running() as place:
        assert isinstance(place, Mastodon)
        yield place


@pytest.fixture
def reddit() -> Iterator[Reddit]:
    with Reddit().running() as place:
        assert isinstance(place, Reddit)
        yield place


def ids(*polls: Poll) -> list[str]:
    return [i for p in polls if p.posts is not None for i in p.posts["id"]]


def all_polls(source: Source, *, until_observed: object) -> list[Poll]:
    cursor, polls = None, list[Poll]()
    for _ in range(40):
        polls.append(source.poll(cursor, until=NOW))
        cursor = polls[-1].cursor
        if polls[-1].observed and polls[-1].observed[-1][1] >= until_observed:  # type: ignore[operator]
            return polls
    raise AssertionError("it does not get there")


class TestHackerNews:
    def test_html_is_text_and_a_story_is_title_and_text(self, hn: HackerNews) -> None:
        hn.say(1, NOW - MINUTE)
        poll = HackerNewsSource("hn", web(hn)).poll(None, until=NOW)
        assert poll.posts is not None
        assert list(poll.posts["text"]) == ["WeChat is down & gone"]
        assert list(poll.posts["url"]) == ["https://news.ycombinator.com/item?id=1000"]

    def test_a_burst_of_more_than_a_search_shows_is_sliced(self, hn: HackerNews) -> None:
        hn.most = 50
        hn.say(60, NOW - HOUR, apart=MINUTE)
        hn.say(400, NOW - 20 * MINUTE, apart=SECOND / 2)
        source = HackerNewsSource("hn", web(hn), backfill=HOUR)
        polls = all_polls(source, until_observed=max(s.time for s in hn.said))
        assert sorted(ids(*polls)) == sorted(s.id for s in hn.said)
        assert len(polls) > 1, "a poll asks a limited number of times"

    def test_observed_ends_with_the_newest_post_of_the_index(self, hn: HackerNews) -> None:
        hn.say(10, NOW - 10 * MINUTE, apart=40 * SECOND)
        poll = HackerNewsSource("hn", web(hn)).poll(None, until=NOW)
        assert poll.observed == ((NOW - HOUR, NOW - 4 * MINUTE),)

    def test_an_index_that_stands_still_is_no_quiet_day(self, hn: HackerNews) -> None:
        hn.say(10, NOW - HOUR, apart=SECOND)
        source = HackerNewsSource("hn", web(hn))
        with pytest.raises(Unavailable, match="the index stands still"):
            source.poll(None, until=NOW)

    def test_a_post_that_is_indexed_late_is_found_once(self, hn: HackerNews) -> None:
        hn.say(10, NOW - 10 * MINUTE, apart=MINUTE)
        source = HackerNewsSource("hn", web(hn))
        first = source.poll(None, until=NOW)
        hn.said.append(FakePost("late", NOW - 8 * MINUTE))
        second = source.poll(first.cursor, until=NOW + MINUTE)
        third = source.poll(second.cursor, until=NOW + 2 * MINUTE)
        assert ids(second, third) == ["late"]

    def test_with_words_only_posts_with_them_and_no_sign_of_life(self, hn: HackerNews) -> None:
        hn.said = [FakePost("1", NOW - MINUTE, "WeChat"), FakePost("2", NOW - MINUTE, "Rust")]
        poll = HackerNewsSource("hn", web(hn), query="WeChat").poll(None, until=NOW)
        assert ids(poll) == ["1"]
        assert poll.observed[-1][1] == NOW

    def test_a_search_that_hides_posts_of_one_second_is_garbled(self, hn: HackerNews) -> None:
        hn.most = 5
        hn.said = [FakePost(str(i), NOW - MINUTE) for i in range(6)]
        source = HackerNewsSource("hn", web(hn), backfill=90 * SECOND, overlap=0 * SECOND)
        with pytest.raises(Garbled, match="6 posts of one second, and shows 5"):
            all_polls(source, until_observed=NOW)


class TestMastodon:
    def test_pages_are_followed_to_their_end(self, mastodon: Mastodon) -> None:
        mastodon.say(130, NOW - 30 * MINUTE, apart=10 * SECOND)
        source = MastodonSource("m", web(mastodon), ["wechat"])
        poll = source.poll(None, until=NOW)
        assert len(ids(poll)) == 130
        assert len(mastodon.asked) == 5, "four pages with posts and one without"
        assert poll.observed == ((NOW - HOUR, NOW),)

    def test_a_post_that_federates_late_is_found_once(self, mastodon: Mastodon) -> None:
        mastodon.say(10, NOW - 10 * MINUTE, apart=MINUTE)
        source = MastodonSource("m", web(mastodon), ["wechat"])
        first = source.poll(None, until=NOW)
        mastodon.said.append(FakePost("5", NOW - 8 * MINUTE))
        second = source.poll(first.cursor, until=NOW + MINUTE)
        third = source.poll(second.cursor, until=NOW + 2 * MINUTE)
        assert ids(second, third) == ["https://b.example/statuses/5"]

    def test_html_is_text_and_the_author_is_known_across_servers(self, mastodon: Mastodon) -> None:
        mastodon.say(1, NOW - MINUTE)
        poll = MastodonSource("m", web(mastodon), ["wechat"]).poll(None, until=NOW)
        assert poll.posts is not None
        row = poll.posts.iloc[0]
        assert row["text"] == "WeChat is down & gone #wechat"
        assert row["author"] == "https://b.example/users/someone"

    def test_a_post_with_two_of_the_tags_is_one_post(self, mastodon: Mastodon) -> None:
        mastodon.say(3, NOW - MINUTE)
        poll = MastodonSource("m", web(mastodon), ["wechat", "wechat"]).poll(None, until=NOW)
        assert len(ids(poll)) == 3

    def test_a_quiet_hour_is_observed_if_there_were_posts_ever(self, mastodon: Mastodon) -> None:
        mastodon.say(1, NOW - timedelta(days=30))
        poll = MastodonSource("m", web(mastodon), ["wechat"]).poll(None, until=NOW)
        assert ids(poll) == []
        assert poll.observed == ((NOW - HOUR, NOW),)

    def test_a_tag_that_nobody_ever_used_is_not_quiet(self, mastodon: Mastodon) -> None:
        with pytest.raises(Garbled, match="no post with any of the tags"):
            MastodonSource("m", web(mastodon), ["wechat"]).poll(None, until=NOW)

    def test_identifiers_without_time_are_refused(
        self, mastodon: Mastodon, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mastodon.say(1, NOW - MINUTE)
        right = mastodon.answer
        monkeypatch.setattr(
            mastodon,
            "answer",
            lambda asked: (200, [{**right(asked)[1][0], "id": "9sBXf1vIPGBCjO0000"}], {}),
        )
        with pytest.raises(Garbled, match="no Mastodon"):
            MastodonSource("m", web(mastodon), ["wechat"]).poll(None, until=NOW)

    def test_an_identifier_holds_the_time(self) -> None:
        # https://docs.joinmastodon.org: 48 bits of milliseconds, then 16 bits
        assert first_id(NOW) >> 16 == int(NOW.timestamp() * 1000)


class TestReddit:
    def source(self, reddit: Reddit) -> RedditSource:
        place = web(reddit)
        return RedditSource("r", place, place, "app", CANARY, ["WeChat", "outages"])

    def test_title_and_text_are_one_post(self, reddit: Reddit) -> None:
        reddit.say(1, NOW - MINUTE)
        poll = self.source(reddit).poll(None, until=NOW)
        assert poll.posts is not None
        assert list(poll.posts["text"]) == ["WeChat is down\nsince a minute"]
        assert list(poll.posts["url"]) == ["https://www.reddit.com/r/WeChat/comments/1000/"]

    def test_a_token_is_kept_and_renewed_when_it_expires(self, reddit: Reddit) -> None:
        reddit.say(3, NOW - MINUTE)
        source = self.source(reddit)
        cursor = source.poll(None, until=NOW).cursor
        cursor = source.poll(cursor, until=NOW + MINUTE).cursor
        assert reddit.logins == 1
        reddit.token = "token-2"
        source.poll(cursor, until=NOW + 2 * MINUTE)
        assert reddit.logins == 2

    def test_a_wrong_secret_is_refused_and_not_asked_for_ever(self, reddit: Reddit) -> None:
        reddit.say(3, NOW - MINUTE)
        place = web(reddit)
        source = RedditSource("r", place, place, "app", "wrong", ["WeChat", "outages"])
        with pytest.raises(Refused, match="401"):
            source.poll(None, until=NOW)
        assert len(reddit.asked) == 1

    def test_a_listing_that_ends_too_soon_leaves_a_gap(self, reddit: Reddit) -> None:
        reddit.say(1_300, NOW - 50 * MINUTE, apart=2 * SECOND)
        poll = self.source(reddit).poll(None, until=NOW)
        oldest = reddit.said[300].time
        assert len(ids(poll)) == 1_000
        assert poll.observed == ((oldest, NOW),)

    def test_a_short_listing_is_all_there_is(self, reddit: Reddit) -> None:
        reddit.say(3, NOW - MINUTE)
        poll = self.source(reddit).poll(None, until=NOW)
        assert poll.observed == ((NOW - HOUR, NOW),)


class TestLookBack:
    def test_identifiers_are_remembered_as_long_as_they_may_come_again(self) -> None:
        posts = [Post(NOW - i * MINUTE, str(i), "x") for i in range(20)]
        after = LookBack(NOW).after(posts, until=NOW, overlap=10 * MINUTE)
        assert set(after.seen) == {str(i) for i in range(11)}
        assert after.fresh(posts) == tuple(reversed(posts[11:]))
        assert parse_lookback(after.text(), otherwise=NOW) == after

    def test_a_place_of_something_else_is_refused(self) -> None:
        with pytest.raises(InputError, match="is not one of a search"):
            parse_lookback('{"at": 3}', otherwise=NOW)
