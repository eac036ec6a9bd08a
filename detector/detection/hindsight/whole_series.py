"""A whole series looked back at: incidents, changes of level, unusual days.

The baseline is fitted from both sides of every moment; what stands out against it is parted into
regimes, weighed against everything ordinary that would explain it, and masked; then the baseline is
fitted again, until what is masked stands still. How sure an incident must be follows from how many
false ones a year the user can bear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from math import log
from typing import NamedTuple

import numpy as np

from detector.detection.baseline.calendar import FACTOR, SPREAD, events_in
from detector.detection.hindsight.baseline_passes import (
    DOWN,
    Baseline,
    first_fit,
    fit_again,
    runs_of_nothing,
)
from detector.detection.hindsight.both_edges import Edge, end_of, start_of
from detector.detection.hindsight.candidates import Candidate, Cells, candidates
from detector.detection.hindsight.confidence import SKIP_A_YEAR, SKIP_TOGETHER, Tail, q_values
from detector.detection.hindsight.findings import Findings, HindsightSurge, LevelChange, Regime
from detector.detection.hindsight.grid import Grid, gathered, lay_on_grid
from detector.detection.hindsight.noise import YOUNG, Noise, dispersion_of_neighbours, wandering
from detector.detection.hindsight.ordinary import RunningSums, WeighedCandidate, judged
from detector.detection.hindsight.segmentation import EXCESS_Z, PeltOfCounts, Segmenter
from detector.detection.hindsight.two_sided import Flags
from detector.detection.hindsight.unusual import days_of, passing, unusual_days
from detector.detection.options import DetectionOptions
from detector.model.series import CountSeries, Floats
from detector.model.surge import Onset

#: Passes at most.
PASSES = 4
#: Standard deviations that something needs in the first pass, and to be masked.
FIRST_Z, MASK_Z = 4.5, 3.5
#: Share of the stretches that stray most, left out where the noise is learnt: first and later.
FIRST_TRIM, TRIM = 0.15, 0.02
#: Minutes masked on either side of what was found; before it, in lengths of it, for a rise's foot.
GUARD, FOOT = 20.0, 0.6
#: Incidents that are no farther apart are one, minutes.
JOIN = 60.0
#: Share of unlike days from which on they are what days are like.
ODD_DAYS = 0.3
#: Seconds of a year.
YEAR = 365.25 * 86400
#: Minutes before what stands out, and behind it, in which the edges are looked for.
BEFORE, AFTER = 90.0, 120.0
#: Longest rise, minutes, and in lengths of what stands out.
LONGEST, LENGTHS = 420.0, 2.0
#: A regime under so much of the highest before it no longer speaks about the start.
FALLEN = 0.5
#: "Not sure" are those of which so many a year would be seen by chance.
UNSURE_PER_YEAR = 12.0


@dataclass(frozen=True, slots=True)
class HindsightOptions:
    """How sure looking back must be, and how it parts regimes.

    Attributes
    ----------
    false_incidents_per_year : bearable false incidents per service and year; one in five years.
    segmenter : parts windows into regimes.
    """

    false_incidents_per_year: float = 0.2
    segmenter: Segmenter = field(default_factory=PeltOfCounts)

    def __post_init__(self) -> None:
        if not 0 < self.false_incidents_per_year <= 365:
            raise ValueError(
                f"false_incidents_per_year must be in (0, 365], not {self.false_incidents_per_year}"
            )


class _Pass(NamedTuple):
    """What one pass knows."""

    base: Baseline
    counts: Floats
    noise: Noise
    cells: Cells
    found: list[WeighedCandidate]
    tail: Tail


def find_in(
    series: CountSeries,
    options: HindsightOptions | None = None,
    detection: DetectionOptions | None = None,
) -> Findings:
    """Return what looking back finds in ``series``, of any length.

    Parameters
    ----------
    series : counts in bins; nan where not observed.
    options : how sure to be; the defaults of `HindsightOptions`.
    detection : time zone and known events.
    """
    options, detection = options or HindsightOptions(), detection or DetectionOptions()
    if not np.isfinite(series.counts).any():
        nothing = np.full(len(series.counts), np.nan)
        return Findings((), (), (), (), (), nothing)
    grid = lay_on_grid(series, detection.time_zone)
    last, down = _passes(grid, options, detection)
    return _told(series, grid, last, down, options)


def find_against(
    series: CountSeries,
    expected: Floats,
    options: HindsightOptions,
    detection: DetectionOptions,
) -> Findings:
    """Return what stands out in ``series`` against ``expected``, shape (n_bins,), nan unknown."""
    counts = np.where(np.isfinite(expected), series.counts, np.nan)
    series = CountSeries(series.key, series.start, series.width, counts)
    if not np.isfinite(counts).any():
        return Findings((), (), (), (), (), expected)
    grid = lay_on_grid(series, detection.time_zone)
    usual = np.nan_to_num(gathered(np.nan_to_num(expected), grid.own) if grid.own > 1 else expected)
    ones, n = np.ones(len(usual)), len(usual)
    base = Baseline(usual, usual, ones, ones, np.zeros(grid.cells), ())
    events = (np.ones(n), np.zeros(n))
    down = masked = np.zeros(n, dtype=bool)
    for first in (True, False):
        seen = _look(grid, grid.counts, base, events, masked, options, first=first)
        masked = _mask(grid, seen, first=first)
    seen = _look(grid, grid.counts, base, events, masked, options, first=False, skip=SKIP_TOGETHER)
    return _told(series, grid, seen, down, options)


def _passes(
    grid: Grid, options: HindsightOptions, detection: DetectionOptions
) -> tuple[_Pass, Flags]:
    """Return the last pass, and the bins in which the source is taken to have been down."""
    events = events_in(detection.known_events, grid.start, grid.width, len(grid.counts))
    times = events[FACTOR] if events.size else np.ones(len(grid.counts))
    doubt = events[SPREAD] if events.size else np.zeros(len(grid.counts))
    counts = grid.counts.copy()
    usable = np.isfinite(counts) & (doubt == 0)
    masked = np.zeros(len(counts), dtype=bool)
    down = np.zeros(len(counts), dtype=bool)
    base = first_fit(grid, counts, usable if usable.any() else np.isfinite(counts))
    for number in range(PASSES):
        first = number == 0
        seen = _look(grid, counts, base, (times, doubt), masked, options, first=first)
        mask = _mask(grid, seen, first=first)
        if number and (mask == masked).all():
            break
        if number == PASSES - 1:
            break
        for a, b in runs_of_nothing(
            grid.counts, base.steady * base.share * times, DOWN * seen.noise.dispersion
        ):
            down[a:b] = True
        counts = np.where(down, np.nan, grid.counts)
        masked = mask
        use = np.isfinite(counts) & (doubt == 0) & ~masked
        if not use.any():
            break
        odd = _odd_days(grid, seen)
        base = fit_again(grid, counts, use, odd, base, seen.noise.dispersion)
    return seen, down


def _odd_days(grid: Grid, seen: _Pass) -> Flags:
    """Return the bins of days unlike others; none where most days are."""
    found = [(j.candidate.first, j.candidate.end) for j in seen.found if j.z >= MASK_Z]
    odd = days_of(grid, seen.base, seen.cells, found).unusual
    return np.asarray(odd[grid.day] if odd.mean() < ODD_DAYS else np.zeros(len(grid.day), bool))


def _look(
    grid: Grid,
    counts: Floats,
    base: Baseline,
    events: tuple[Floats, Floats],
    masked: Flags,
    options: HindsightOptions,
    *,
    first: bool,
    skip: float = SKIP_A_YEAR,
) -> _Pass:
    """Return what stands out against ``base``."""
    times, doubt = events
    expected = base.expected * times
    seen = np.isfinite(counts)
    usual = np.where(seen, expected, 0.0)
    posts = np.where(seen, counts, 0.0)
    spread = np.hypot(base.doubt, doubt[:: grid.per_cell])
    cells = Cells(
        grid.to_cells(posts),
        grid.to_cells(usual),
        posts,
        usual,
        grid.per_cell,
        grid.width / 60.0,
        spread,
    )
    noise = _noise(grid, cells, masked, first=first)
    least = FIRST_Z if first else EXCESS_Z
    sums = RunningSums.of(cells.counts, cells.expected)
    per_day = grid.in_cells(24 * 60)
    years = float(seen.sum()) * grid.width / YEAR
    found = [
        judged(c, cells, noise, sums, per_day)
        for c in candidates(cells, noise, options.segmenter, least)
    ]
    tail = Tail.of(np.array([j.z for j in found]), years, float(noise.wandering[2]), skip)
    return _Pass(base, counts, noise, cells, found, tail)


def _noise(grid: Grid, cells: Cells, masked: Flags, *, first: bool) -> Noise:
    """Return the noise outside what is masked."""
    hidden = grid.to_cells(masked.astype(np.float64)) > 0
    quiet = (cells.expected > 0) & ~hidden
    y, mu = (np.where(quiet, v, np.nan) for v in (cells.counts, cells.expected))
    dispersion = dispersion_of_neighbours(y, mu)
    spread = wandering(y, mu, dispersion, FIRST_TRIM if first else TRIM)
    if quiet.sum() * grid.width * grid.per_cell < 2 * 86400:
        spread = np.minimum(spread, YOUNG)
    return Noise(dispersion, spread)


def _mask(grid: Grid, seen: _Pass, *, first: bool) -> Flags:
    """Return the bins of what was found, and a little around."""
    mask = np.zeros(len(grid.counts), dtype=bool)
    guard, k = grid.bins(GUARD), grid.per_cell
    for one in seen.found:
        if one.z >= (FIRST_Z if first else MASK_Z):
            c = one.candidate
            foot = max(guard, int(FOOT * (c.end - c.first)) * k)
            mask[max(0, c.first * k - foot) : c.end * k + guard] = True
    return mask


def _told(
    series: CountSeries, grid: Grid, last: _Pass, down: Flags, options: HindsightOptions
) -> Findings:
    """Return the findings of the ``last`` pass."""
    rates = np.array([last.tail.false_a_year(j.z) for j in last.found])
    shares = q_values(rates, last.tail.years)
    sure = [
        _Found(j, float(r), float(q))
        for j, r, q in zip(last.found, rates, shares, strict=True)
        if r <= options.false_incidents_per_year
    ]
    rest = [
        _Found(j, float(r), float(q))
        for j, r, q in zip(last.found, rates, shares, strict=True)
        if options.false_incidents_per_year
        < r
        <= max(UNSURE_PER_YEAR, options.false_incidents_per_year)
    ]
    expected = np.repeat(last.base.expected / grid.own, grid.own)[: len(series.counts)]
    edges = _Edges(series, grid, last, expected)
    groups = _joined(sure, last.cells.cells_in(JOIN))
    spans = [(g[0].judged.candidate.first, g[-1].judged.candidate.end) for g in groups]
    incidents = [edges.surge(g, spans) for g in groups]
    unsure = [edges.surge([f], spans) for f in sorted(rest, key=lambda f: f.rate)]
    at = edges.at_grid
    changes, passed = passing([LevelChange(at(s.at), s.ratio) for s in last.base.steps])
    days = [
        one
        for one in unusual_days(grid, last.base, last.cells, spans)
        if not any(one.start < p.end and p.start < one.end for p in passed)
    ]
    return Findings(
        tuple(incidents),
        tuple(unsure),
        changes,
        tuple(sorted((*passed, *days), key=lambda d: d.start)),
        tuple((at(a), at(b)) for a, b in _runs(down)),
        expected,
    )


def _runs(flags: Flags) -> list[tuple[int, int]]:
    steps = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    return list(
        zip(np.flatnonzero(steps > 0).tolist(), np.flatnonzero(steps < 0).tolist(), strict=True)
    )


class _Found(NamedTuple):
    """A candidate that is told, and how sure it is."""

    judged: WeighedCandidate
    rate: float
    q: float


def _joined(found: Sequence[_Found], gap: int) -> list[list[_Found]]:
    """Return those that follow each other within ``gap`` cells as one."""
    groups: list[list[_Found]] = []
    for one in found:
        if groups and one.judged.candidate.first - groups[-1][-1].judged.candidate.end <= gap:
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


class _Edges(NamedTuple):
    """Tells candidates with their edges in the series' own bins."""

    series: CountSeries
    grid: Grid
    last: _Pass
    expected: Floats

    def at_grid(self, position: int) -> datetime:
        """Return the left edge of a bin of the grid."""
        return self.series.start + timedelta(seconds=position * self.grid.width)

    def at(self, position: int) -> datetime:
        """Return the left edge of a bin of the series."""
        return self.series.start + position * self.series.width

    @property
    def minutes(self) -> float:
        """Width of a bin of the series."""
        return self.series.width.total_seconds() / 60.0

    @property
    def per_cell(self) -> int:
        """Bins of the series in a cell."""
        return self.grid.per_cell * self.grid.own

    def bins(self, minutes: float) -> int:
        """Return how many bins of the series come nearest to ``minutes``, at least one."""
        return max(round(minutes / self.minutes), 1)

    def stretch(self, first: int, end: int) -> tuple[Floats, Floats]:
        """Return counts and expected in bins ``[first, end)``, zero both where not observed."""
        counts, expected = self.series.counts[first:end], self.expected[first:end]
        step, own = len(self.last.counts), self.grid.own
        alive = np.isfinite(self.last.counts[np.minimum(np.arange(first, end) // own, step - 1)])
        seen = np.isfinite(counts) & alive
        return np.where(seen, counts, 0.0), np.where(seen, expected, 0.0)

    def surge(self, group: Sequence[_Found], spans: Sequence[tuple[int, int]]) -> HindsightSurge:
        """Return ``group``, which follow each other, as one surge."""
        first = group[0].judged.candidate
        last = group[-1].judged.candidate
        best = min(group, key=lambda f: f.rate)
        before = max((b for a, b in spans if b <= first.first), default=0)
        behind = min((a for a, b in spans if a >= last.end), default=self.grid.cells)
        start = self._start(first, before)
        end = self._end(last, behind, start.at)
        n = len(self.series.counts)
        until = n if end is None else end.at
        counts, usual = self.stretch(start.at, max(until, start.at + 1))
        peak = int(np.argmax(counts))
        return HindsightSurge(
            onset=Onset(self.at(start.at), self.at(start.earliest), self.at(start.latest)),
            ended_at=None if end is None else self.at(end.at),
            ended_earliest=None if end is None else self.at(end.earliest),
            ended_latest=None if end is None else self.at(end.latest),
            evidence=0.5 * best.judged.z**2,
            noise_probability=best.q,
            false_per_year=best.rate,
            peak_at=self.at(start.at + peak),
            peak_count=float(counts[peak]),
            expected_at_peak=float(usual[peak]),
            excess=max(float((counts - usual).sum()), 0.0),
            regimes=self._regimes(group, start.at, until),
        )

    def _start(self, c: Candidate, before: int) -> Edge:
        """Return the start of ``c``; the surge before it ended at cell ``before``."""
        k = self.per_cell
        length = (c.end - c.first) * k * self.minutes
        longest = min(max(LENGTHS * length, 30.0), LONGEST)
        low = max(before * k, c.first * k - self.bins(longest + BEFORE), 0)
        high = min(self._falls(c) * k, c.first * k + self.bins(longest + BEFORE))
        high = min(max(high, c.first * k + 1, low + 1), len(self.series.counts))
        counts, usual = self.stretch(low, high)
        noise = self.last.noise
        return start_of(counts, usual, noise.dispersion, self.minutes, longest).shifted(low)

    def _falls(self, c: Candidate) -> int:
        """Return the cell at which ``c`` first falls well under its highest regime so far."""
        highest = 0.0
        for first, end in pairwise(c.edges):
            above = self._ratio(first, end) - 1.0
            if highest > 0 and above < FALLEN * highest:
                return first
            highest = max(highest, above)
        return c.end

    def _ratio(self, first: int, end: int) -> float:
        cells = self.last.cells
        usual = float(cells.expected[first:end].sum())
        return float(cells.counts[first:end].sum()) / max(usual, 1e-9)

    def _end(self, c: Candidate, behind: int, start: int) -> Edge | None:
        """Return the end of ``c``, None where the series ends first; the next begins ``behind``."""
        k, n = self.per_cell, len(self.series.counts)
        first = max(c.edges[-2] * k, start)
        high = min(c.end * k + self.bins(AFTER), behind * k, n)
        counts, usual = self.stretch(first, max(high, first + 1))
        inside = slice(0, max(c.end * k - first, 1))
        height = float((counts[inside] - usual[inside]).mean())
        if height <= 0:
            height = float(max((counts - usual).max(), 1e-6))
        edge = end_of(counts, usual, self.last.noise.dispersion, height).shifted(first)
        if edge.at >= n:
            return None
        return Edge(max(edge.at, start + 1), max(edge.earliest, start), max(edge.latest, start + 1))

    def _regimes(self, group: Sequence[_Found], start: int, until: int) -> tuple[Regime, ...]:
        """Return what the surge is made of, between its edges."""
        k = self.per_cell
        inner = {e * k for f in group for e in f.judged.candidate.edges}
        edges = [start, *sorted(e for e in inner if start < e < until), max(until, start + 1)]
        out = []
        for a, b in pairwise(edges):
            counts, usual = self.stretch(a, b)
            ratio = float(counts.sum()) / max(float(usual.sum()), 1e-9)
            out.append(Regime(self.at(a), self.at(b), ratio))
        return tuple(_merged(out))


def _merged(regimes: list[Regime]) -> list[Regime]:
    """Return ``regimes`` with neighbours of nearly one height put together."""
    out: list[Regime] = []
    for one in regimes:
        if out and abs(log(max(one.ratio, 1e-6) / max(out[-1].ratio, 1e-6))) < log(1.15):
            was = out.pop()
            a, b = (was.end - was.start).total_seconds(), (one.end - one.start).total_seconds()
            ratio = (was.ratio * a + one.ratio * b) / max(a + b, 1.0)
            one = Regime(was.start, one.end, ratio)
        out.append(one)
    return out
