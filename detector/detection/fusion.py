"""Several sources judged together: contributions in, changes of common surges out.

`update` is a pure function of a frozen state and what the sources' own detectors made of the next
bins (`live.Step`); its result does not depend on how the bins are chunked. Single sources are
judged by `live` as ever. Here a surge opens when the sum of what they say passes the threshold of
this sum, which is calibrated from its own past like that of any series, and at least two sources
see it. So two weak rises raise an alarm that neither would alone, a burst in one source does not,
and a source that was not observed neither helps nor hinders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import isnan

import numpy as np

from detector.detection.calibration import base_threshold
from detector.detection.kernels import fusion_kernel, surge_course
from detector.detection.kernels.bin_run import Sought, rises
from detector.detection.kernels.fusion_kernel import ROWS, WEIGHED, Contributions
from detector.detection.kernels.series_record import RING, ChangeLog, Records, room_for
from detector.detection.live import STALE_AFTER, Step, changes_in
from detector.detection.options import DetectionOptions
from detector.detection.packing import pack, unpack
from detector.detection.series_state import begin as begin_series
from detector.detection.series_state import copied
from detector.model.series import Floats
from detector.model.surge import Agreement, Change
from detector.model.times import from_seconds, to_seconds

#: Layout of a dumped state; another layout cannot be continued.
FORMAT = 3
#: Changes gathered per kernel call.
_ROOM = 64


@dataclass(frozen=True, slots=True, eq=False)
class SourceEvidence:
    """What one source said of consecutive bins.

    Attributes
    ----------
    start : left edge of the first bin, seconds since 1970.
    width : of its bins, seconds.
    rows : shape (`ROWS`, n): counts, expected, weighed, dispersion, variance.
    ends : right edges of the bins in which its own surges were over, seconds since 1970.
    """

    start: float
    width: float
    rows: Floats
    ends: tuple[float, ...] = ()

    @classmethod
    def of(cls, start: float, width: float, counts: Floats, step: Step) -> SourceEvidence:
        """Return what ``step`` made of ``counts``."""
        rows = np.stack([counts, step.expected, step.weighed, step.dispersion, step.variance])
        ends = tuple(c.at.timestamp() for c in step.changes if c.surge.resolved_at is not None)
        return cls(start, width, rows, ends)

    @property
    def end(self) -> float:
        """Right edge of the last bin, seconds since 1970."""
        bins: int = self.rows.shape[1]
        return self.start + bins * self.width

    def plus(self, later: SourceEvidence) -> SourceEvidence:
        """Return both; what lies between them was not observed."""
        gap = round((later.start - self.end) / self.width)
        nothing = np.full((ROWS, max(gap, 0)), np.nan)
        rows = np.concatenate([self.rows, nothing, later.rows], axis=1)
        return replace(self, rows=rows, ends=self.ends + later.ends)

    def behind(self, until: float) -> SourceEvidence:
        """Return the bins whose right edge lies behind ``until``."""
        done = int(np.clip(np.floor((until - self.start) / self.width + 1e-6), 0, None))
        done = min(done, self.rows.shape[1])
        ends = tuple(end for end in self.ends if end > until)
        return SourceEvidence(self.start + done * self.width, self.width, self.rows[:, done:], ends)


@dataclass(frozen=True, slots=True, eq=False)
class FusedState:
    """Everything that the next bin needs.

    Attributes
    ----------
    options : how to detect.
    start : left edge of bin 0, aware UTC.
    width : length of a bin: that of the finest source.
    records : shape (1,), dtype `RECORD`, read-only; ``old_events`` and ``old_weight`` hold
        the sums.
    sources : names, in the order of ``recent``.
    recent : shape (n_sources, `ROWS`, RING), what they said lately, read-only.
    """

    options: DetectionOptions
    start: datetime
    width: timedelta
    records: Records = field(repr=False)
    sources: tuple[str, ...]
    recent: Floats = field(repr=False)

    @property
    def end(self) -> float:
        """Left edge of the next bin, seconds since 1970."""
        return self.start.timestamp() + int(self.records["bins"][0]) * self.width.total_seconds()


def begin(options: DetectionOptions, *, start: datetime, width: timedelta) -> FusedState:
    """Return the state before the first bin; raises as `live.begin`."""
    records = begin_series(options, start=start, width=width).records
    return FusedState(options, start, width, records, (), np.full((0, ROWS, RING), np.nan))


def dump(state: FusedState) -> bytes:
    """Return the state as bytes that `load` reads back exactly."""
    return pack(FORMAT, state)


def load(data: bytes) -> FusedState:
    """Return the state that `dump` wrote. Raises ``ValueError`` if ``data`` is none."""
    try:
        return unpack(data, FORMAT, FusedState)
    except ValueError as error:
        raise ValueError(f"not a fused state: {error}") from error


@dataclass(frozen=True, slots=True, eq=False)
class FusedStep:
    """What `update` found out.

    Attributes
    ----------
    state : the state after the last bin.
    changes : what happened to common surges, in time order.
    evidence : shape (n,), nats after each bin.
    sources : names, in the order of ``said``.
    said : shape (n_sources, `ROWS`, RING + n), what the sources said, the `RING` bins before first.
    begun : left edge of the first bin taken, column `RING` of ``said``; seconds since 1970.
    """

    state: FusedState
    changes: tuple[Change, ...]
    evidence: Floats
    sources: tuple[str, ...]
    said: Floats
    begun: float


def update(state: FusedState, said: Mapping[str, SourceEvidence], until: float) -> FusedStep:
    """Take the bins up to ``until``.

    Parameters
    ----------
    state : as left by the bins before; it is not changed.
    said : by source, what it said of bins behind ``state.end``; of what lies before or behind
        ``until`` nothing is taken. Wide bins count at their right edge.
    until : seconds since 1970.
    """
    state, given_up = _after_long(state, said)
    step = state.width.total_seconds()
    n = max(int(np.floor((until - state.end) / step + 1e-6)), 0)
    sources = tuple(sorted({*state.sources, *said}))
    rows = np.full((len(sources), ROWS, RING + n), np.nan)
    for name, kept in zip(state.sources, state.recent, strict=True):
        rows[sources.index(name), :, :RING] = kept
    closed = np.zeros(RING + n)
    widths = np.ones(len(sources), dtype=np.int64)
    for s, name in enumerate(sources):
        if name in said:
            widths[s] = max(round(said[name].width / step), 1)
            _place(rows[s], closed, said[name], state.end, step, n)
    records = copied(state.records)
    changes, evidence = _run(state, records, Contributions(rows, widths, closed))
    agreed = tuple(_with_agreement(change, sources, rows, state.end, step) for change in changes)
    speaking = [s for s, name in enumerate(sources) if name in said or _spoke(rows[s, :, -RING:])]
    recent = rows[speaking, :, -RING:]
    records.flags.writeable = recent.flags.writeable = False
    known = tuple(sources[s] for s in speaking)
    after = FusedState(state.options, state.start, state.width, records, known, recent)
    return FusedStep(after, given_up + agreed, evidence[RING:], sources, rows, state.end)


def _spoke(rows: Floats) -> bool:
    return bool(np.isfinite(rows[WEIGHED]).any())


def _after_long(
    state: FusedState, said: Mapping[str, SourceEvidence]
) -> tuple[FusedState, tuple[Change, ...]]:
    """Begin anew where nobody said anything for so long that a series begins cold.

    A surge that was open then is over where it was last observed.
    """
    first = min((source.start for source in said.values()), default=state.end)
    if first - state.end <= STALE_AFTER.total_seconds():
        return state, ()
    changes: tuple[Change, ...] = ()
    records = copied(state.records)
    if records["open"][0]:
        log, bins = ChangeLog(room_for(1), np.zeros(1, np.int64)), int(records["bins"][0])
        counts = records["count"][0]
        seen = [b for b in range(max(bins - RING, 0), bins) if np.isfinite(counts[b % RING])]
        surge_course.close(records[0], seen[-1] + 1 if seen else bins, log)
        changes = tuple(changes_in(log.rows, state.start, state.width))
    return begin(state.options, start=from_seconds(first), width=state.width), changes


def _place(
    rows: Floats, closed: Floats, said: SourceEvidence, end: float, step: float, n: int
) -> None:
    """Write what a source said into the bins that its own bins end in."""
    edges = said.start + said.width * np.arange(1, said.rows.shape[1] + 1)
    index = np.ceil((edges - end) / step - 1e-6).astype(np.int64) - 1
    new = (index >= 0) & (index < n)
    rows[:, RING + index[new]] = said.rows[:, new]
    for edge in said.ends:
        at = int(np.ceil((edge - end) / step - 1e-6))  # the bin behind the one that ended it
        if 0 <= at < n:
            closed[RING + at] = 1.0


def _run(state: FusedState, records: Records, said: Contributions) -> tuple[list[Change], Floats]:
    """Take the bins behind the first `RING`, as often as there is room for changes."""
    width = int(state.width.total_seconds())
    base = base_threshold(state.options.max_false_pages_per_week)
    wanted, log = Sought(base, rises(width)), ChangeLog(room_for(_ROOM), np.zeros(1, np.int64))
    first = to_seconds(state.start)
    n = said.rows.shape[2]
    evidence = np.zeros(n)
    changes: list[Change] = []
    before = RING
    while before < n:
        before += fusion_kernel.run(records, said, before, first, width, wanted, log, evidence)
        changes += changes_in(log.rows[: log.length[0]], state.start, state.width)
    return changes, evidence


def _with_agreement(
    change: Change, sources: Sequence[str], rows: Floats, end: float, step: float
) -> Change:
    found = agreement(sources, rows, end, step, since=change.surge.onset.at, at=change.at)
    return replace(change, surge=replace(change.surge, agreement=found))


def agreement(
    sources: Sequence[str],
    rows: Floats,
    end: float,
    step: float,
    *,
    since: datetime,
    at: datetime,
) -> tuple[Agreement, ...]:
    """Return what each source says of a surge since ``since``, as far as known at ``at``.

    One that was not observed for the last `RING` bins is not asked any more.

    Parameters
    ----------
    sources, rows : as `FusedStep.said`: the column `RING` is the bin that begins at ``end``.
    step : width of the bins, seconds.
    """
    first = RING + round((since.timestamp() - end) / step)
    last = RING + round((at.timestamp() - end) / step) - 1
    first, last = max(first, 0), min(last, rows.shape[2] - 1)
    found = []
    for name, said in zip(sources, rows, strict=True):
        if not _spoke(said[:, max(last - RING + 1, 0) : last + 1]):
            continue
        nats = float(fusion_kernel.own_evidence(said, first, last))
        found.append(Agreement(name, None if isnan(nats) else nats))
    return tuple(found)
