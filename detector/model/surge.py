"""Surges: what the detector says about one series, as it says it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


@dataclass(frozen=True, slots=True)
class Onset:
    """When a surge began: an estimate and its 90 % interval (closed).

    Left edges of bins, or seconds where the posts' own times told more.
    """

    at: datetime
    earliest: datetime
    latest: datetime

    def __post_init__(self) -> None:
        if not self.earliest <= self.at <= self.latest:
            raise ValueError(f"onset {self.at} lies outside [{self.earliest}, {self.latest}]")


@dataclass(frozen=True, slots=True)
class Agreement:
    """What one source says about a surge.

    Attributes
    ----------
    source : which.
    evidence : its own log-likelihood ratio since the onset, nats; 0 where it saw no more than
        usual, None where it was not observed.
    """

    source: str
    evidence: float | None


@dataclass(frozen=True, slots=True)
class Surge:
    """A sustained excess of complaints in one series, as known at one time.

    Attributes
    ----------
    onset : estimated start (two-clock law: when it *began*).
    noticed_at : right edge of the bin that raised the alarm, or a mark within it (when it was
        *noticed*); never revised.
    evidence : log-likelihood ratio at the alarm, nats.
    peak_at : left edge of the bin with the highest count since the onset.
    peak_count, expected_at_peak : observed and expected posts in that bin.
    excess : posts above expectation since the onset, >= 0.
    ended_at : estimated end (exclusive, a bin edge), None while it goes on.
    resolved_at : right edge of the bin at which the end was noticed, None while it goes on.
    agreement : what every source that counts complaints about the service says, by source; empty
        where only one does.
    lasting_since : since when its volume is what is to be expected until it ends, a bin edge; None
        while it is not.
    """

    onset: Onset
    noticed_at: datetime
    evidence: float
    peak_at: datetime
    peak_count: float
    expected_at_peak: float
    excess: float
    ended_at: datetime | None = None
    resolved_at: datetime | None = None
    agreement: tuple[Agreement, ...] = ()
    lasting_since: datetime | None = None


class ChangeKind(Enum):
    """What happened to a surge."""

    OPENED = "opened"
    REVISED = "revised"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing the detector said at ``at``.

    That is the right edge of the bin that made it say so, or the mark at which a surge was noticed.
    """

    kind: ChangeKind
    at: datetime
    surge: Surge
