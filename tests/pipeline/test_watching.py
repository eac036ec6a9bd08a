"""The health of the feeds through the cycle."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from detector.model.health import SourceAlert, SourceState
from detector.pipeline.counting.volumes import grown, polled_bins
from detector.pipeline.plan import END_OF_TIME, PipelinePlan
from detector.pipeline.saved_state import changes, load
from detector.pipeline.state import PipelineState
from detector.pipeline.step import cycle
from detector.sources.base import Poll
from tests.fakes.outages import NOON
from tests.pipeline.plans import lexicon_plan

MINUTE = timedelta(minutes=1)
WIDTH = 5 * MINUTE


@pytest.fixture(scope="module")
def the_plan() -> PipelinePlan:
    return lexicon_plan()


def posts(*minutes: float, text: str = "good morning") -> pd.DataFrame:
    times = pd.to_datetime([NOON + m * MINUTE for m in minutes], utc=True)
    frame = pd.DataFrame({"time": times, "text": [text] * len(minutes)})
    return frame.astype({"text": "str"})


def counts(days: int, *, quiet: tuple[int, int] = (0, 0), source: str = "") -> pd.DataFrame:
    bins = np.arange(days * 288)
    rng = np.random.default_rng(11)
    frames = []
    for service, level in (("WeChat", 20.0), ("QQ", 7.0)):
        count = rng.poisson(level * (1.1 + np.sin(2 * np.pi * bins / 288))).astype(float)
        count[quiet[0] : quiet[1]] = 0.0
        frames.append(
            pd.DataFrame(
                {
                    "time": pd.date_range(NOON, periods=len(bins), freq=WIDTH),
                    "service": service,
                    "count": count,
                    "source": source,
                }
            )
        )
    return pd.concat(frames, ignore_index=True).sort_values("time", ignore_index=True)


def told(alerts: tuple[SourceAlert, ...] | list[SourceAlert]) -> list[tuple[str, str, float]]:
    return [(a.health.source, a.health.state.value, (a.at - NOON) / MINUTE) for a in alerts]


def test_a_feed_that_fails_is_dead_and_alive_when_it_is_observed_again(
    the_plan: PipelinePlan,
) -> None:
    kept, said = PipelineState(), []
    for minute in range(1, 60):
        now = NOON + minute * MINUTE
        if 10 < minute <= 40:
            outcome = cycle(kept, {}, the_plan, now=now, failures={"hn": "hn: 503"})
        else:
            since = now - MINUTE
            poll = Poll(None, posts=posts(minute - 0.5), observed=((since, now),))
            outcome = cycle(kept, {"hn": poll}, the_plan, now=now)
        kept = outcome.state
        said += outcome.source_alerts
        assert outcome.source_health[0].polled_at == now
        assert outcome.incidents == ()
    assert told(said) == [("hn", "down", 20), ("hn", "up", 40)]
    assert str(said[0].health.params["error"]).endswith("hn: 503")


def test_history_in_one_piece_has_no_end_that_is_missed(the_plan: PipelinePlan) -> None:
    poll = Poll(None, posts=posts(1, 2), observed=((NOON, NOON + 3 * MINUTE),))
    assert cycle(PipelineState(), {"file": poll}, the_plan, now=END_OF_TIME).source_alerts == ()


def test_places_of_a_table_are_watched_each_for_itself(the_plan: PipelinePlan) -> None:
    both = pd.concat([counts(2, source="x"), counts(1, source="y")], ignore_index=True)
    kept, said = PipelineState(), []
    for day in (1, 2):
        now = NOON + timedelta(days=day)
        new = both[(both["time"] >= now - timedelta(days=1)) & (both["time"] < now)]
        outcome = cycle(kept, {"table": Poll(None, counts=new, width=WIDTH)}, the_plan, now=now)
        kept = outcome.state
        said += outcome.source_alerts
    assert told(said) == [("y", "down", 1440 + 15)]
    states = {feed.source: feed.state for feed in outcome.source_health}
    assert states == {"x": SourceState.UP, "y": SourceState.DOWN}


@pytest.mark.parametrize("every", [timedelta(days=20), timedelta(hours=31), timedelta(hours=5)])
def test_a_silent_counter_is_told_whatever_the_polls(
    the_plan: PipelinePlan, every: timedelta
) -> None:
    low = (10 * 288 + 40, 10 * 288 + 80)
    rows = counts(12, quiet=low)
    kept, said, done = PipelineState(), [], NOON
    while done < NOON + timedelta(days=12):
        now = min(done + every, NOON + timedelta(days=12))
        new = rows[(rows["time"] >= done - WIDTH) & (rows["time"] < now)]
        poll = Poll(None, counts=new, width=WIDTH)
        outcome = cycle(kept, {"sql": poll}, the_plan, now=now + WIDTH)
        stored = {k: v for k, v in changes(PipelineState(), outcome.state).items() if v is not None}
        kept, done = load(stored), now
        said += outcome.source_alerts
    names = [(source, state) for source, state, _ in told(said)]
    assert names == [("sql", "degraded"), ("sql", "up")]
    (_, _, silent), (_, _, alive) = told(said)
    assert 0 < silent - low[0] * 5 <= 20
    assert 0 < alive - low[1] * 5 <= 20


def test_posts_that_are_no_complaints_keep_a_feed_alive(the_plan: PipelinePlan) -> None:
    """A fall of all posts is a fall of the feed; one of complaints alone is none."""
    plan = replace(the_plan, width=WIDTH, services=frozenset())
    rng = np.random.default_rng(5)
    kept, said = PipelineState(), []
    for day in range(10):
        rate = np.full(288, 12.0)
        if day == 9:
            rate[100:160] = 0.0
        bins = np.repeat(np.arange(288), rng.poisson(rate))
        minutes = 1440 * day + 5.0 * bins + 1.0
        observed = ((NOON + day * 1440 * MINUTE, NOON + (day + 1) * 1440 * MINUTE),)
        poll = Poll(None, posts=posts(*minutes), observed=observed)
        outcome = cycle(kept, {"hn": poll}, plan, now=observed[0][1])
        kept = outcome.state
        said += outcome.source_alerts
    assert [state for _, state, _ in told(said)] == ["degraded", "up"]


def test_stray_rows_of_other_centuries_are_not_followed_bin_by_bin() -> None:
    times = ["1970-01-01T00:00Z", "1970-01-01T00:01Z", "2098-12-31T23:59Z", "2099-01-01T00:00Z"]
    rows = pd.DataFrame({"time": pd.to_datetime(times), "service": "WeChat", "count": 1.0})
    poll = Poll(None, counts=rows, width=timedelta(minutes=1))
    (polled,) = polled_bins("t", poll, None, lexicon_plan())
    volume, falls = grown(None, polled, share=0.1)
    assert falls == ()
    assert volume is not None
    assert volume.state is not None
    assert volume.state.series.start == pd.Timestamp("2098-12-31T23:59Z")
    again, _ = grown(volume, polled, share=0.1)
    assert again is not None
