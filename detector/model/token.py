"""Access tokens: who may do what over the network."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Scope(Enum):
    """What a token allows; a later one includes those before it.

    ``PUSH`` alone stands aside: it lets a feed hand in posts and counts, and see nothing.
    """

    PUSH = "push"
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def allows(self, wanted: Scope) -> bool:
        """Return whether this scope covers ``wanted``."""
        if Scope.PUSH in (self, wanted):
            return self in (wanted, Scope.ADMIN)
        order = (Scope.READ, Scope.WRITE, Scope.ADMIN)
        return order.index(self) >= order.index(wanted)


@dataclass(frozen=True, slots=True)
class Token:
    """What the store knows of a token: its digest, never the token itself."""

    name: str
    scope: Scope
    digest: str
    created_at: datetime
    expires_at: datetime | None = None


def digest_of(secret: str) -> str:
    """Return what is stored of a token: SHA-256, enough for 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
