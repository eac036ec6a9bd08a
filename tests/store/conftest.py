"""The stores under contract: the fake, SQLite, SQLite in memory and, where it runs, PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from detector.store.base import Store
from detector.store.sql_store import open_store
from tests.fakes.store import FakeStore
from tests.store.postgres import PostgresServer, server_or_skip


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with server_or_skip() as server:
        yield server


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store's file may be."""
    return tmp_path / "store.db"


@pytest.fixture(params=["fake", "sqlite file", "sqlite in memory", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "fake":
        yield FakeStore()
        return
    if request.param == "postgresql":
        location = request.getfixturevalue("postgres").fresh_database()
    else:
        location = "sqlite://" if "memory" in request.param else str(tmp_path / "store.db")
    with closing(open_store(location)) as opened:
        yield opened
