"""Insert-or-replace and insert-or-ignore, the same on SQLite and PostgreSQL; rows in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(connection: Connection, table: Table) -> Insert:
    """Return an insert into ``table`` that replaces the row with the same primary key."""
    insert = _insert_into(table, connection)
    keys = [column.name for column in table.primary_key]
    fresh = {c.name: insert.excluded[c.name] for c in table.columns if c.name not in keys}
    return insert.on_conflict_do_update(index_elements=keys, set_=fresh)


def insert_new(connection: Connection, table: Table) -> Insert:
    """Return an insert into ``table`` that leaves a row with the same primary key alone."""
    insert = _insert_into(table, connection)
    return insert.on_conflict_do_nothing(index_elements=[c.name for c in table.primary_key])


def write_many(
    connection: Connection, statement: Insert, names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Run ``statement`` for tuples of the columns ``names``.

    SQLAlchemy's own path for many rows checks a dictionary per row, which takes longer than
    SQLite takes to write it; the driver is therefore given the compiled statement and plain rows.
    """
    if not rows:
        return
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(names))
    if (order := compiled.positiontup) is None:
        named = [dict(zip(names, row, strict=True)) for row in rows]
        connection.exec_driver_sql(str(compiled), named)
        return
    places = [names.index(name) for name in order]
    connection.exec_driver_sql(str(compiled), [tuple(row[i] for i in places) for row in rows])


def _insert_into(table: Table, connection: Connection) -> sqlite.Insert | postgresql.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
