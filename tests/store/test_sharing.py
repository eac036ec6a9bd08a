"""One writer, many readers."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from detector.errors import StoreError
from detector.store.base import RunRecord
from detector.store.sql_store import open_store
from tests.fakes.outages import NOON, an_incident
from tests.store.files import made
from tests.store.postgres import PostgresServer


def test_a_second_writer_is_refused_and_told_who_writes(path: Path) -> None:
    code = (
        "import sys; from detector.store.sql_store import open_store; s = open_store(sys.argv[1]); "
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
        assert made(path, state={"a": b"1"}), "the lease goes with a killed process"


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
        assert store.state() == {}


def test_readers_look_on_while_a_writer_writes(path: Path) -> None:
    with closing(open_store(path)) as writer:
        writer.commit(RunRecord(state={"a": b"1"}, incidents=[an_incident()]))
        with closing(open_store(path, readonly=True)) as reader:
            with writer._writing():
                assert len(reader.incidents()) == 1
            writer.commit(RunRecord(state={"a": b"2"}))
            assert reader.state() == {"a": b"2"}


def test_a_reader_does_not_write(path: Path) -> None:
    made(path, state={"a": b"1"})
    with closing(open_store(path, readonly=True)) as reader:
        with pytest.raises(StoreError, match="cannot be written"):
            reader.commit(RunRecord(state={"a": b"2"}))
        assert reader.state() == {"a": b"1"}


def test_a_reader_does_not_write_on_postgresql(postgres: PostgresServer) -> None:
    url = postgres.fresh_database()
    with pytest.raises(StoreError, match="not a store"):
        open_store(url, readonly=True)
    open_store(url).close()
    with (
        closing(open_store(url, readonly=True)) as reader,
        pytest.raises(StoreError, match="cannot be written"),
    ):
        reader.commit(RunRecord(state={"a": b"2"}))


def test_a_reader_of_nothing_is_told_what_makes_a_store(path: Path) -> None:
    with pytest.raises(StoreError, match="outage-detector run"):
        open_store(path, readonly=True)
    assert not path.exists()


def test_threads_of_one_process_share_the_store(path: Path) -> None:
    with closing(open_store(path)) as store:

        def work(name: str) -> None:
            for n in range(20):
                store.commit(RunRecord(state={f"{name}{n}": b"x"}))
                store.due(NOON, limit=1)

        threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(store.state()) == 60
