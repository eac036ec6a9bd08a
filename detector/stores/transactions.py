"""Transactions on one database: what every adapter in this room stands on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, Engine

from detector.stores.engines import explained
from detector.stores.schema import bring_up_to_date, require_current


class Transactions:
    """Reading and writing ones, whose troubles are explained.

    Parameters
    ----------
    engine : where to.
    url : the store as the user named it, for messages.
    """

    def __init__(self, engine: Engine, url: URL) -> None:
        self._engine = engine
        self._url = url

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._url.render_as_string(hide_password=True)!r})"

    @property
    def engine(self) -> Engine:
        """Where to."""
        return self._engine

    @property
    def url(self) -> URL:
        """The store as the user named it."""
        return self._url

    def check_schema(self, *, may_migrate: bool) -> None:
        """Bring the tables up to date, or only require that they are."""
        if may_migrate:
            with self._writing() as connection:
                bring_up_to_date(connection)
        else:
            with self._reading() as connection:
                require_current(connection)

    def close(self) -> None:
        """Release files and connections."""
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with explained(self._url), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        engine = self._engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        with explained(self._url), engine.begin() as connection:
            yield connection
