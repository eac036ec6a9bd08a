"""Stores of the fourth schema get the columns that messages are ordered by."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from alembic import command

from detector.model.alert import AlertKind
from detector.store.connections import open_engine, store_url
from detector.store.migrate import config
from detector.store.row_values import delivery_row
from detector.store.sql_store import open_store
from tests.fakes.outages import NOON, a_delivery, an_alert, an_incident

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
