"""Files and servers that cannot be used: explained, named, and left alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from detector.errors import StoreError
from detector.store.connections import store_url
from detector.store.sql_store import open_store
from tests.fakes.outages import an_incident
from tests.store.files import changed, made


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
    monkeypatch.setattr("detector.store.connections._PRAGMAS", ("PRAGMA busy_timeout = 10",))
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
    made(path, state={"a": b"1"})
    assert path.is_file()
    with closing(open_store(path, readonly=True)) as reader:
        assert reader.state() == {"a": b"1"}
