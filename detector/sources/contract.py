"""What is wrong with a poll, and the guard that holds a plug-in's source to the contract."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import pandas as pd

from detector.errors import Garbled
from detector.model.columns import COUNTS, COUNTS_OPTIONAL, POSTS, POSTS_OPTIONAL
from detector.model.series import width_fault
from detector.model.times import iso
from detector.sources.base import Poll, Source


def faults_of(poll: Poll, *, until: datetime) -> tuple[str, ...]:
    """Return what is wrong with ``poll``, each fault a sentence; none when it keeps the contract.

    Parameters
    ----------
    poll : what a source brought.
    until : what it was asked for: rows and observed spans before this.
    """
    return tuple(_faults(poll, until))


def _faults(poll: Poll, until: datetime) -> Iterator[str]:
    cursor: object = poll.cursor  # the author may not have run a type checker
    if not isinstance(cursor, str | None):
        yield f"the cursor must be text or None, not {type(cursor).__name__}"
    if poll.posts is not None and poll.counts is not None:
        yield "a poll brings posts or counts, not both"
    if poll.posts is not None:
        yield from _rows(poll.posts, "posts", POSTS, POSTS_OPTIONAL, until)
    if poll.counts is not None:
        yield from _rows(poll.counts, "counts", COUNTS, COUNTS_OPTIONAL, until)
        yield from _counted(poll)
    yield from _observed(poll, until)


def _rows(
    frame: pd.DataFrame,
    table: str,
    needed: tuple[str, ...],
    optional: tuple[str, ...],
    until: datetime,
) -> Iterator[str]:
    if missing := [name for name in needed if name not in frame]:
        yield f"the {table} lack the column {missing[0]!r}"
        return
    if unknown := [str(name) for name in frame if name not in needed + optional]:
        known = ", ".join(needed + optional)
        yield f"the {table} have a column {unknown[0]!r}; a table has {known}"
    times = frame["time"]
    if not isinstance(times.dtype, pd.DatetimeTZDtype) or str(times.dt.tz) != "UTC":
        yield f"the times of the {table} must be aware UTC, not {times.dtype}"
    elif times.isna().any():
        yield f"a row of the {table} has no time"
    elif len(times) and times.max() >= until:
        yield f"a row of {iso(times.max())} is not before {iso(until)}, which was asked for"
    text = frame[needed[1]]
    if text.isna().any() or not text.map(lambda value: isinstance(value, str)).all():
        yield f"the column {needed[1]!r} of the {table} must be text in every row"


def _counted(poll: Poll) -> Iterator[str]:
    if poll.counts is None or "count" not in poll.counts:
        return
    if poll.width is None or not poll.width.total_seconds() > 0:
        yield "counts need the width of their bins"
    elif fault := width_fault(poll.width, judged="floor" not in poll.counts):
        yield fault
    if (pd.to_numeric(poll.counts["count"], errors="coerce") < 0).any():
        yield "a count is negative"
    if not pd.api.types.is_numeric_dtype(poll.counts["count"]):
        yield "counts must be numbers, nan where nothing was observed"


def _observed(poll: Poll, until: datetime) -> Iterator[str]:
    spans = poll.observed
    if any(edge.tzinfo is None for span in spans for edge in span):
        yield "the observed spans must be aware UTC"
        return
    if any(start >= end for start, end in spans):
        yield "an observed span ends before it begins"
    if any(before[1] > after[0] for before, after in pairwise(spans)):
        yield "the observed spans must be in order and apart"
    if spans and spans[-1][1] > until:
        yield f"it says that it observed until {iso(spans[-1][1])}, which is after {iso(until)}"


@dataclass(frozen=True, slots=True)
class GuardedSource:
    """``inner``, whose polls are checked before anything is counted.

    Attributes
    ----------
    name : the source's name in the configuration; ``inner`` bears it too.
    inner : asked for everything.
    """

    name: str
    inner: Source

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        """Return what ``inner`` brings. Raises `Garbled` when that has another shape."""
        poll = self.inner.poll(cursor, until=until)
        if not isinstance(poll, Poll):
            raise Garbled(f"{self.name}: poll returned {type(poll).__name__}, not Poll")
        if faults := faults_of(poll, until=until):
            raise Garbled(f"{self.name}: {'; '.join(faults)}")
        return poll
