"""A dead feed through the whole engine: it neither fakes an outage nor its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from detector.model.health import SourceAlert, SourceReason, SourceState
from detector.model.incident import Incident
from detector.notify.policy import NotificationPolicy
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.run import PollFailure, run_once
from detector.pipeline.state import PipelineState
from detector.sources.base import Source
from detector.sources.hackernews import HackerNewsSource
from detector.sources.http.client import Web
from detector.sources.pace import Pace
from detector.sources.weibo_hotsearch import WeiboHotSearchSource
from tests.fakes.store import FakeStore
from tests.laws.stories import plan
from tests.sources.contract.rigs import MINUTE, NOW, SHORT
from tests.sources.servers.hackernews import HackerNews
from tests.sources.servers.weibo import Weibo

HOUR = timedelta(hours=1)


class Life:
    """An engine with one source, turned minute by minute."""

    def __init__(self, plan: PipelinePlan, source: Source) -> None:
        self.state, self.store, self.plan, self.source = PipelineState(), FakeStore(), plan, source
        self.now = NOW
        self.poll_failures: list[PollFailure] = []
        self.alarms: list[SourceAlert] = []

    def go(self, span: timedelta, *, every: timedelta = MINUTE) -> None:
        end = self.now + span
        while self.now < end:
            outcome = run_once(
                self.state,
                [self.source],
                self.store,
                self.plan,
                NotificationPolicy(),
                now=self.now,
                wall=self.now,
            )
            self.state = outcome.result.state
            self.poll_failures += outcome.poll_failures
            self.alarms += outcome.result.source_alerts
            self.now += every

    def incidents(self) -> tuple[Incident, ...]:
        return self.store.incidents()


@pytest.fixture(scope="module")
def reading() -> PipelinePlan:
    return plan()


@pytest.fixture
def weibo() -> Iterator[Weibo]:
    with Weibo().running() as place:
        assert isinstance(place, Weibo)
        yield place


def life(place: Weibo, reading: PipelinePlan) -> Life:
    pace = Pace(10_000, 1.0, monotonic=lambda: living.now.timestamp())
    web = Web("weibo", place.url, pace=pace, patience=SHORT)
    living = Life(reading, WeiboHotSearchSource("weibo", web))
    return living


@pytest.mark.parametrize("failure", ["an empty list", "malformed JSON", "503 throughout"])
def test_twelve_hours_without_a_reader_end_no_outage_and_begin_none(
    weibo: Weibo, reading: PipelinePlan, failure: str
) -> None:
    living = life(weibo, reading)
    living.go(10 * MINUTE)
    (opened,) = living.incidents()
    assert opened.is_open
    weibo.apply(failure)
    living.go(12 * HOUR, every=10 * MINUTE)
    assert len(living.poll_failures) == 72, "each failed look is told"
    (dark,) = living.incidents()
    assert dark.not_observed_since == NOW + 10 * MINUTE
    assert replace(dark, not_observed_since=None) == opened, "nothing was said in the dark"
    assert [(a.health.state, a.at - NOW) for a in living.alarms] == [
        (SourceState.DOWN, 10 * MINUTE + 11 * MINUTE)
    ]
    weibo.heal()
    living.go(15 * MINUTE)
    (still,) = living.incidents()
    assert still.is_open, "the list shows it still"
    assert still.not_observed_since is None
    assert [a.health.state for a in living.alarms] == [SourceState.DOWN, SourceState.UP]
    weibo.about_an_outage = False
    living.go(29 * MINUTE)
    assert living.incidents()[0].is_open, "half an hour of looks without it ends it, not sooner"
    living.go(5 * MINUTE)
    (closed,) = living.incidents()
    assert not closed.is_open
    assert closed.resolved_at is not None
    assert closed.resolved_at > NOW + 12 * HOUR


def test_years_of_empty_lists_are_told_each_time_and_never_quiet(
    weibo: Weibo, reading: PipelinePlan
) -> None:
    weibo.empty = True
    living = life(weibo, reading)
    living.go(timedelta(days=4 * 365), every=timedelta(days=20))
    assert len(living.poll_failures) == 73
    assert living.incidents() == ()
    assert living.state.progress == {}, "no time was observed"
    (alarm,) = living.alarms
    assert alarm.health.state is SourceState.DOWN
    assert alarm.health.reason is SourceReason.NEVER_OBSERVED
    assert alarm.health.params["error"].startswith("weibo: the list is empty")
    assert alarm.at - NOW <= timedelta(days=20), "told at the second look, as early as can be"


def test_posts_of_a_place_go_through_the_engine_also_when_there_are_none(
    reading: PipelinePlan,
) -> None:
    with HackerNews().running() as place:
        place.say(3, NOW - 30 * MINUTE, apart=7 * MINUTE)
        place.say(1, NOW - MINUTE)
        web = Web("hn", place.url, patience=SHORT)
        living = Life(reading, HackerNewsSource("hn", web))
        living.go(3 * MINUTE)
        place.apply("503 throughout")
        living.go(2 * MINUTE)
        place.heal()
        place.say(2, NOW + 3 * MINUTE)
        living.go(MINUTE)
        assert len(living.poll_failures) == 2
        (span,) = living.state.progress["hn"].observed.pairs()
        assert span == (NOW - HOUR, NOW + 3 * MINUTE + timedelta(seconds=7))
