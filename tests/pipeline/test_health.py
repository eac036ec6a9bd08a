"""When a source is missed: rules over what was observed, live and over history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.detection.volume_drop import Fall
from detector.model.health import SourceAlert, SourceReason, SourceState
from detector.pipeline.health_rules import Health, PollOutcome, SourceHealthRules, update

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULES = SourceHealthRules(down_after=10 * MINUTE, own={"slow": 60 * MINUTE})

Minutes = tuple[float, float]


def span(start: float, end: float) -> tuple[datetime, datetime]:
    return NOON + start * MINUTE, NOON + end * MINUTE


def live(
    turns: Sequence[tuple[float, PollOutcome]], *, source: str = "weibo"
) -> tuple[list[SourceAlert], Health]:
    """Take turns at (minutes after noon)."""
    health, said = None, []
    for at, look in turns:
        health, alerts = update(health, source, look, RULES, now=NOON + at * MINUTE)
        said += alerts
    assert health is not None
    return said, health


def heard(alerts: Sequence[SourceAlert]) -> list[tuple[float, str, float]]:
    return [
        ((a.at - NOON) / MINUTE, a.health.state.value, (a.health.since - NOON) / MINUTE)
        for a in alerts
    ]


def each_minute(observed: Sequence[Minutes], until: int) -> list[tuple[float, PollOutcome]]:
    """A reader that says each minute what it has observed of that minute, or fails."""
    turns = []
    for minute in range(1, until + 1):
        seen = [
            span(max(a, minute - 1), min(b, minute))
            for a, b in observed
            if a < minute and b > minute - 1
        ]
        turns.append((float(minute), PollOutcome(seen, error="" if seen else "503")))
    return turns


@pytest.mark.parametrize(
    ("observed", "until", "expected"),
    [
        ([(0, 30)], 30, []),
        ([(0, 5)], 15, []),
        ([(0, 5)], 16, [(15, "down", 5)]),
        ([(0, 5), (14, 20)], 20, []),
        ([(0, 5), (15.5, 20)], 20, [(15, "down", 5), (15.5, "up", 15.5)]),
        ([(0, 5), (40, 60)], 60, [(15, "down", 5), (40, "up", 40)]),
        ([], 12, [(11, "down", 1)]),
    ],
    ids=[
        "always observed",
        "exactly as long as may be",
        "longer",
        "a short gap",
        "observed again before the next look would have told",
        "a long gap",
        "never observed",
    ],
)
def test_dead_is_what_was_not_observed_for_long(
    observed: Sequence[Minutes], until: int, expected: list[tuple[float, str, float]]
) -> None:
    said, _ = live(each_minute(observed, until))
    assert heard(said) == expected


def test_the_reason_holds_what_the_source_said() -> None:
    (alert,), health = live(each_minute([(0, 5)], 20))
    assert alert.health.reason is SourceReason.LAST_OBSERVED
    assert alert.health.params == {"until": "2026-03-02T12:05:00Z", "error": "503"}
    assert alert.key == "feed/weibo/1-down"
    assert health.feed.polled_at == NOON + 20 * MINUTE


def test_a_source_may_be_given_more_patience() -> None:
    assert live(each_minute([(0, 5)], 60), source="slow")[0] == []
    assert heard(live(each_minute([(0, 5)], 70), source="slow")[0]) == [(65, "down", 5)]


def test_a_wide_bin_is_waited_for() -> None:
    turns = [(1.0, PollOutcome([span(-60, 0)], width=60 * MINUTE))]
    turns += [(float(m), PollOutcome(width=60 * MINUTE)) for m in range(2, 75)]
    assert heard(live(turns)[0]) == [(70, "down", 0)]


def test_who_is_not_awaited_is_not_missed() -> None:
    turns = [(float(m), PollOutcome(awaited=False)) for m in range(600)]
    assert live(turns)[0] == []


def test_what_is_made_up_for_later_is_alive_when_it_comes() -> None:
    turns = [*each_minute([(0, 5)], 60), (61.0, PollOutcome([span(5, 61)]))]
    assert heard(live(turns)[0]) == [(15, "down", 5), (61, "up", 61)]


def test_a_source_that_catches_up_is_not_dead_though_it_is_behind() -> None:
    turns = [
        (float(m), PollOutcome([span(-10_000 + 100 * m, -9_900 + 100 * m)])) for m in range(50)
    ]
    assert live(turns)[0] == []


def test_low_volume_is_silence_and_its_end_is_told() -> None:
    fall = Fall(NOON + 20 * MINUTE, NOON + 3 * MINUTE, 2, 90)
    over = Fall(NOON + 50 * MINUTE, NOON + 45 * MINUTE, 30, 28, over=True)
    turns = each_minute([(0, 60)], 60)
    turns[19] = (20.0, PollOutcome([span(19, 20)], falls=[fall]))
    turns[49] = (50.0, PollOutcome([span(49, 50)], falls=[over]))
    said, _ = live(turns)
    assert heard(said) == [(20, "degraded", 3), (50, "up", 50)]
    assert said[0].health.reason is SourceReason.LOW_VOLUME
    assert said[0].health.params == {"count": 2, "expected": 90}


def test_a_silent_source_that_dies_comes_back_silent() -> None:
    fall = Fall(NOON + 20 * MINUTE, NOON + 3 * MINUTE, 2, 90)
    turns = each_minute([(0, 30), (50, 60)], 60)
    turns[19] = (20.0, PollOutcome([span(19, 20)], falls=[fall]))
    states = [state for _, state, _ in heard(live(turns)[0])]
    assert states == ["degraded", "down", "degraded"]


@settings(max_examples=60, deadline=None)
@given(
    edges=st.lists(st.integers(1, 400), unique=True, min_size=2, max_size=12).map(sorted),
    ticks=st.integers(1, 90),
)
def test_a_replay_of_the_gaps_says_what_was_said_live(edges: list[int], ticks: int) -> None:
    edges = [0, *edges] if len(edges) % 2 else edges
    spans = [span(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    whole, replayed = update(None, "list", PollOutcome(spans, awaited=False), RULES, now=None)
    health: Health | None = None
    said: list[SourceAlert] = []
    for minute in [*range(edges[0] + 1, edges[-1], ticks), edges[-1]]:
        now = NOON + minute * MINUTE
        seen = [(a, min(b, now)) for a, b in spans if a < now]
        health, alerts = update(health, "list", PollOutcome(seen), RULES, now=now)
        said += alerts
    assert said == list(replayed)
    assert health is not None
    assert health.feed.state is whole.feed.state is SourceState.UP
