"""Clocks."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from detector.clock import AcceleratedClock, WallClock, wall_now
from detector.model.spans import Spans

START = datetime(2013, 7, 1, tzinfo=UTC)
DAY = timedelta(days=1)
LATER = START + 100 * DAY
SPANS = Spans.of([(START, START + 2 * DAY), (LATER, LATER + 2 * DAY)])


class Monotonic:
    """A stand-in for the seconds that pass between two readings."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Monotonic:
    fake = Monotonic()
    monkeypatch.setattr("detector.clock.time.monotonic", fake)
    return fake


def a_clock(*, leap: timedelta = 10 * DAY, resumed_at: datetime | None = None) -> AcceleratedClock:
    return AcceleratedClock(SPANS, 86400, leap=leap, resumed_at=resumed_at)


def test_the_wall_never_ends() -> None:
    assert not WallClock().finished
    assert WallClock().now().tzinfo is UTC
    assert abs(wall_now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_it_runs_so_many_times_as_fast_and_skips_what_lies_between(passing: Monotonic) -> None:
    clock = a_clock()
    told = []
    for _ in range(5):
        told.append(clock.now())
        passing.seconds += 0.75
    day = 0.75 * DAY
    end_of_first = START + 2 * DAY
    assert told == [START, START + day, START + 2 * day, end_of_first, LATER + day]
    assert not clock.finished
    assert clock.now() == LATER + 1.5 * DAY
    passing.seconds += 0.75
    assert clock.now() == LATER + 2 * DAY
    assert clock.finished


def test_it_waits_for_who_works_in_it(passing: Monotonic) -> None:
    clock = a_clock(leap=DAY / 2)
    clock.now()
    passing.seconds += 3600
    assert clock.now() == START + DAY / 2


def test_it_goes_on_where_it_stopped(passing: Monotonic) -> None:
    clock = a_clock(resumed_at=LATER + DAY)
    assert clock.now() == LATER + DAY
    assert a_clock(resumed_at=LATER + 50 * DAY).now() == LATER + 2 * DAY


def test_a_clock_that_resumes_behind_its_end_is_finished(passing: Monotonic) -> None:
    clock = a_clock(resumed_at=LATER + 50 * DAY)
    clock.now()
    assert clock.finished


def test_it_never_runs_back(passing: Monotonic) -> None:
    clock, told = a_clock(), []
    for step in (0.0, 0.1, 0.0, 3.0, 0.0, 100.0, 0.0):
        passing.seconds += step
        told.append(clock.now())
    assert all(a <= b for a, b in itertools.pairwise(told))
