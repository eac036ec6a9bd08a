"""When a failed delivery is tried again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.notify.deliver import RetryPolicy, is_given_up, next_attempt
from tests.fakes.outages import NOON, a_delivery

STEADY = RetryPolicy(first=timedelta(seconds=10), longest=timedelta(seconds=100))


@pytest.mark.parametrize(
    ("attempts", "retry_after", "between"),
    [
        pytest.param(1, None, (8, 12), id="first failure waits the first pause"),
        pytest.param(2, None, (16, 24), id="second failure waits twice as long"),
        pytest.param(4, None, (64, 96), id="fourth failure waits eight times as long"),
        pytest.param(5, None, (80, 120), id="the pause stops growing at the longest"),
        pytest.param(10_000, None, (80, 120), id="ten thousand failures do not overflow"),
        pytest.param(1, 60.0, (60, 60), id="a longer pause that was asked for is kept"),
        pytest.param(5, 1.0, (80, 120), id="a shorter pause that was asked for changes nothing"),
        pytest.param(1, 0.0, (8, 12), id="come back at once still waits"),
        pytest.param(1, 3600.0, (3600, 3600), id="an hour is the longest that may be asked for"),
        pytest.param(1, 1e300, (3600, 3600), id="come back in an aeon means an hour"),
    ],
)
def test_next_attempt(
    attempts: int, retry_after: float | None, between: tuple[float, float]
) -> None:
    pause = next_attempt(attempts, NOON, "ops/key", retry_after, policy=STEADY) - NOON
    assert between[0] <= pause.total_seconds() <= between[1]


@given(attempts=st.integers(1, 60), key=st.text(max_size=30))
def test_the_same_delivery_always_waits_alike(attempts: int, key: str) -> None:
    first, second = (next_attempt(attempts, NOON, key, None) for _ in range(2))
    assert first == second > NOON


def test_deliveries_that_failed_together_do_not_return_together() -> None:
    pauses = {next_attempt(3, NOON, f"ops/{n}", None) for n in range(100)}
    assert len(pauses) == 100
    assert max(pauses) - min(pauses) > timedelta(seconds=6), "spread over most of 16 to 24 s"


def test_with_the_defaults_a_day_holds_a_reasonable_number_of_attempts() -> None:
    now, attempts = NOON, 0
    while now < NOON + timedelta(hours=24):
        attempts += 1
        now = next_attempt(attempts, now, "ops/key", None)
    assert 140 <= attempts <= 180


@pytest.mark.parametrize(
    ("age", "given_up"),
    [
        pytest.param(timedelta(0), False, id="just recorded"),
        pytest.param(timedelta(hours=24) - timedelta(microseconds=1), False, id="nearly a day"),
        pytest.param(timedelta(hours=24), True, id="exactly a day"),
    ],
)
def test_patience_counts_from_the_record(age: timedelta, given_up: bool) -> None:
    delivery = replace(a_delivery(due_at=NOON + age), recorded_at=NOON)
    assert is_given_up(delivery, NOON + age, policy=RetryPolicy()) is given_up
