"""What the pages and the API stand on: records, inbox, session key; opened from the settings."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from detector.clock import wall_now
from detector.config.settings import Settings
from detector.config.web_settings import WebSettings
from detector.errors import ConfigError
from detector.fields import named_secret
from detector.model.token import Scope
from detector.pipeline.run import Totals
from detector.pipeline.schedule import JobCounts
from detector.pipeline.setup import store_location
from detector.store.base import Controls, Inbox
from detector.store.connections import file_of, store_url
from detector.store.controls import open_controls
from detector.store.inbox import open_inbox
from detector.store.queries import open_viewer
from detector.views.incident_record import ViewContext

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Backend(ViewContext):
    """Everything that a request may look at or change.

    Attributes
    ----------
    inbox : where pushed rows wait.
    session_key : logins and forms are signed with it.
    last_run : how the running pipeline is, None where none runs here (``serve``).
    """

    inbox: Inbox
    session_key: bytes
    last_run: Callable[[], RunReport] | None = None

    def close(self) -> None:
        """Release files and connections."""
        for part in (self.store, self.controls, self.inbox):
            part.close()

    @property
    def url(self) -> str:
        """Where people reach the dashboard, without a slash at the end."""
        return self.settings.web.url


@dataclass(frozen=True, slots=True)
class RunReport:
    """How the running pipeline is.

    Attributes
    ----------
    runs : since the start.
    ended_at : when the last one ended, on the wall's clock; None before any.
    seconds : how long it took.
    every : seconds between runs, as configured.
    totals : how much was taken in since the start.
    jobs : how often the scheduled jobs were due, and what became of them.
    """

    runs: int
    ended_at: datetime | None
    seconds: float
    every: float
    totals: Totals = field(default_factory=Totals)
    jobs: JobCounts = field(default_factory=JobCounts)


def _backend(request: Request) -> Backend:
    backend: Backend = request.app.state.backend
    return backend


AskedBackend = Annotated[Backend, Depends(_backend)]
"""In a handler's signature: the backend of the application that was asked."""


def open_backend(
    settings: Settings,
    *,
    base: Path,
    now: Callable[[], datetime] = wall_now,
    last_run: Callable[[], RunReport] | None = None,
) -> Backend:
    """Return the backend over the store that the settings name; a pipeline may be writing to it.

    Raises
    ------
    StoreError : there is no store yet, or its schema is not this version's.
    ConfigError : the session key cannot be had, or anybody could connect and nobody may.
    """
    location = store_location(settings, base=base)
    with ExitStack() as undo:
        store = open_viewer(location)
        undo.callback(store.close)
        controls = open_controls(location)
        undo.callback(controls.close)
        require_tokens(settings.web, controls, wall_now())
        backend = Backend(
            store=store,
            controls=controls,
            inbox=open_inbox(location),
            settings=settings,
            now=now,
            wall=wall_now,
            session_key=session_key(settings, base=base),
            last_run=last_run,
        )
        undo.pop_all()
    return backend


def has_file(settings: Settings, *, base: Path) -> bool:
    """Tell whether the store can be opened a second time: a store in memory cannot."""
    url = store_url(store_location(settings, base=base))
    return url.get_backend_name() != "sqlite" or file_of(url) is not None


def require_tokens(settings: WebSettings, controls: Controls, wall: datetime) -> None:
    """Raise `ConfigError` if others than this machine can connect and no rule says who may."""
    if settings.is_local or settings.access == "public-read-only":
        return
    readers = [t for t in controls.tokens() if t.scope.allows(Scope.READ)]
    if not any(t.expires_at is None or wall < t.expires_at for t in readers):
        raise ConfigError(
            f"web.listen: {settings.listen} is open to others and no token for reading exists; "
            "make one (outage-detector token add NAME --scope read), let everybody read "
            '(web.access = "public-read-only"), or listen at 127.0.0.1'
        )


def session_key(settings: Settings, *, base: Path) -> bytes:
    """Return the key that logins are signed with: the configured one, or one kept with the store.

    Without either (a database on a server) it is a new one: logins end with this process.

    Raises
    ------
    ConfigError : the configured key is missing, or the file beside the store cannot be used.
    """
    given = named_secret(settings.web, "session_key", base, place="web")
    if given is not None:
        return given.encode()
    store = file_of(store_url(store_location(settings, base=base)))
    return secrets.token_bytes(_KEY_BYTES) if store is None else _kept(Path(f"{store}-web-key"))


def _kept(path: Path) -> bytes:
    """Return the key in the file, which is made if it is not there; its owner alone may read it."""
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path}: the key of logins cannot be kept beside the store ({error.strerror}); "
            "give web.session_key_env or web.session_key_file"
        ) from error
    if len(key) < _KEY_BYTES:
        raise ConfigError(f"{path}: no key of logins; remove the file, a new one will be made")
    return key


def _make(path: Path) -> None:
    """Write a new key under another name first, so that nobody reads half of it."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(_KEY_BYTES))
    if path.exists():
        part.unlink()
    else:
        part.replace(path)
