"""token add, list, revoke: who may use the API and the dashboard."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from detector.cli.language import reader
from detector.cli.output import heads, print_table, settings_and_base
from detector.clock import wall_now
from detector.errors import InputError
from detector.fields import parse_duration
from detector.model.times import iso
from detector.model.token import Scope, Token, digest_of
from detector.pipeline.setup import store_location
from detector.store.controls import SqlControls, open_controls
from detector.store.sql_store import open_store
from detector.text.phrasing import Phrasing

#: What a token begins with: scanners of repositories know it when they see one.
PREFIX = "odt_"
_BYTES = 32


def add_token(config: Path | None, name: str, *, scope: str, expires: str | None) -> None:
    """Make a token, store its digest, and print it this once."""
    now = wall_now().replace(microsecond=0)
    secret = PREFIX + secrets.token_urlsafe(_BYTES)
    token = Token(_named(name), _scope(scope), digest_of(secret), now, _end(expires, now))
    with _controls(config, may_make=True) as controls:
        if not controls.add_token(token):
            raise InputError(f"there is a token {name!r} already; revoke it or choose another")
    print(_announced(token, reader()), file=sys.stderr)
    print(secret)


def list_tokens(config: Path | None, *, as_json: bool) -> None:
    """Print the tokens there are, without their secrets."""
    with _controls(config) as controls:
        tokens = controls.tokens()
    now = wall_now()
    if as_json:
        print(json.dumps([_to_dict(token) for token in tokens], ensure_ascii=False))
        return
    say = reader()
    rows = [_row(token, now, say) for token in tokens]
    print_table(heads(say, "name", "scope", "created", "until"), rows)


def revoke_token(config: Path | None, name: str) -> None:
    """Revoke a token: from now on it opens nothing, and logins with it have ended."""
    with _controls(config) as controls:
        if not controls.revoke_token(name):
            raise InputError(f"there is no token {name!r}; see outage-detector token list")
    print(reader().texts("command.token.revoked", name=name))


@contextmanager
def _controls(config: Path | None, *, may_make: bool = False) -> Iterator[SqlControls]:
    settings, base, _ = settings_and_base(config)
    location = store_location(settings, base=base)
    if may_make and isinstance(location, Path) and not location.is_file():
        # A token may be wanted before the first run: listening beyond this machine takes one.
        open_store(location).close()
    with closing(open_controls(location)) as controls:
        yield controls


def _named(name: str) -> str:
    if not name.strip() or not name.isprintable() or len(name) > 100:
        raise InputError(f"{name!r} is no name for a token; write up to 100 printable characters")
    return name


def _scope(text: str) -> Scope:
    try:
        return Scope(text)
    except ValueError:
        known = ", ".join(scope.value for scope in Scope)
        raise InputError(f"{text!r} is no scope; one of {known}") from None


def _end(text: str | None, now: datetime) -> datetime | None:
    if text is None:
        return None
    try:
        return now + parse_duration(text)
    except ValueError as error:
        raise InputError(f"--expires: {error}") from None


def _announced(token: Token, say: Phrasing) -> str:
    """Return what stands before a new token."""
    shown = {"name": token.name, "scope": token.scope.value}
    if token.expires_at is None:
        return say.texts("command.token.added_unlimited", **shown)
    return say.texts("command.token.added", until=say.format.zoned(token.expires_at), **shown)


def _row(token: Token, now: datetime, say: Phrasing) -> tuple[str, ...]:
    created = say.format.zoned(token.created_at)
    return (token.name, token.scope.value, created, _until(token, now, say))


def _until(token: Token, now: datetime, say: Phrasing) -> str:
    if token.expires_at is None:
        return say.texts("command.token.unlimited")
    at = say.format.zoned(token.expires_at)
    return say.texts("command.token.expired", at=at) if token.expires_at <= now else at


def _to_dict(token: Token) -> dict[str, str | None]:
    return {
        "name": token.name,
        "scope": token.scope.value,
        "created_at": iso(token.created_at),
        "expires_at": None if token.expires_at is None else iso(token.expires_at),
    }
