"""A table in memory as a source that is complete: counts, posts or a trending list."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pandas as pd

from detector.domain.bins import most_common_step, other_step, two_widths, width_fault
from detector.domain.spans import Spans
from detector.domain.tables import TableKind, kind_of, our_columns
from detector.errors import InputError
from detector.ports import Pull
from detector.sources import rows
from detector.sources.records import Records


@dataclass(frozen=True, slots=True, eq=False)
class FrameSource:
    """All rows of one table at once.

    Parameters
    ----------
    name : the source's name; it becomes the ``source`` of the counts.
    frame : a counts, posts or trending table, columns as ``docs/interface.md`` names them.
    width : bin width of counts; None infers it.
    gaps : spans in which nobody looked.
    """

    name: str
    frame: pd.DataFrame
    width: timedelta | None = None
    gaps: Spans = field(default_factory=Spans.none)

    def pull(self, cursor: str | None, *, until: datetime) -> Pull:  # noqa: ARG002  (the port's)
        """Return every row, however often it is asked. Raises `InputError` by row, from 1."""
        columns = [str(name) for name in self.frame.columns]
        ours = our_columns(columns, {})
        kind = kind_of(ours, columns)
        frame = self.frame.set_axis(columns, axis=1).reset_index(drop=True)
        records = Records(frame, end=0, at_end=True, line_of=lambda row: row + 1)
        if frame.empty:
            return Pull(None, exhausted=True)
        if kind is TableKind.POSTS:
            return self._posts(rows.posts(records, ours))
        return self._counts(rows.counts(records, ours, kind), kind)

    def _posts(self, posts: pd.DataFrame) -> Pull:
        first, last = (posts["time"].iloc[i].to_pydatetime() for i in (0, -1))
        observed = Spans.of([(first, last)]).without(self.gaps).pairs()
        return Pull(None, posts=posts, observed=observed, exhausted=True)

    def _counts(self, counts: pd.DataFrame, kind: TableKind) -> Pull:
        width = most_common_step(counts) if self.width is None else self.width
        if width is None:
            raise InputError("the bin width cannot be told from one row per service; give it")
        if fault := width_fault(width, judged=kind is TableKind.COUNTS):
            raise InputError(fault)
        self._check_steps(counts, kind, width)
        step = width.total_seconds()
        if kind is TableKind.COUNTS:
            kept = rows.observed_counts(counts, self.gaps, step)
            return Pull(None, counts=kept, width=width, exhausted=True)
        first, last = (t.to_pydatetime() for t in (counts["time"].min(), counts["time"].max()))
        kept, gaps = rows.observed_looks(counts, self.gaps, step)
        observed = Spans.of([(first, last + width)]).without(gaps).pairs()
        return Pull(None, counts=kept, width=width, observed=observed, exhausted=True)

    def _check_steps(self, counts: pd.DataFrame, kind: TableKind, width: timedelta) -> None:
        if self.width is None and kind is TableKind.COUNTS:
            other = other_step(counts, width)
            if other is not None:
                raise InputError(two_widths(other[1], width), line=other[0] + 1)
