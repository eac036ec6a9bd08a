"""Controls on SQLAlchemy: silences, acknowledgements and tokens, beside the running pipeline."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Row, Table, delete, select, update

from detector.model.incident import Severity
from detector.model.matcher import Matcher
from detector.model.silence import Acknowledgement, Silence
from detector.model.token import Scope, Token
from detector.store.connections import Transactions, insert_new, open_shared, upsert
from detector.store.row_values import from_micros, maybe_from_micros, maybe_to_micros, to_micros
from detector.store.schema import ACKNOWLEDGEMENTS, SILENCES, TOKENS

log = structlog.get_logger("detector.store")


def open_controls(location: str | Path) -> SqlControls:
    """Open the controls of the store at ``location``; a pipeline may be running on it.

    Raises
    ------
    StoreError : there is no store yet, or its schema is not this version's.
    """
    return open_shared(location, SqlControls, readonly=False)


def shared_controls(store: Transactions) -> SqlControls:
    """Return the controls of a store that is open here; it closes with the store."""
    return SqlControls(store.engine, store.url)


class SqlControls(Transactions):
    """Silences, acknowledgements and tokens in one SQL database; see `store.base.Controls`.

    Its writes are single rows and need no lease: the pipeline only reads them.
    """

    def silences(self, *, ending_after: datetime | None = None) -> tuple[Silence, ...]:
        """Return silences that end after that time (None: all), the one that begins first first."""
        asked = select(SILENCES.c.document).order_by(SILENCES.c.starts_at, SILENCES.c.id)
        if ending_after is not None:
            asked = asked.where(SILENCES.c.ends_at > to_micros(ending_after))
        with self._reading() as connection:
            found = [_readable(document) for document in connection.scalars(asked)]
        return tuple(silence for silence in found if silence is not None)

    def silence(self, silence: Silence) -> None:
        """Keep ``silence``; it replaces the one with the same id."""
        with self._writing() as connection:
            connection.execute(upsert(connection, SILENCES), [_silence_row(silence)])

    def expire(self, silence_id: str, at: datetime) -> bool:
        """End a silence at ``at``; one that has not begun is removed. Return whether it was there.

        One that ended before is left as it is.
        """
        with self._writing() as connection:
            asked = select(SILENCES.c.document).where(SILENCES.c.id == silence_id)
            if (document := connection.scalar(asked)) is None:
                return False
            held = _readable(document)
            if held is None or at <= held.starts_at:
                connection.execute(delete(SILENCES).where(SILENCES.c.id == silence_id))
            elif at < held.ends_at:
                row = _silence_row(_ending(held, at))
                connection.execute(update(SILENCES).where(SILENCES.c.id == silence_id).values(row))
            return True

    def acknowledgements(self) -> tuple[Acknowledgement, ...]:
        """Return what is in hand, by incident."""
        asked = select(ACKNOWLEDGEMENTS).order_by(ACKNOWLEDGEMENTS.c.incident_id)
        with self._reading() as connection:
            return tuple(map(_acknowledgement_of, connection.execute(asked)))

    def acknowledge(self, acknowledgement: Acknowledgement) -> None:
        """Keep it; it replaces the one about the same incident."""
        with self._writing() as connection:
            row = _acknowledgement_row(acknowledgement)
            connection.execute(upsert(connection, ACKNOWLEDGEMENTS), [row])

    def withdraw(self, incident_id: str) -> bool:
        """Forget the acknowledgement of an incident. Return whether there was one."""
        return self._forget(ACKNOWLEDGEMENTS, "incident_id", incident_id)

    def tokens(self) -> tuple[Token, ...]:
        """Return every token's name, scope and digest, by name."""
        with self._reading() as connection:
            rows = connection.execute(select(TOKENS).order_by(TOKENS.c.name))
            return tuple(map(_token_of, rows))

    def add_token(self, token: Token) -> bool:
        """Keep ``token``. Return whether its name was free; if not, nothing is changed."""
        with self._writing() as connection:
            insert = insert_new(connection, TOKENS).returning(TOKENS.c.name)
            return connection.scalar(insert, _token_row(token)) is not None

    def revoke_token(self, name: str) -> bool:
        """Forget a token. Return whether there was one."""
        return self._forget(TOKENS, "name", name)

    def _forget(self, table: Table, column: str, value: str) -> bool:
        with self._writing() as connection:
            done = connection.execute(delete(table).where(table.c[column] == value))
            return done.rowcount == 1


def _ending(silence: Silence, at: datetime) -> Silence:
    return Silence(
        silence.id, silence.matchers, silence.starts_at, at, silence.author, silence.comment
    )


def _silence_row(silence: Silence) -> dict[str, Any]:
    document = {
        "matchers": [[m.label, m.value, m.pattern, m.negated] for m in silence.matchers],
        "author": silence.author,
        "comment": silence.comment,
    }
    starts_at, ends_at = to_micros(silence.starts_at), to_micros(silence.ends_at)
    whole = {"id": silence.id, "starts_at": starts_at, "ends_at": ends_at}
    return {**whole, "document": json.dumps({**whole, **document})}


def _readable(document: str) -> Silence | None:
    """Return the silence, None where it states no condition of ours: then it mutes nothing.

    Earlier versions took patterns that RE2 has not. To be told too much is better than no run.
    """
    try:
        return _silence_of(document)
    except ValueError as error:
        log.warning("a silence is not understood and mutes nothing", why=str(error))
        return None


def _silence_of(document: str) -> Silence:
    fields = json.loads(document)
    return Silence(
        id=fields["id"],
        matchers=tuple(Matcher(*_matcher(matcher)) for matcher in fields["matchers"]),
        starts_at=from_micros(fields["starts_at"]),
        ends_at=from_micros(fields["ends_at"]),
        author=fields["author"],
        comment=fields["comment"],
    )


def _matcher(fields: Sequence[Any]) -> tuple[str, str, bool, bool]:
    label, value, pattern, negated = fields
    return label, value, pattern, negated


def _acknowledgement_row(given: Acknowledgement) -> dict[str, Any]:
    return {
        "incident_id": given.incident_id,
        "at": to_micros(given.at),
        "severity": given.severity.label,
        "author": given.author,
        "comment": given.comment,
    }


def _acknowledgement_of(row: Row[Any]) -> Acknowledgement:
    return Acknowledgement(
        incident_id=row.incident_id,
        at=from_micros(row.at),
        severity=Severity[row.severity.upper()],
        author=row.author,
        comment=row.comment,
    )


def _token_row(token: Token) -> dict[str, Any]:
    return {
        "name": token.name,
        "scope": token.scope.value,
        "digest": token.digest,
        "created_at": to_micros(token.created_at),
        "expires_at": maybe_to_micros(token.expires_at),
    }


def _token_of(row: Row[Any]) -> Token:
    return Token(
        name=row.name,
        scope=Scope(row.scope),
        digest=row.digest,
        created_at=from_micros(row.created_at),
        expires_at=maybe_from_micros(row.expires_at),
    )
