"""Migrations: Alembic, run in the caller's transaction."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

MIGRATIONS = Path(__file__).with_name("migrations")


def config(connection: Connection | None = None) -> Config:
    """Return the Alembic configuration of the store; there is no ``alembic.ini``."""
    settings = Config(attributes={"connection": connection})
    # "%" starts an interpolation in configparser.
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    return settings


def migrate(connection: Connection) -> None:
    """Bring the tables to the newest schema; all steps or none, as the caller commits."""
    command.upgrade(config(connection), "head")
