"""``[heartbeat]`` and ``[messages]``: signs of life, and what every message can say."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field

from detector.settings.part import Part
from detector.settings.values import LongDuration

Page = Annotated[str, Field(pattern=r"^https?://[^/]")]


class HeartbeatSettings(Part):
    """A ping after each turn that was committed; who misses it raises the alarm (docs/sinks.md)."""

    url_env: str | None = None
    """Environment variable with the address to ping; it is a secret."""

    url_file: Path | None = None
    """File with that address."""

    every: LongDuration = timedelta(minutes=1)
    """Pings lie at least this far apart."""

    fail: bool = True
    """Ping `ADDRESS/fail`, with the reasons, when a source or a receiver is in trouble."""

    timeout: LongDuration = timedelta(seconds=4)
    """How long an answer may take."""


class MessageSettings(Part):
    """What every message can say."""

    runbook: Page | None = None
    """What to do in an outage: a page. A service can have its own."""
