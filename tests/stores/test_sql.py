"""What is particular to the store on SQL: opening, refusing, sharing, surviving."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from detector.errors import StoreError
from detector.ports import CycleRecord
from detector.stores.engines import store_url
from detector.stores.migrate import config, migrate
from detector.stores.schema import KNOWN
from detector.stores.sql import open_store
from detector.stores.tables import METADATA
from tests.fakes.outages import NOON, a_delivery, an_incident
from tests.stores.postgres import PostgresServer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def made(path: Path, **record: object) -> Path:
    with closing(open_store(path)) as store:
        store.commit(CycleRecord(**record))  # type: ignore[arg-type]
    return path


def changed(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    return path


def test_the_folder_of_a_new_store_is_made(tmp_path: Path) -> None:
    made(tmp_path / "var" / "deep" / "store.db")
    assert (tmp_path / "var" / "deep" / "store.db").is_file()


def test_what_was_committed_is_there_after_opening_again(path: Path) -> None:
    made(path, memory={"a": b"1"}, incidents=[an_incident()], deliveries=[a_delivery()])
    with closing(open_store(path)) as store:
        assert store.memory() == {"a": b"1"}
        assert len(store.incidents()) == len(store.due(NOON, limit=9)) == 1


def test_opening_an_up_to_date_store_takes_under_50_ms(path: Path) -> None:
    made(path)
    took = []
    for _ in range(5):
        began = time.perf_counter()
        open_store(path).close()
        took.append(time.perf_counter() - began)
    assert min(took) < 0.05


def test_opening_an_up_to_date_store_does_not_import_alembic(path: Path) -> None:
    made(path)
    code = (
        "import sys; from detector.stores.sql import open_store; open_store(sys.argv[1]).close(); "
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
        began = time.perf_counter()
        store.commit(CycleRecord(counts=counts))
        assert time.perf_counter() - began < n_bins / 50_000


# --- one transaction ------------------------------------------------------------------------


def test_a_cycle_that_cannot_be_written_whole_is_not_written_at_all(path: Path) -> None:
    made(path, memory={"a": b"1"})
    changed(
        path,
        "CREATE TRIGGER no_outbox BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'no'); END",
    )
    with closing(open_store(path)) as store:
        with pytest.raises(StoreError):
            store.commit(
                CycleRecord(
                    memory={"a": b"2"}, incidents=[an_incident()], deliveries=[a_delivery()]
                )
            )
        assert store.memory() == {"a": b"1"}
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


# --- schema ---------------------------------------------------------------------------------


def test_the_migrations_make_the_tables_that_the_code_expects(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        migrate(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_the_migrations_make_the_same_on_postgresql(postgres: PostgresServer) -> None:
    engine = create_engine(postgres.fresh_database())
    with engine.begin() as connection:
        migrate(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_the_known_schemas_are_the_migrations_in_order() -> None:
    scripts = ScriptDirectory.from_config(config())
    steps = [script.revision for script in scripts.walk_revisions()]
    assert tuple(reversed(steps)) == KNOWN


def test_a_newer_schema_is_refused_and_left_alone(path: Path) -> None:
    changed(made(path), "UPDATE alembic_version SET version_num = '9999'")
    for readonly in (False, True):
        with pytest.raises(StoreError, match="upgrade outage-detector") as caught:
            open_store(path, readonly=readonly)
        assert str(path) in str(caught.value)
        assert "9999" in str(caught.value)
    open_ = sqlite3.connect(path)
    with closing(open_):
        assert open_.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_a_migration_that_fails_leaves_nothing_behind(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(connection: object) -> None:
        connection.execute(text("CREATE TABLE half (x)"))  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    monkeypatch.setattr("detector.stores.migrate.migrate", half)
    with pytest.raises(KeyboardInterrupt):
        open_store(path)
    monkeypatch.undo()
    assert made(path, memory={"a": b"1"}) == path


# --- one writer, many readers ---------------------------------------------------------------


def test_a_second_writer_is_refused_and_told_who_writes(path: Path) -> None:
    code = (
        "import sys; from detector.stores.sql import open_store; s = open_store(sys.argv[1]); "
        "print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        with pytest.raises(StoreError, match=rf"process {writer.pid}\) is writing"):
            open_store(path)
        writer.kill()
        writer.wait()
        assert made(path, memory={"a": b"1"}), "the lease goes with a killed process"


def test_a_second_writer_is_refused_through_a_symbolic_link_too(path: Path) -> None:
    link = path.with_name("link.db")
    with closing(open_store(path)):
        link.symlink_to(path)
        with pytest.raises(StoreError, match="is writing"):
            open_store(link)


def test_closing_gives_the_store_to_the_next(path: Path) -> None:
    made(path)
    made(path)


def test_a_second_writer_is_refused_on_postgresql(postgres: PostgresServer) -> None:
    url = postgres.fresh_database()
    with closing(open_store(url)), pytest.raises(StoreError, match="is writing"):
        open_store(url)
    with closing(open_store(url)) as store:
        assert store.memory() == {}


def test_readers_look_on_while_a_writer_writes(path: Path) -> None:
    with closing(open_store(path)) as writer:
        writer.commit(CycleRecord(memory={"a": b"1"}, incidents=[an_incident()]))
        with closing(open_store(path, readonly=True)) as reader:
            with writer._writing():
                assert len(reader.incidents()) == 1
            writer.commit(CycleRecord(memory={"a": b"2"}))
            assert reader.memory() == {"a": b"2"}


def test_a_reader_does_not_write(path: Path) -> None:
    made(path, memory={"a": b"1"})
    with closing(open_store(path, readonly=True)) as reader:
        with pytest.raises(StoreError, match="cannot be written"):
            reader.commit(CycleRecord(memory={"a": b"2"}))
        assert reader.memory() == {"a": b"1"}


def test_a_reader_does_not_write_on_postgresql(postgres: PostgresServer) -> None:
    url = postgres.fresh_database()
    with pytest.raises(StoreError, match="not a store"):
        open_store(url, readonly=True)
    open_store(url).close()
    with (
        closing(open_store(url, readonly=True)) as reader,
        pytest.raises(StoreError, match="cannot be written"),
    ):
        reader.commit(CycleRecord(memory={"a": b"2"}))


def test_a_reader_of_nothing_is_told_what_makes_a_store(path: Path) -> None:
    with pytest.raises(StoreError, match="outage-detector run"):
        open_store(path, readonly=True)
    assert not path.exists()


def test_threads_of_one_process_share_the_store(path: Path) -> None:
    with closing(open_store(path)) as store:

        def work(name: str) -> None:
            for n in range(20):
                store.commit(CycleRecord(memory={f"{name}{n}": b"x"}))
                store.due(NOON, limit=1)

        threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(store.memory()) == 60


# --- troubles -------------------------------------------------------------------------------


def test_a_file_that_is_no_database_is_named_and_left_alone(path: Path) -> None:
    path.write_text("not a database " * 100)
    with pytest.raises(StoreError, match="not a store") as caught:
        open_store(path)
    assert str(path) in str(caught.value)
    assert path.read_text() == "not a database " * 100


def test_somebody_elses_database_is_refused_and_left_alone(path: Path) -> None:
    changed(path, "CREATE TABLE songs (title)")
    with pytest.raises(StoreError, match="songs"):
        open_store(path)
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert tables == [("songs",)]


def test_a_damaged_store_is_explained(path: Path) -> None:
    made(path, incidents=[an_incident(f"service {n}") for n in range(500)])
    pages = path.read_bytes()
    path.write_bytes(pages[:4096] + b"\xff" * (len(pages) - 4096))
    with pytest.raises(StoreError, match="restore a backup"):
        open_store(path)


def test_a_store_that_another_program_locks_is_explained(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detector.stores.engines._PRAGMAS", ("PRAGMA busy_timeout = 10",))
    made(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program holds the store"):
            made(path)


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be made"):
        open_store(tmp_path / "file" / "store.db")


def test_a_folder_in_the_place_of_the_store_is_explained(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(path)


@pytest.mark.parametrize("location", ["mysql://u:canary@h/d", "postgresql://u:canary@h:port/d"])
def test_a_url_that_cannot_be_used_is_explained_without_its_password(location: str) -> None:
    with pytest.raises(StoreError) as caught:
        store_url(location)
    assert "canary" not in str(caught.value)


def test_a_server_that_is_not_there_is_explained_without_the_password() -> None:
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        open_store("postgresql://somebody:canary@127.0.0.1:1/none")
    assert "canary" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


def test_the_representation_of_a_store_hides_the_password(tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "store.db")) as store:
        assert "store.db" in repr(store)
    assert "canary" not in repr(store_url("postgresql://somebody:canary@host/db"))


def test_a_path_with_odd_characters_is_a_path(tmp_path: Path) -> None:
    path = tmp_path / "a b%20?c#d 微信.db"
    made(path, memory={"a": b"1"})
    assert path.is_file()
    with closing(open_store(path, readonly=True)) as reader:
        assert reader.memory() == {"a": b"1"}
