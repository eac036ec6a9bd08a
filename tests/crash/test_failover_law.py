"""Two instances on one PostgreSQL: the leader is killed, or put to sleep, and the other goes on."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from detector.model.delivery import DeliveryStatus
from detector.store.sql_store import open_store
from tests.crash.led import TTL
from tests.crash.life import RECEIVERS, cycles_of, keys_after
from tests.crash.nursery import Nursery
from tests.crash.receiver import ReceiverPolicy
from tests.store.postgres import PostgresServer, server_or_skip

N_KILLS = int(os.environ.get("FAILOVERS", "50"))
#: Within a cycle of a minute the other must lead; with this lease it is a second.
SOON = 20 * TTL.total_seconds()


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with server_or_skip() as server:
        yield server


@dataclass
class Pair:
    """Two instances, and how to find out which one leads."""

    nurseries: tuple[Nursery, Nursery]
    engine: Engine
    live: tuple[object, ...]

    def start(self, nursery: Nursery, until: int | None = None) -> None:
        nursery.bear("tests.crash.led:live", *self.live, until)

    def leader(self, *gone: int) -> int:
        """Wait until somebody leads who is none of ``gone``; return its process."""
        asked = text(
            "SELECT holder FROM leases WHERE name = 'writer'"
            " AND expires_at > extract(epoch FROM clock_timestamp()) * 1000000"
        )
        end = time.monotonic() + SOON
        while time.monotonic() < end:
            with self.engine.connect() as connection:
                holder = connection.scalar(asked)
            if holder is not None and (leader := int(holder.split("/")[1])) not in gone:
                return leader
            time.sleep(0.01)
        raise AssertionError(f"nobody led for {SOON:.0f} s")


@contextmanager
def two_instances(
    postgres: PostgresServer, receivers: tuple[ReceiverPolicy, ReceiverPolicy]
) -> Iterator[Pair]:
    location = postgres.fresh_database()
    open_store(location).close()
    engine = create_engine(location, isolation_level="AUTOCOMMIT")
    warm = "tests.crash.led:warm_up"
    try:
        with Nursery.opened(warm) as first, Nursery.opened(warm) as second:
            yield Pair((first, second), engine, (location, *(r.url for r in receivers)))
    finally:
        engine.dispose()


@pytest.fixture
def receivers() -> Iterator[tuple[ReceiverPolicy, ReceiverPolicy]]:
    with (
        ReceiverPolicy.started(failing=0.3) as one,
        ReceiverPolicy.started(failing=0.3, seed=1) as other,
    ):
        yield one, other


def test_the_leader_is_killed_fifty_times_and_nothing_is_lost_or_doubled(
    postgres: PostgresServer, receivers: tuple[ReceiverPolicy, ReceiverPolicy], tmp_path: Path
) -> None:
    moments = random.Random(20141020)
    with two_instances(postgres, receivers) as pair:
        for nursery in pair.nurseries:
            pair.start(nursery)
        killed: set[int] = set()
        for number in range(N_KILLS):
            leader = pair.leader(*killed)
            if number % 2:  # at its work, however slow the machine; else soon after its election
                assert receivers[0].wait_for_calls(moments.randint(1, 4), timeout=30)
            time.sleep(moments.uniform(0, 0.1))
            for nursery in pair.nurseries:
                if nursery.child() == leader:
                    assert nursery.kill() == -9
                    killed.add(leader)
                    pair.start(nursery)
        for nursery in pair.nurseries:
            nursery.kill()
        _finish(pair, receivers, at_least=N_KILLS // 4)


def test_a_leader_that_slept_while_the_other_took_over_doubles_nothing(
    postgres: PostgresServer, receivers: tuple[ReceiverPolicy, ReceiverPolicy]
) -> None:
    with two_instances(postgres, receivers) as pair:
        for nursery in pair.nurseries:
            pair.start(nursery)
        for _ in range(5):
            sleeper = pair.leader()
            assert receivers[0].wait_for_calls(1, timeout=30)
            os.kill(sleeper, signal.SIGSTOP)
            pair.leader(sleeper)
            os.kill(sleeper, signal.SIGCONT)
        for nursery in pair.nurseries:
            nursery.kill()
        _finish(pair, receivers, at_least=2)


def _finish(pair: Pair, receivers: tuple[ReceiverPolicy, ReceiverPolicy], *, at_least: int) -> None:
    location = str(pair.live[0])
    with closing(open_store(location, readonly=True)) as store:
        n_cycles = cycles_of(store) + 2
    pair.start(pair.nurseries[0], n_cycles)
    assert pair.nurseries[0].wait() == 0
    expected = keys_after(n_cycles)
    assert n_cycles >= at_least, "they lived long enough to do something"
    for receiver in receivers:
        assert set(receiver.messages) == expected
        assert receiver.changed == set(), "the same key never means another message"
    with closing(open_store(location, readonly=True)) as store:
        deliveries = store.deliveries()
    assert {d.status for d in deliveries} == {DeliveryStatus.SENT}
    assert sorted((d.receiver, d.alert.key) for d in deliveries) == sorted(
        (name, key) for name in RECEIVERS for key in expected
    )
