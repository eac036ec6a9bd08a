"""``[[sources]]`` that others hand their rows to."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from detector.settings.part import Name, Part
from detector.settings.values import JudgedWidth


class PushSettings(Part):
    """Posts or counts that somebody hands in over HTTP (docs/api.md)."""

    type: Literal["push"]
    name: Name
    """The source's name; alerts and counts show it, and a push names it."""

    rows: Literal["posts", "counts"]
    """What is handed in: posts to `/v1/posts`, or counts to `/v1/counts`."""

    width: JudgedWidth = timedelta(minutes=1)
    """Bin width of counts, 10 s to 2 h."""

    awaited: bool = True
    """Whether something is always to come, so that its absence is reported as a dead feed."""
