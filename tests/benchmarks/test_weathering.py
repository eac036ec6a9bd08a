"""Worlds that are hard, and how what is said in them is judged."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.weathering import Figures, judged
from benchmarks.worlds import START, WORLDS, Line, Span, World, fail
from detector.detection.truth_matching import Claim

MINUTE = 60.0


def a_claim(start: float, noticed: float, end: float | None) -> Claim:
    """A claim by minutes from the series' beginning, its interval a minute to both sides."""
    at = START + MINUTE * start
    over = START + MINUTE * (10_000 if end is None else end)
    return Claim("a", at, START + MINUTE * noticed, over, end is None, at - MINUTE, at + MINUTE)


def test_what_is_said_near_an_outage_is_no_false_alarm_and_in_time_it_is_found() -> None:
    lines = [Line("a", np.zeros(10_080), (Span(100, 160), Span(5000, 5060)))]
    claims = [a_claim(101, 104, 163), a_claim(5000, 5100, 5110), a_claim(8000, 8004, 8060)]
    assert judged(claims, lines, 60) == Figures(
        found=0.5, false_per_week=1.0, delay=4.0, start_error=1.0, covered=1.0, end_error=3.0
    )


def test_an_end_that_is_never_told_is_ten_days_off() -> None:
    lines = [Line("a", np.zeros(10_080), (Span(100, 160),))]
    assert judged([a_claim(100, 104, None)], lines, 60).end_error == 14_400.0


def test_where_nothing_fails_only_false_alarms_are_told() -> None:
    lines = [Line("a", np.full(20_160, np.nan)), Line("b", np.zeros(20_160))]
    assert judged([a_claim(5, 9, 20)], lines, 60) == Figures(None, 0.5)


@pytest.mark.parametrize("world", WORLDS, ids=lambda w: w.name)
def test_a_world_is_the_same_for_the_same_seed_and_has_its_outages_inside(world: World) -> None:
    first, again, other = (next(world.make(np.random.default_rng(s))) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.counts, again.counts)
    assert first.outages == again.outages
    assert not np.array_equal(first.counts, other.counts)
    assert world.about
    assert np.nanmin(first.counts) >= 0
    for span in first.outages:
        assert 0 <= span.first < span.end <= len(first.counts)


def test_a_failure_raises_the_rate_where_it_says() -> None:
    rate = np.ones(300)
    span = fail(rate, 100, 60, 5.0, rise=10)
    assert span == Span(100, 160)
    assert rate[[99, 100, 109, 159, 160]] == pytest.approx([1.0, 1.4, 5.0, 5.0, 1.0])
