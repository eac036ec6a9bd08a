"""Feed health: whether a source can be believed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class SourceState(Enum):
    """How a source is.

    ``SILENT`` answers, but implausibly little against its own baseline; ``DEAD`` answers nothing,
    errors, or always the same old things.
    """

    ALIVE = "alive"
    SILENT = "silent"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """One source as it stands.

    Attributes
    ----------
    source : its name.
    state : how it is.
    since : since when it is in this state: a dead one since its last observation, not since that
        was noticed.
    reason : why, as a sentence for people.
    looked_at : when it was last asked, None if never.
    observed_until : up to when it was observed (exclusive), None if never.
    """

    source: str
    state: SourceState
    since: datetime
    reason: str
    looked_at: datetime | None = None
    observed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SourceAlert:
    """A message about a source, for those who keep the feeds; never about an outage.

    Attributes
    ----------
    at : when it was decided.
    feed : the source as known at ``at``.
    sequence : 1 for the first message about this source, then 2, 3, ...
    """

    at: datetime
    feed: SourceHealth
    sequence: int

    @property
    def about(self) -> str:
        """What the message is about; messages about the same thing are delivered in order."""
        return f"feed/{self.feed.source}"

    @property
    def label(self) -> str:
        """What kind of message it is, in words."""
        return f"feed {self.feed.state.value}"

    @property
    def key(self) -> str:
        """The deduplication key: the same message has the same key whatever crashed in between."""
        return f"{self.about}/{self.sequence}-{self.feed.state.value}"
