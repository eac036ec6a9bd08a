"""The tokens that people were given, looked up by digest."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime

from detector.model.token import Scope, Token, digest_of
from detector.store.base import Controls

#: So many seconds after it was revoked a token opens nothing any more.
FRESH = 1.0


class TokenBook:
    """Tokens by digest, read again when what is known is a second old.

    A secret is looked up by its SHA-256, so how long that takes tells nothing about others.

    Parameters
    ----------
    controls : where the tokens are.
    wall : the wall's time, after which tokens expire.
    """

    def __init__(self, controls: Controls, wall: Callable[[], datetime]) -> None:
        self._controls = controls
        self._wall = wall
        self._lock = threading.Lock()
        self._read_at = -FRESH
        self._tokens: tuple[Token, ...] = ()

    def find(self, secret: str) -> Token | None:
        """Return the token whose secret this is, None if there is none or its time is over."""
        digest = digest_of(secret)
        return next((t for t in self._valid() if t.digest == digest), None)

    def known(self, secret: str) -> Token | None:
        """Return what `find` does as of the last reading, without waiting for it."""
        digest, now = digest_of(secret), self._wall()
        held = (t for t in self._tokens if t.digest == digest)
        return next((t for t in held if t.expires_at is None or now < t.expires_at), None)

    def named(self, name: str) -> Token | None:
        """Return the token of that name, None if there is none or its time is over."""
        return next((t for t in self._valid() if t.name == name), None)

    def has_reader(self) -> bool:
        """Return whether some token opens the dashboard."""
        return any(t.scope.allows(Scope.READ) for t in self._valid())

    def _valid(self) -> list[Token]:
        now = self._wall()
        return [t for t in self._known() if t.expires_at is None or now < t.expires_at]

    def _known(self) -> tuple[Token, ...]:
        with self._lock:
            if time.monotonic() - self._read_at >= FRESH:
                self._tokens = self._controls.tokens()
                self._read_at = time.monotonic()
            return self._tokens
