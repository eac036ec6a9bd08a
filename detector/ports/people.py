"""What people say and hand in while the pipeline runs."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from detector.domain.desk import Acknowledgement, Silence
from detector.domain.parcel import Parcel
from detector.domain.token import Token


class Desk(Protocol):
    """What people say, on the command line or over the network, while the pipeline runs."""

    def silences(self, *, ending_after: datetime | None = None) -> tuple[Silence, ...]:
        """Return silences that end after that time (None: all), the one that begins first first."""

    def silence(self, silence: Silence) -> None:
        """Keep ``silence``; it replaces the one with the same id."""

    def expire(self, silence_id: str, at: datetime) -> bool:
        """End a silence at ``at``; one that has not begun is removed. Return whether it was there.

        One that ended before is left as it is.
        """

    def acknowledgements(self) -> tuple[Acknowledgement, ...]:
        """Return what is in hand, by incident."""

    def acknowledge(self, acknowledgement: Acknowledgement) -> None:
        """Keep it; it replaces the one about the same incident."""

    def withdraw(self, incident_id: str) -> bool:
        """Forget the acknowledgement of an incident. Return whether there was one."""

    def tokens(self) -> tuple[Token, ...]:
        """Return every token's name, scope and digest, by name."""

    def add_token(self, token: Token) -> bool:
        """Keep ``token``. Return whether its name was free; if not, nothing is changed."""

    def revoke_token(self, name: str) -> bool:
        """Forget a token. Return whether there was one."""

    def close(self) -> None:
        """Release files and connections."""


class Inbox(Protocol):
    """Where pushed rows wait for the source that takes them in."""

    def put(self, parcel: Parcel) -> bool:
        """Keep ``parcel``. Return whether its (source, key) is new; if not, nothing is changed."""

    def held(self, source: str, key: str) -> Parcel | None:
        """Return the parcel with that key, None if there is none (any more)."""

    def after(self, source: str, position: int, *, limit: int) -> tuple[Parcel, ...]:
        """Return the parcels for ``source`` behind ``position``, in order of arrival."""

    def forget(self, source: str, *, up_to: int, before: datetime) -> None:
        """Drop parcels for ``source`` up to that position that were received before that time."""

    def close(self) -> None:
        """Release files and connections."""
