"""History looked at afterwards: what the live path would have said, with both ends refined."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from detector.detection.retrospective import Hindsight, analyze_series
from detector.domain.details import Details
from detector.domain.incident import Incident
from detector.domain.merge import Merging
from detector.domain.series import CountSeries, Floats, SeriesKey
from detector.domain.severity import severity_of
from detector.domain.surge import Surge
from detector.domain.times import from_seconds
from detector.engine.complaints import Archive
from detector.engine.describe import describe
from detector.engine.pieces import CountPiece
from detector.engine.plan import Plan
from detector.engine.replay import END_OF_TIME, History, passes, take_in
from detector.ports import Source


@dataclass(frozen=True, slots=True)
class Reviewed:
    """An incident as it is known afterwards.

    Attributes
    ----------
    incident : with the refined start, end and size; its ``noticed_at`` is the live path's.
    was_noticed : whether the live path would have noticed it; if not, ``noticed_at`` of the
        incident is only its start.
    details : what the complaints say, None where only counts are known.
    """

    incident: Incident
    was_noticed: bool
    details: Details | None


class _Seen(NamedTuple):
    """A surge where it was seen: at which source, in bins of which width."""

    source: str
    width: timedelta
    found: Hindsight
    surge: Surge


@dataclass(slots=True)
class _Gathered:
    history: History = field(default_factory=History)
    pieces: dict[SeriesKey, list[CountPiece]] = field(default_factory=dict)
    archive: Archive = field(default_factory=Archive)


def review(
    source: Source, plan: Plan, *, progress: Callable[[int], None] = lambda _: None
) -> tuple[tuple[Reviewed, ...], History]:
    """Return every incident of the history that ``source`` holds, and what was observed.

    Surges of one service that overlap in time, at whatever place, or follow each other within
    `Plan.regroup`, are one incident, as in the live path. Trending lists give nothing to refine:
    their incidents stand as the live path told them.
    """
    gathered = _gather(source, plan, progress)
    surges: dict[str, list[_Seen]] = {}
    for key, pieces in gathered.pieces.items():
        series = _series(key, pieces)
        for seen in analyze_series(series, plan.options_for(key.service)):
            seen_there = _Seen(key.source, pieces[0].width, seen, _surge(seen))
            surges.setdefault(key.service, []).append(seen_there)
    reviewed = [
        _reviewed(service, group, gathered.archive, plan)
        for service, found in surges.items()
        for group in _grouped(found, plan.regroup)
    ]
    counted = {key.source for key in gathered.pieces}
    listed = (i for i in gathered.history.incidents.values() if not counted.intersection(i.sources))
    reviewed += [Reviewed(i, was_noticed=True, details=None) for i in listed]
    by_start = sorted(reviewed, key=lambda r: (r.incident.onset.at, r.incident.id))
    return tuple(by_start), gathered.history


def _gather(source: Source, plan: Plan, progress: Callable[[int], None]) -> _Gathered:
    gathered = _Gathered()
    for outcome in passes(source, plan):
        take_in(gathered.history, outcome)
        gathered.archive = outcome.memory.archive
        for advance in outcome.advances:
            gathered.pieces.setdefault(advance.piece.key, []).append(advance.piece)
        progress(gathered.history.bins)
    return gathered


def _series(key: SeriesKey, pieces: Sequence[CountPiece]) -> CountSeries:
    counts: Floats = np.concatenate([piece.counts for piece in pieces])
    return CountSeries(key, from_seconds(pieces[0].start), pieces[0].width, counts)


def _surge(seen: Hindsight) -> Surge:
    """Return ``seen`` as a surge; one that was never noticed counts as noticed at its start."""
    return Surge(
        onset=seen.onset,
        noticed_at=seen.noticed_at or seen.onset.at,
        evidence=seen.evidence,
        peak_at=seen.peak_at,
        peak_count=seen.peak_count,
        expected_at_peak=seen.expected_at_peak,
        excess=seen.excess,
        ended_at=seen.ended_at,
        resolved_at=seen.resolved_at,
    )


def _grouped(found: Sequence[_Seen], regroup: timedelta) -> Iterator[list[_Seen]]:
    """Yield the surges in groups that overlap or begin within ``regroup`` of the end before."""
    group: list[_Seen] = []
    end: datetime | None = None
    for seen in sorted(found, key=lambda s: s.surge.onset.at):
        ended = seen.surge.ended_at
        if group and end is not None and seen.surge.onset.at - end > regroup:
            yield group
            group = []
        if not group:
            end = ended
        elif end is not None:
            end = None if ended is None else max(end, ended)
        group.append(seen)
    if group:
        yield group


def _reviewed(service: str, group: Sequence[_Seen], archive: Archive, plan: Plan) -> Reviewed:
    """Return ``group`` as one incident, told by the surge that the live path noticed first."""
    merging = Merging(service)
    in_order = sorted(group, key=lambda s: (s.found.noticed_at is None, s.surge.noticed_at))
    for seen in in_order:
        severity = severity_of(seen.surge, width=seen.width, trending=False, rules=plan.severity)
        merging = merging.with_surge(seen.source, seen.surge, severity)
    incident = merging.incident()
    noticed = in_order[0].found.noticed_at is not None
    until = incident.ended_at or END_OF_TIME
    details = describe(incident, archive, at=until, configured=plan.services)
    return Reviewed(incident, noticed, details)
