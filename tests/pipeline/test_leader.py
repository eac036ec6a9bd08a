"""Who leads, and for how long."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from detector.pipeline.leader import Leader
from detector.pipeline.schedule import Job, Schedule

TTL = timedelta(milliseconds=60)
SECOND = timedelta(seconds=1)


class FakeLease:
    """A lease that the test gives and takes away."""

    def __init__(self, *, free: bool) -> None:
        self.ttl: timedelta | None = TTL
        self.term: int | None = None
        self.free = free
        self.reign = 0
        self.renewals = 0
        self.renewed = threading.Event()

    def take(self) -> bool:
        if self.free and self.term is None:
            self.reign += 1
        self.term = self.reign if self.free else None
        return self.free

    def renew(self) -> bool:
        self.renewals += 1
        self.renewed.set()
        return self.term is not None

    def release(self) -> None:
        self.term = None


@pytest.fixture
def lease() -> FakeLease:
    return FakeLease(free=True)


@pytest.fixture
def leadership(lease: FakeLease) -> Iterator[Leader]:
    made = Leader(lease)
    yield made
    made.close()


def never() -> bool:
    return False


def test_a_store_without_a_lease_is_ours() -> None:
    alone = Leader(None)
    assert alone.wait(SECOND, stopping=never)
    assert alone.term == 1


def test_a_free_lease_is_taken_at_once_and_renewed_while_the_turn_lasts(
    leadership: Leader, lease: FakeLease
) -> None:
    assert leadership.wait(SECOND, stopping=never)
    assert leadership.term == 1
    assert leadership.renew_every is not None
    job = Job("lease", leadership.renew, leadership.renew_every, parallel=True)
    long = Schedule(
        lambda: not lease.renewed.wait(timeout=5.0),
        every=SECOND,
        misfire_grace=SECOND,
        jobs=[job],
    )
    long.run()
    assert lease.renewals >= 1


def test_who_stands_by_waits_no_longer_than_it_was_told(
    leadership: Leader, lease: FakeLease
) -> None:
    lease.free = False
    began = time.monotonic()
    assert not leadership.wait(timedelta(milliseconds=50), stopping=never)
    assert 0.05 <= time.monotonic() - began < 5.0
    assert leadership.term is None


def test_who_stands_by_leads_as_soon_as_the_lease_is_free(
    leadership: Leader, lease: FakeLease
) -> None:
    lease.free = False
    threading.Timer(0.05, lambda: setattr(lease, "free", True)).start()
    assert leadership.wait(timedelta(seconds=30), stopping=never)


def test_a_stop_ends_the_waiting(leadership: Leader, lease: FakeLease) -> None:
    lease.free = False
    assert not leadership.wait(timedelta(seconds=30), stopping=lambda: True)


def test_a_lost_lease_is_not_taken_back_behind_the_turn_s_back(
    leadership: Leader, lease: FakeLease
) -> None:
    assert leadership.wait(SECOND, stopping=never)
    leadership.renew()
    assert lease.renewals == 1
    lease.term = None
    leadership.renew()
    assert leadership.term is None
    assert lease.renewals == 1


def test_who_was_closed_renews_no_more(leadership: Leader, lease: FakeLease) -> None:
    assert leadership.wait(SECOND, stopping=never)
    leadership.close()
    leadership.renew()
    assert lease.renewals == 0
