"""The state of the pipeline: what one run leaves to the next.

Frozen values, so that going on, a restart and a replay are the same operation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.complaints.archive import Archive
from detector.detection.fusion import FusedState, SourceEvidence
from detector.detection.series_state import SeriesState
from detector.detection.trending import TrendState
from detector.detection.volume_drop import VolumeState
from detector.model.merge import IncidentMerge
from detector.model.series import SeriesKey
from detector.model.spans import Spans
from detector.notify.alerts import AlertHistory
from detector.pipeline.health_rules import Health

#: A service that is discovered gets four weeks of history; that it was not spoken of then is known
#: where somebody looked. The day more is for the hour in which it is discovered.
LOOKED_BACK = timedelta(days=29)


@dataclass(frozen=True, slots=True, eq=False)
class SourceProgress:
    """What is remembered of one source.

    Attributes
    ----------
    cursor : where its next poll continues.
    observed : when it was looked at, since `LOOKED_BACK` before the run before.
    since : when it was first looked at (seconds since 1970), where posts are counted; None before.
    counted_until : posts before this (seconds since 1970) are in final bins; None before any.
    backlog : rows that are not in final bins yet, and for posts those of the window before.
    known : digests of the latest complaints' identifiers, the oldest first, read-only: a post that
        comes twice is one post.
    partial_until : partial bins up to this (seconds since 1970) were judged; None before
        any bin was counted.
    """

    cursor: str | None = None
    observed: Spans = field(default_factory=Spans.none)
    counted_until: float | None = None
    backlog: pd.DataFrame | None = None
    known: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    partial_until: float | None = None
    since: float | None = None

    def looked(self, until: float | None) -> Spans:
        """Return when it was looked at, without what nobody asks about any more.

        Parameters
        ----------
        until : up to here what was seen was taken in (seconds since 1970); None: nothing was.
        """
        if until is None:
            return self.observed
        return self.observed.ending_after(until - LOOKED_BACK.total_seconds())


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """A series and how far it was followed.

    Attributes
    ----------
    start : left edge of its first bin, seconds since 1970.
    width : bin width.
    bins : how many bins the detector has taken in.
    state : the detector's state behind them.
    """

    start: float
    width: timedelta
    bins: int
    state: SeriesState

    @property
    def next_bin(self) -> float:
        """Left edge of the next bin, seconds since 1970."""
        return self.start + self.bins * self.width.total_seconds()


@dataclass(frozen=True, slots=True, eq=False)
class Fused:
    """The sources of one service judged together.

    Attributes
    ----------
    state : the detector's state.
    waiting : what sources said of bins that others have not told yet, by source.
    """

    state: FusedState
    waiting: Mapping[str, SourceEvidence] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LatestIncident:
    """The latest incident of a service, open or closed, and what people know of it.

    Attributes
    ----------
    merging : its surges, merged.
    told : what people know of it, None where nothing was said.
    around : the lasting incidents that it began in, the oldest first; each without its own.
    """

    merging: IncidentMerge
    told: AlertHistory | None = None
    around: tuple[LatestIncident, ...] = ()

    @property
    def known(self) -> tuple[LatestIncident, ...]:
        """Those that it began in, and itself: the oldest first, each on its own."""
        return (*self.around, replace(self, around=()))


def innermost(incidents: Sequence[LatestIncident]) -> LatestIncident:
    """Return the last of ``incidents``, those before around it; the inverse of `known`."""
    return replace(incidents[-1], around=tuple(incidents[:-1]))


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """How much one source brings, all of it.

    Attributes
    ----------
    state : its baseline and whether it fell; None before the first complete bin.
    waiting : ``service, second, count`` of bins that are not complete yet.
    """

    state: VolumeState | None
    waiting: pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class WatchedSource:
    """A source whose health is watched.

    Attributes
    ----------
    feed : the source that is asked, named as in stored states; it differs where a counts table
        names places of its own.
    health : how it is.
    volume : what it brings, None for a trending list.
    """

    feed: str
    health: Health
    volume: Volume | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PipelineState:
    """Everything a run needs from those before it."""

    progress: Mapping[str, SourceProgress] = field(default_factory=dict)
    series: Mapping[SeriesKey, Followed] = field(default_factory=dict)
    trends: Mapping[SeriesKey, TrendState] = field(default_factory=dict)
    incidents: Mapping[str, LatestIncident] = field(default_factory=dict)
    archive: Archive = field(default_factory=Archive)
    watched: Mapping[str, WatchedSource] = field(default_factory=dict)
    fused: Mapping[str, Fused] = field(default_factory=dict)
