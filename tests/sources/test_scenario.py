"""A scenario as a source: its posts once each, as its time goes by."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from detector.model.spans import Spans
from detector.sources.scenario import ScenarioSource, bundled_scenario
from tests.sources.writing import posts_of

NAME = "wechat-2014-10-20"


@pytest.fixture(scope="module")
def source() -> ScenarioSource:
    return ScenarioSource("weibo", bundled_scenario(NAME))


def test_posts_come_once_each_whatever_the_steps(source: ScenarioSource) -> None:
    scenario = source.scenario
    whole = source.poll(None, until=scenario.end)
    cursor, now, parts, spans = None, scenario.start, [], []
    while now < scenario.end:
        now += timedelta(days=3, hours=7, minutes=11, seconds=13)
        got = source.poll(cursor, until=now)
        cursor = got.cursor
        parts.append(posts_of(got))
        spans += got.observed
    pd.testing.assert_frame_equal(pd.concat(parts), posts_of(whole))
    assert Spans.of(spans).pairs() == whole.observed == ((scenario.start, scenario.end),)


def test_it_is_exhausted_at_its_end_and_says_nothing_before_its_start(
    source: ScenarioSource,
) -> None:
    start, end = source.scenario.start, source.scenario.end
    before = source.poll(None, until=start)
    assert before.posts is None
    assert not before.exhausted
    assert not source.poll(None, until=end - timedelta(seconds=1)).exhausted
    last = source.poll(None, until=end + timedelta(days=1))
    assert last.exhausted
    assert source.poll(last.cursor, until=end + timedelta(days=2)).exhausted


def test_nothing_after_until_is_said(source: ScenarioSource) -> None:
    until = source.scenario.start + timedelta(days=5)
    got = source.poll(None, until=until)
    assert posts_of(got)["time"].max() < until
    assert got.observed == ((source.scenario.start, until),)
