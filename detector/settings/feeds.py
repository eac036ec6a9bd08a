"""``[feeds]``: when a source is missed, and who is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from detector.settings.part import Name, Part
from detector.settings.values import LongDuration


class FeedSettings(Part):
    """When a source is missed, and who is told (docs/sources.md). Never a matter of an outage."""

    dead_after: LongDuration = timedelta(minutes=10)
    """A source is dead when nothing was observed for so long, and at least for three turns."""

    patience: Mapping[Name, LongDuration] = {}
    """Another duration for single sources: `{ forum = "2h" }`."""

    silent_share: Annotated[float, Field(gt=0, lt=0.5)] = 0.2
    """A source is silent when it brings less than this share of what is usual in its week."""

    receivers: tuple[Name, ...] = ()
    """Who is told that a source is dead, silent or alive again. Nobody if empty: then the
    log and the dashboard alone show it."""
