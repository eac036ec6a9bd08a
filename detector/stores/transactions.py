"""Transactions on one database: what every adapter in this room stands on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine

from detector.errors import StoreError
from detector.stores.engines import explained, file_of, open_engine, store_url
from detector.stores.schema import bring_up_to_date, require_current

T = TypeVar("T", bound="Transactions")


def require_file(url: URL) -> None:
    """Raise `StoreError` when the file of a SQLite store is not there."""
    path = file_of(url)
    if path is not None and not path.is_file():
        raise StoreError(f"{path}: there is no store yet; `outage-detector run` makes it")


def open_beside(location: str | Path, kind: Callable[[Engine, URL], T], *, readonly: bool) -> T:
    """Open the store at ``location`` as a ``kind``; a pipeline may be running on it.

    Raises
    ------
    StoreError : there is no store yet, or its schema is not this version's.
    """
    url = store_url(location)
    require_file(url)
    opened = kind(open_engine(url, readonly=readonly), url)
    try:
        opened.check_schema(may_migrate=False)
    except StoreError:
        opened.close()
        raise
    return opened


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
