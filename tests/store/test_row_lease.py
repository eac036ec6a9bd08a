"""Which of several instances writes to one PostgreSQL store."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import Engine, create_engine

from detector.errors import LeaseLost, StoreError
from detector.store.base import RunRecord
from detector.store.lease import RowLease
from detector.store.sql_store import SqlStore, open_store
from tests.store.postgres import PostgresServer

SHORT = timedelta(milliseconds=300)


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    location = postgres.fresh_database()
    open_store(location).close()
    return location


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made = create_engine(url)
    yield made
    made.dispose()


def test_one_of_two_holds_it_and_renews_it(engine: Engine) -> None:
    ours, theirs = RowLease(engine), RowLease(engine)
    assert ours.take()
    assert not theirs.take()
    assert ours.take()
    assert theirs.term is None


def test_a_holder_that_says_nothing_loses_it_to_whoever_asks(engine: Engine) -> None:
    ours, theirs = RowLease(engine, SHORT), RowLease(engine, SHORT)
    assert ours.take()
    began = ours.term
    time.sleep(1.5 * SHORT.total_seconds())
    assert theirs.take()
    assert began is not None
    assert theirs.term == began + 1
    assert not ours.take()


def test_a_holder_that_nobody_asked_after_goes_on_in_the_same_term(engine: Engine) -> None:
    lease = RowLease(engine, SHORT)
    assert lease.take()
    before = lease.term
    time.sleep(1.5 * SHORT.total_seconds())
    assert lease.take()
    assert lease.term == before


def test_a_released_lease_is_free_at_once(engine: Engine) -> None:
    ours, theirs = RowLease(engine), RowLease(engine)
    assert ours.take()
    ours.release()
    assert theirs.take()


def test_of_many_that_ask_at_once_one_gets_it(engine: Engine) -> None:
    leases = [RowLease(engine) for _ in range(8)]
    ready = threading.Barrier(len(leases))
    won: list[bool] = []

    def ask(lease: RowLease) -> None:
        ready.wait()
        won.append(lease.take())

    threads = [threading.Thread(target=ask, args=(lease,)) for lease in leases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]


def test_a_standby_opens_the_store_and_writes_nothing(url: str) -> None:
    with closing(open_store(url)), closing(open_store(url, standby=True)) as standby:
        assert standby.state() == {}
        with pytest.raises(LeaseLost, match="another outage-detector"):
            standby.commit(RunRecord(state={"a": b"1"}))
        assert standby.state() == {}


def test_without_standby_the_second_is_told_who_writes(url: str) -> None:
    with closing(open_store(url)), pytest.raises(StoreError, match=r"\(.+/\d+/\w+\) is writing"):
        open_store(url)


def test_one_that_slept_while_another_took_over_can_write_nothing_any_more(url: str) -> None:
    with (
        closing(open_store(url, ttl=SHORT)) as sleeper,
        closing(open_store(url, standby=True, ttl=SHORT)) as heir,
    ):
        sleeper.commit(RunRecord(state={"a": b"1"}))
        time.sleep(1.5 * SHORT.total_seconds())
        assert heir.lease is not None
        assert heir.lease.take()
        heir.commit(RunRecord(state={"a": b"2"}))
        with pytest.raises(LeaseLost):
            sleeper.commit(RunRecord(state={"a": b"3"}))
        assert heir.state() == {"a": b"2"}


def test_one_that_stops_in_a_transaction_is_thrown_out_of_it(url: str) -> None:
    with (
        closing(open_store(url, ttl=SHORT)) as stuck,
        closing(open_store(url, standby=True, ttl=SHORT)) as heir,
    ):
        taken = _taken_from(heir)
        with pytest.raises(StoreError), stuck._leading():
            assert taken.wait(timeout=10.0), "the row is free again"
        assert heir.lease is not None
        assert heir.lease.term is not None


def _taken_from(heir: SqlStore) -> threading.Event:
    """Let ``heir`` ask for the lease until it has it."""
    taken = threading.Event()

    def ask() -> None:
        time.sleep(1.2 * SHORT.total_seconds())
        assert heir.lease is not None
        while not heir.lease.take():
            time.sleep(0.02)
        taken.set()

    threading.Thread(target=ask, daemon=True).start()
    return taken
