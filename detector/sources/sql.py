"""A database that has the counts already: a query of the user's, over SQLAlchemy.

The query yields ``time, service, count`` for ``:start <= time < :end``. A bin without a row was
not observed, unless the user says that the query leaves out zeros; then it must also know how
far the database is filled, lest a table that nobody writes to any more looks quiet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import isinf, isnan, nan
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, ClassVar, Literal

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from detector.errors import ConfigError, Garbled, Unavailable
from detector.fields import Name
from detector.model.times import floor_to, iso
from detector.sources.base import CountedSettings, Poll, SourceContext
from detector.sources.time_windows import Row, counts_frame, cursor_at, parse_bins, whole_bins


class SqlSettings(CountedSettings):
    """Counts from a database that has them already."""

    reads: ClassVar[str] = "counts"
    history: ClassVar[str] = "what it keeps"
    up_when: ClassVar[str] = "`reached`, if you give it"
    needs: ClassVar[str] = "your database"
    example: ClassVar[str] = """\
[[sources]]                     # your own database
type = "sql"
name = "warehouse"
url_env = "WAREHOUSE_URL"       # postgresql+psycopg://USER:PASSWORD@HOST/NAME
query = "SELECT time, service, count FROM complaints WHERE time >= :start AND time < :end"
"""

    type: Literal["sql"]
    query: Name
    """Returns ``time, service, count``; may use ``:start`` and ``:end`` (exclusive)."""

    reached: str | None = None
    """A query for the time up to which the database is filled. Without it: up to now."""

    zeros_for: tuple[Name, ...] = ()
    """Services for which a bin without a row is zero, up to ``reached``, which must be given. For
    all others a bin without a row was not observed."""

    url_env: str | None = None
    """Environment variable with the database's URL. Give this or ``url_file``."""

    url_file: Path | None = None
    """File with the database's URL."""

    def mistakes(self) -> Iterator[tuple[str, str]]:
        """Yield also zeros that nobody could tell from a table that is not filled yet."""
        yield from super().mistakes()
        if self.zeros_for and self.reached is None:
            yield "zeros_for", "needs reached, how far the database is filled"

    def build(self, context: SourceContext) -> SqlSource:
        """Return the source. Raises `ConfigError` when the URL is missing or cannot be used."""
        return SqlSource(
            self.name,
            self.required_secret("url", context.base),
            self.query,
            self.reached,
            self.zeros_for,
            self.width,
            self.backfill,
            self.overlap,
        )


@dataclass(eq=False)
class SqlSource:
    """Counts by service.

    Parameters
    ----------
    name : the source's name in the configuration.
    url : of SQLAlchemy; a secret, as it may hold a password.
    query : yields ``time, service, count``; may use ``:start`` and ``:end``.
    reached : yields the instant up to which the database is filled; None: up to now.
    zeros_for : services of which a bin without a row is zero, up to ``reached``.
    width : bin width.
    backfill : how far before the first poll to begin.
    overlap : how far back each poll goes for counts that were revised.
    timeout : seconds for a poll.

    Raises
    ------
    ConfigError : the URL is none, its driver is missing, or zeros are wanted without ``reached``.
    """

    name: str
    url: str = field(repr=False)
    query: str
    reached: str | None = None
    zeros_for: Sequence[str] = ()
    width: timedelta = timedelta(minutes=1)
    backfill: timedelta = timedelta(days=7)
    overlap: timedelta = timedelta(minutes=5)
    timeout: float = 20.0
    _engine: Engine = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.zeros_for and self.reached is None:
            raise ConfigError(f"source {self.name!r}: zeros_for needs reached")
        self._engine = _engine(self.name, self.url)

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        """Return the counts of the whole bins since; see `Source.poll`."""
        past = parse_bins(cursor, otherwise=until - self.backfill)
        start, end = whole_bins(past.until - self.overlap, until, self.width)
        if end <= past.until:
            return Poll(cursor, counts=counts_frame(()), width=self.width)
        filled, rows = self._look(start, end)
        if filled is not None:
            end = max(min(end, floor_to(filled, self.width)), past.until)
        read = (self._row(row) for row in rows)
        counted = {(service, at): n for service, at, n in read if start <= at < end}
        if self.zeros_for:
            counted = {**self._zeros(start, end), **counted}
        frame = counts_frame((service, at, n) for (service, at), n in counted.items())
        return Poll(cursor_at(end), counts=frame, width=self.width)

    def _zeros(self, start: datetime, end: datetime) -> dict[tuple[str, datetime], float]:
        bins = [start + i * self.width for i in range(round((end - start) / self.width))]
        return {(service, at): 0.0 for service in self.zeros_for for at in bins}

    def _look(self, start: datetime, end: datetime) -> tuple[datetime | None, Sequence[Any]]:
        """Return how far the database is filled, and the query's rows.

        No driver's timeout bounds all waits, so the query is given a thread that can be left.
        """
        answers: SimpleQueue[tuple[datetime | None, Sequence[Any]] | Exception] = SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self._ask(start, end))
            except Exception as error:
                answers.put(error)

        Thread(target=ask, daemon=True).start()
        try:
            answer = answers.get(timeout=self.timeout)
        except Empty:
            answer = TimeoutError()
        # Raised outside of any handler: the library's errors quote the query and the address.
        if isinstance(answer, Garbled):
            raise answer
        if isinstance(answer, TimeoutError):
            raise Unavailable(f"{self.name}: the database did not answer in {self.timeout:g} s")
        if isinstance(answer, Exception):
            kind = type(getattr(answer, "orig", None) or answer).__name__
            raise Unavailable(f"{self.name}: the database refused the query ({kind})")
        return answer

    def _ask(self, start: datetime, end: datetime) -> tuple[datetime | None, Sequence[Any]]:
        with self._engine.connect() as connection:
            filled = None
            if self.reached is not None:
                value = connection.execute(text(self.reached)).scalar()
                # An empty table is filled up to nowhere.
                filled = start if value is None else self._instant(value)
            return filled, self._rows(connection, start, end)

    def _rows(self, connection: Connection, start: datetime, end: datetime) -> Sequence[Any]:
        # SQLite keeps instants as texts.
        plain = connection.dialect.name == "sqlite"
        bounds = {"start": start, "end": end}
        given = {key: iso(at) if plain else at for key, at in bounds.items()}
        used = {key: at for key, at in given.items() if f":{key}" in self.query}
        return connection.execute(text(self.query), used).all()

    def _row(self, row: Any) -> Row:
        try:
            at, service, count = row
        except ValueError:
            raise Garbled(f"{self.name}: the query must yield time, service, count") from None
        # An empty count is a bin that was not observed.
        number = float(count) if isinstance(count, int | float | Decimal) else nan
        wrong = isinf(number) or number < 0 or (isnan(number) and count is not None)
        if wrong or not isinstance(service, str) or not service:
            raise Garbled(f"{self.name}: a row is no time, service and count >= 0")
        return service, floor_to(self._instant(at), self.width), number

    def _instant(self, value: Any) -> datetime:
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                value = None
        if not isinstance(value, datetime):
            raise Garbled(f"{self.name}: a time that is no instant; yield timestamps or ISO 8601")
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _engine(name: str, url: str) -> Engine:
    try:
        return create_engine(url, poolclass=NullPool)
    except (ArgumentError, ValueError):
        why = "its URL cannot be read; write postgresql+psycopg://HOST/NAME or sqlite:///FILE"
    except (ModuleNotFoundError, NoSuchModuleError, SQLAlchemyError):
        why = "there is no driver for its URL; install it"
    raise ConfigError(f"source {name!r}: {why}")
