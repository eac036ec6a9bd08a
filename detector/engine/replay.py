"""The cycle over history: the same pass with a clock that the data moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

from detector.detection.matching import Coverage
from detector.domain.alert import Alert
from detector.domain.decision import Decision
from detector.domain.feed import FeedAlert
from detector.domain.incident import Incident
from detector.domain.series import SeriesKey
from detector.domain.times import from_seconds
from detector.engine.cycle import Outcome, cycle
from detector.engine.memory import Memory
from detector.engine.plan import END_OF_TIME, Plan
from detector.ports import Source

__all__ = ["END_OF_TIME", "History", "passes", "replay", "take_in"]


@dataclass(slots=True)
class History:
    """What a replay said.

    Attributes
    ----------
    incidents : as they stood at its end, by id.
    alerts, decisions : every one, in order.
    feed_alerts : what was said about sources, in order.
    coverage : what was observed of every series: counts, and looks at trending lists.
    bins : how many bins and looks the detector took in.
    """

    incidents: dict[str, Incident] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    feed_alerts: list[FeedAlert] = field(default_factory=list)
    coverage: dict[SeriesKey, Coverage] = field(default_factory=dict)
    bins: int = 0


def passes(source: Source, plan: Plan) -> Iterator[Outcome]:
    """Yield the outcome of one cycle per piece that ``source`` brings, until it is exhausted."""
    memory, cursor, exhausted = Memory(), None, False
    while not exhausted:
        pull = source.pull(cursor, until=END_OF_TIME)
        outcome = cycle(memory, {source.name: pull}, plan, now=END_OF_TIME)
        memory, cursor, exhausted = outcome.memory, pull.cursor, pull.exhausted
        yield outcome


def replay(
    source: Source, plan: Plan, *, progress: Callable[[int], None] = lambda _: None
) -> History:
    """Return what the live cycle would have said over the history that ``source`` holds.

    ``progress`` is called with the number of bins done after every pass.
    """
    history = History()
    for outcome in passes(source, plan):
        take_in(history, outcome)
        progress(history.bins)
    return history


def take_in(history: History, outcome: Outcome) -> None:
    """Add what one cycle said to ``history``."""
    for incident in outcome.incidents:
        history.incidents[incident.id] = incident
    history.alerts += outcome.alerts
    history.decisions += outcome.decisions
    history.feed_alerts += outcome.feed_alerts
    for advance in outcome.advances:
        piece = advance.piece
        end = piece.start + len(piece.counts) * piece.width.total_seconds()
        seen = int(np.isfinite(piece.counts).sum())
        _cover(history, piece.key, piece.start, end, seen, piece.width)
        history.bins += len(piece.counts)
    for look in outcome.looks:
        if len(look.looked):
            start, end = float(look.looked.starts[0]), float(look.looked.ends[-1])
            seen = round(
                float((look.looked.ends - look.looked.starts).sum()) / look.width.total_seconds()
            )
            _cover(history, look.key, start, end, seen, look.width)
            history.bins += seen


def _cover(
    history: History, key: SeriesKey, start: float, end: float, bins: int, width: timedelta
) -> None:
    """Add ``bins`` observed between ``start`` and ``end`` (seconds since 1970) to the coverage."""
    known = history.coverage.get(key)
    history.coverage[key] = Coverage(
        service=key.service,
        start=known.start if known else from_seconds(start),
        end=from_seconds(end),
        bins=bins + (known.bins if known else 0),
        width=width,
    )
