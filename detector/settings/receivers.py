"""``[[receivers]]``: who is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from detector.domain.incident import Severity
from detector.settings.part import Name, Part
from detector.settings.values import LongDuration, Zone


class _Receiver(Part):
    name: Name
    """The receiver's name; the outbox and the log show it."""

    min_severity: Literal["minor", "major", "critical"] = "minor"
    """It is told from this severity on."""

    @property
    def least(self) -> Severity:
        """The severity from which on this receiver is told."""
        return Severity[self.min_severity.upper()]


class ConsoleSettings(_Receiver):
    """Alerts as text on the terminal."""

    type: Literal["console"]
    time_zone: Zone = "UTC"
    """Times are shown in it."""


class JsonLinesSettings(_Receiver):
    """Alerts as one JSON object per line, appended to a file."""

    type: Literal["jsonlines"]
    path: Path
    """The file; its folder is made."""


class WebhookSettings(_Receiver):
    """Alerts as JSON by HTTP POST. Secrets are named here, never written here."""

    type: Literal["webhook"]
    url: Annotated[str, Field(pattern=r"^https?://[^/]")]
    """Where to; http or https."""

    timeout: LongDuration = timedelta(seconds=4)
    """How long an answer may take."""

    token_env: str | None = None
    """Environment variable with a bearer token."""

    token_file: Path | None = None
    """File with a bearer token."""

    signing_key_env: str | None = None
    """Environment variable with the key that messages are signed with."""

    signing_key_file: Path | None = None
    """File with that key."""


ReceiverSettings = Annotated[
    ConsoleSettings | JsonLinesSettings | WebhookSettings, Field(discriminator="type")
]
