"""The order of messages: their number among those to one receiver, and their kind, as columns.

Until now the order of an incident's messages was read off times and keys. A message that a silence
had kept back has a later time than an end that was decided before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_AT_ONCE = 1000
_OUTBOX = sa.table("outbox", *map(sa.column, ("receiver", "key", "alert", "notice", "kind")))


def upgrade() -> None:
    """Add the columns, filled in from the documents."""
    number = sa.Column("notice", sa.Integer, nullable=False, server_default=sa.text("0"))
    op.add_column("outbox", number)
    kind = sa.Column("kind", sa.Text, nullable=False, server_default=sa.text("''"))
    op.add_column("outbox", kind)
    _fill_in(op.get_bind())
    op.drop_index("outbox_pending", "outbox")
    pending = sa.text("status = 'pending'")
    op.create_index(
        "outbox_pending",
        "outbox",
        ["incident_id", "receiver", "sequence", "notice"],
        sqlite_where=pending,
        postgresql_where=pending,
    )


def _fill_in(connection: sa.Connection) -> None:
    same = (_OUTBOX.c.receiver == sa.bindparam("whose")) & (_OUTBOX.c.key == sa.bindparam("which"))
    change = sa.update(_OUTBOX).where(same)
    change = change.values(notice=sa.bindparam("number"), kind=sa.bindparam("what"))
    for rows in _pages(connection):
        filled = []
        for receiver, key, text in rows:
            said = json.loads(text)
            number = said.get("notice", 0)
            place = {"whose": receiver, "which": key}
            filled.append(place | {"number": number, "what": said["kind"]})
        connection.execute(change, filled)


def _pages(connection: sa.Connection) -> Iterator[list[tuple[str, str, str]]]:
    """Yield receiver, key and document of every message, a thousand at a time."""
    order = (_OUTBOX.c.receiver, _OUTBOX.c.key)
    asked = sa.select(*order, _OUTBOX.c.alert).order_by(*order).limit(_AT_ONCE)
    last: tuple[str, str] | None = None
    while True:
        after = asked if last is None else asked.where(sa.tuple_(*order) > last)
        rows = [(str(who), str(key), str(text)) for who, key, text in connection.execute(after)]
        if not rows:
            return
        yield rows
        last = rows[-1][:2]
