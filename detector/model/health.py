"""Source health: whether a source is being observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any


class SourceState(Enum):
    """How a source is.

    ``DEGRADED`` answers, but implausibly little against its own baseline; ``DOWN`` answers nothing,
    errors, or always the same old things.
    """

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"


class SourceReason(StrEnum):
    """Why a source is in its state: a code, which the catalogue words."""

    UNKNOWN = "unknown"
    OBSERVED = "observed"
    RECOVERED = "recovered"
    NEVER_OBSERVED = "never_observed"
    LAST_OBSERVED = "last_observed"
    LOW_VOLUME = "low_volume"

    #: Of an earlier version, which stored a sentence that none of the codes fits.
    RECORDED = "recorded"


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """One source as it stands.

    Attributes
    ----------
    source : its name.
    state : how it is.
    since : since when it is in this state: one that is down since its last observation, not since
        that was noticed.
    reason : why, as a code.
    params : what its words are filled in with: ``until`` (ISO 8601), ``error``, ``count`` and
        ``expected``, ``text`` of a recorded one.
    polled_at : when it was last asked, None if never.
    observed_until : up to when it was observed (exclusive), None if never.
    """

    source: str
    state: SourceState
    since: datetime
    reason: SourceReason
    params: Mapping[str, Any] = field(default_factory=dict)
    polled_at: datetime | None = None
    observed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SourceAlert:
    """A message about a source, for those who keep the sources; never about an outage.

    Attributes
    ----------
    at : when it was decided.
    health : the source as known at ``at``.
    sequence : 1 for the first message about this source, then 2, 3, ...
    """

    at: datetime
    health: SourceHealth
    sequence: int

    @property
    def about(self) -> str:
        """What the message is about; messages about the same thing are delivered in order."""
        return f"feed/{self.health.source}"

    @property
    def place(self) -> tuple[int, int]:
        """The place among the messages about the source."""
        return (self.sequence, 0)

    @property
    def label(self) -> str:
        """What kind of message it is, in words."""
        return f"feed {self.health.state.value}"

    @property
    def key(self) -> str:
        """The deduplication key: the same message has the same key whatever crashed in between."""
        return f"{self.about}/{self.sequence}-{self.health.state.value}"
