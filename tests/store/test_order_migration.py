"""Older stores get the columns that messages and decisions are ordered by."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from detector.model.alert import AlertKind
from detector.model.decision import Decision, Reason
from detector.store.base import RunRecord
from detector.store.connections import open_engine, store_url
from detector.store.migrate import config
from detector.store.row_values import delivery_row, to_micros
from detector.store.sql_store import open_store
from tests.fakes.outages import NOON, a_delivery, an_alert, an_incident
from tests.store.postgres import PostgresServer

MINUTE = timedelta(minutes=1)
COUNT = 1203


def test_messages_of_before_are_in_order_and_their_ends_are_known(path: Path) -> None:
    over = [an_incident(f"Service {n}", lasted=20 * MINUTE) for n in range(COUNT)]
    ends = [an_alert(i, kind=AlertKind.RESOLVED, sequence=2, at=NOON + MINUTE) for i in over]
    late = [an_alert(i, kind=AlertKind.OPENED, at=NOON + 9 * MINUTE) for i in over]
    rows = [delivery_row(a_delivery(alert)) for alert in (*ends, *late)]
    engine = open_engine(store_url(path), readonly=False)
    with engine.begin() as connection:
        command.upgrade(config(connection), "0004")
        old = [{k: v for k, v in row.items() if k not in {"notice", "kind"}} for row in rows]
        connection.execute(sa.insert(sa.table("outbox", *map(sa.column, old[0]))), old)
    engine.dispose()
    with closing(open_store(path)) as store, store.engine.connect() as connection:
        found = connection.execute(sa.text("SELECT key, notice, kind FROM outbox")).all()
        assert {tuple(row) for row in found} == {(r["key"], r["notice"], r["kind"]) for r in rows}
        for incident in over[::100]:
            kinds = [d.alert.label for d in store.deliveries(incident_id=incident.id)]
            assert kinds == ["opened", "resolved"]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, path: Path) -> str:
    """The address of an empty store, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{path}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.fresh_database()


def test_decisions_of_before_keep_their_order_and_new_ones_follow(url: str) -> None:
    places = [("b", 1, "ops"), ("a", 2, "ana"), ("a", 1, "zoe"), ("a", 2, ""), ("a", 1, "ops")]
    rows = [
        {"incident_id": one, "at": to_micros(NOON + n * MINUTE), "receiver": who}
        | {"reason": "refused", "params": "{}", "kind": None}
        for one, n, who in places
    ]
    engine = open_engine(store_url(url), readonly=False)
    with engine.begin() as connection:
        command.upgrade(config(connection), "0006")
        connection.execute(sa.insert(sa.table("decisions", *map(sa.column, rows[0]))), rows)
    engine.dispose()
    new = Decision("a", NOON, Reason.SILENCED, receiver="ops")
    with closing(open_store(url)) as store:
        store.commit(RunRecord(decisions=[new]))
        found = [(d.at, d.receiver) for d in store.decisions("a")]
        late, later = NOON + MINUTE, NOON + 2 * MINUTE
        assert found[:-1] == [(late, "ops"), (late, "zoe"), (later, ""), (later, "ana")]
        assert store.decisions("a")[-1] == new
        assert [d.receiver for d in store.decisions("b")] == ["ops"]
