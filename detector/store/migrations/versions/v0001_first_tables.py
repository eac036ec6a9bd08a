"""Memory, counts, incidents and the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the first tables."""
    op.create_table(
        "memory",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
        comment="what the next cycle must find again",
    )
    op.create_table(
        "counts",
        sa.Column("service", sa.Text, primary_key=True),
        sa.Column("time", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("count", sa.Double),
        sa.Column("expected", sa.Double),
        sa.Column("evidence", sa.Double),
        comment="one row per bin; null where not observed",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "incidents",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("noticed_at", sa.BigInteger, nullable=False),
        sa.Column("resolved_at", sa.BigInteger),
        sa.Column("document", sa.Text, nullable=False),
        comment="the incident as JSON, and what it is looked up by",
    )
    op.create_index("incidents_by_notice", "incidents", ["noticed_at"])
    op.create_index("incidents_by_service", "incidents", ["service", "noticed_at"])
    _create_outbox()


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("receiver", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("incident_id", sa.Text, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("alert_at", sa.BigInteger, nullable=False),
        sa.Column("alert", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("error", sa.Text),
        comment="alerts on their way: recorded before they are sent",
    )
    op.create_index("outbox_by_incident", "outbox", ["incident_id"])
    pending = sa.text("status = 'pending'")
    op.create_index(
        "outbox_pending",
        "outbox",
        ["incident_id", "receiver", "sequence"],
        sqlite_where=pending,
        postgresql_where=pending,
    )
