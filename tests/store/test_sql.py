"""Opening, speed, and one transaction per cycle."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from detector.errors import StoreError
from detector.store.base import RunRecord
from detector.store.sql_store import open_store
from tests.fakes.outages import NOON, a_delivery, an_incident
from tests.store.files import changed, made


def test_the_folder_of_a_new_store_is_made(tmp_path: Path) -> None:
    made(tmp_path / "var" / "deep" / "store.db")
    assert (tmp_path / "var" / "deep" / "store.db").is_file()


def test_what_was_committed_is_there_after_opening_again(path: Path) -> None:
    made(path, state={"a": b"1"}, incidents=[an_incident()], deliveries=[a_delivery()])
    with closing(open_store(path)) as store:
        assert store.state() == {"a": b"1"}
        assert len(store.incidents()) == len(store.due(NOON, limit=9)) == 1


def test_opening_an_up_to_date_store_takes_under_50_ms(path: Path) -> None:
    made(path)
    took = []
    for _ in range(5):
        began = time.process_time()
        open_store(path).close()
        took.append(time.process_time() - began)
    assert min(took) < 0.05


def test_opening_an_up_to_date_store_does_not_import_alembic(path: Path) -> None:
    made(path)
    code = (
        "import sys; from detector.store.sql_store import open_store; "
        "open_store(sys.argv[1]).close(); "
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 0


def test_a_hundred_thousand_bins_are_committed_at_least_at_fifty_thousand_a_second(
    path: Path,
) -> None:
    # Measured: about 250,000 a second on one core; the bound leaves room for a busy machine.
    n_bins = 100_000
    times = pd.date_range(NOON, periods=n_bins, freq="min")
    counts = pd.DataFrame({"time": times, "service": "WeChat", "source": "weibo", "count": 1.0})
    counts = counts.assign(expected=2.0, evidence=np.nan)
    with closing(open_store(path)) as store:
        began = time.process_time()
        store.commit(RunRecord(counts=counts))
        assert time.process_time() - began < n_bins / 50_000


def test_a_cycle_that_cannot_be_written_whole_is_not_written_at_all(path: Path) -> None:
    made(path, state={"a": b"1"})
    changed(
        path,
        "CREATE TRIGGER no_outbox BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'no'); END",
    )
    with closing(open_store(path)) as store:
        with pytest.raises(StoreError):
            store.commit(
                RunRecord(state={"a": b"2"}, incidents=[an_incident()], deliveries=[a_delivery()])
            )
        assert store.state() == {"a": b"1"}
        assert store.incidents() == ()


def test_every_commit_is_synced_to_the_disk_in_wal_mode(path: Path) -> None:
    with closing(open_store(path)) as store, store._engine.connect() as connection:
        asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked]
    assert found == ["wal", 2, 1, 5000]


def test_due_uses_the_index_of_pending_rows(path: Path) -> None:
    statements: list[str] = []
    with closing(open_store(path)) as store, store._engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.set_trace_callback(statements.append)
        connection.close()
        store.due(NOON, limit=9)
        raw.set_trace_callback(None)
        (asked,) = (s for s in statements if s.startswith("SELECT"))
        plan = " ".join(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {asked}"))
    assert "outbox_pending" in plan
    assert "SCAN outbox\n" not in plan
