"""The order of decisions: the number of each among those about its incident.

Until now they were listed by time, which is that of what was decided about: for what was known late
that lies before what had been decided in the meantime. The order in which those of before were
taken is not on record, so they keep the order that they were listed in.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_KEY = ("incident_id", "at", "receiver", "reason", "params")
_DECISIONS = sa.table("decisions", *map(sa.column, (*_KEY, "number")))


def upgrade() -> None:
    """Add the column, and number what is there."""
    number = sa.Column("number", sa.Integer, nullable=False, server_default=sa.text("0"))
    op.add_column("decisions", number)
    by_time = [_DECISIONS.c[name] for name in _KEY[1:]]
    place = sa.func.row_number().over(partition_by=_DECISIONS.c.incident_id, order_by=by_time)
    listed = sa.select(*(_DECISIONS.c[name] for name in _KEY), place.label("place"))
    found = listed.subquery("listed")
    same = [_DECISIONS.c[name] == found.c[name] for name in _KEY]
    op.execute(sa.update(_DECISIONS).where(*same).values(number=found.c.place))
