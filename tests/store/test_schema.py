"""Which tables a store has, and which it refuses."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from detector.errors import StoreError
from detector.store.migrate import config, migrate
from detector.store.schema import KNOWN, METADATA
from detector.store.sql_store import open_store
from tests.store.files import changed, made
from tests.store.postgres import PostgresServer


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

    monkeypatch.setattr("detector.store.migrate.migrate", half)
    with pytest.raises(KeyboardInterrupt):
        open_store(path)
    monkeypatch.undo()
    assert made(path, state={"a": b"1"}) == path
