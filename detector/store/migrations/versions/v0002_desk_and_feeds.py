"""Alerts, decisions, feeds, what people say at the desk, tokens and the inbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables that came with the second schema."""
    _create_alerts()
    _create_decisions()
    _create_feeds()
    _create_silences()
    _create_acknowledgements()
    _create_tokens()
    _create_inbox()


def _create_alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("incident_id", sa.Text, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        comment="what there was to tell, whoever was told",
    )
    op.create_index("alerts_by_incident", "alerts", ["incident_id", "sequence"])
    op.create_index("alerts_by_time", "alerts", ["at"])


def _create_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("incident_id", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("receiver", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text),
        comment="why people were told, and why not",
    )


def _create_feeds() -> None:
    op.create_table(
        "feeds",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("looked_at", sa.BigInteger),
        sa.Column("observed_until", sa.BigInteger),
        comment="how each source is",
    )


def _create_silences() -> None:
    op.create_table(
        "silences",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("starts_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        comment="what nobody is to be told of, by whom and why",
    )


def _create_acknowledgements() -> None:
    op.create_table(
        "acknowledgements",
        sa.Column("incident_id", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        comment="who has an incident in hand",
    )


def _create_tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        comment="digests of access tokens, never the tokens",
    )


def _create_inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        comment="rows pushed to us, until their source takes them in",
        sqlite_autoincrement=True,
    )
    op.create_index("inbox_once", "inbox", ["source", "key"], unique=True)
