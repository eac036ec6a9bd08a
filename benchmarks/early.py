"""What judging a bin before it is over gains: ``python -m benchmarks.early`` prints the table.

Surges of an hour, two to thirty times the usual rate, that begin at any second. The same posts are
counted in bins, with the marks of `engine.marks` and without; one row per bin width, usual rate
and size. Nothing but the time of the alarm may differ, or it stops.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

import numpy as np

from benchmarks import tables
from benchmarks.speed import START
from detector.detection import live
from detector.detection.options import DetectionOptions
from detector.domain.series import Floats
from detector.domain.spans import Spans
from detector.domain.surge import ChangeKind
from detector.domain.times import from_seconds, to_seconds
from detector.engine.marks import Judged, marks_of

WIDTHS = (60, 300)
RATES = (0.1, 0.5, 1.5, 5.0, 15.0, 50.0)
TIMES = (2, 4, 10, 30)
SEEDS = 60
WARM_DAYS = 16
CALM, SURGE = 3600, 3600


class Noticed(NamedTuple):
    """Seconds from the start of a surge to its alarm, when bins are over and at marks."""

    over: float
    mark: float


def trials(state: live.SeriesState, rate: float, times: int) -> Iterator[Noticed]:
    """Yield when the surges were noticed that were."""
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        begins = CALM + rng.uniform(0, 600)
        usual = rng.uniform(0, CALM + SURGE, rng.poisson(rate * (CALM + SURGE) / 60))
        added = rng.poisson(rate * (times - 1) * (CALM + SURGE - begins) / 60)
        heard = np.sort(np.concatenate([usual, rng.uniform(begins, CALM + SURGE, added)]))
        first = to_seconds(state.end)
        over, mark = (_alarms(state, heard + first, judged) for judged in (False, True))
        if len(over) != len(mark):
            raise RuntimeError("marks have raised or hidden an alarm")
        late = [(a, b) for a, b in zip(over, mark, strict=True) if b >= first + begins]
        if late:
            yield Noticed(late[0][0] - first - begins, late[0][1] - first - begins)


def _alarms(state: live.SeriesState, heard: Floats, judged: bool) -> list[float]:
    """Return when alarms were raised, seconds since 1970."""
    first, width = to_seconds(state.end), int(state.width.total_seconds())
    edges = first + np.arange((CALM + SURGE) // width + 1) * width
    counts = np.histogram(heard, edges)[0].astype(np.float64)
    step = live.update(state, counts)
    if judged:
        whole = Spans.of([(state.end, from_seconds(float(edges[-1])))])
        spans = Judged(float(first), float(edges[-1]))
        step = live.update(state, counts, marks_of(heard, float(first), width, spans, whole))
    return [c.at.timestamp() for c in step.changes if c.kind is ChangeKind.OPENED]


def row(state: live.SeriesState, rate: float, times: int) -> list[str]:
    """Return one row of the table."""
    found = list(trials(state, rate, times))
    cells = [f"{state.width // timedelta(minutes=1)} min", f"{rate:g}", f"x {times}"]
    cells.append(f"{len(found) / SEEDS:.2f}")
    if not found:
        return [*cells, *["-"] * 4]
    over, mark = np.array(found).T
    gain = over - mark
    return [
        *cells,
        _minutes(over),
        _minutes(mark),
        f"{gain.mean():.0f}",
        f"{np.mean(gain > 0):.2f}",
    ]


def _minutes(seconds: Floats) -> str:
    return f"{np.median(seconds) / 60:.1f} / {np.quantile(seconds, 0.9) / 60:.1f}"


def rows(width: int) -> Iterator[list[str]]:
    """Yield the rows of one bin width."""
    for rate in RATES:
        rng = np.random.default_rng(1)
        warm = rng.poisson(rate * width / 60, WARM_DAYS * 86400 // width).astype(np.float64)
        state = live.begin(DetectionOptions(), start=START, width=timedelta(seconds=width))
        state = live.update(state, warm).state
        for times in TIMES:
            yield row(state, rate, times)


HEAD = (
    "bins",
    "posts per min",
    "surge",
    "noticed",
    "bins over: median / p90 (min)",
    "at marks: median / p90 (min)",
    "mean gain (s)",
    "sooner",
)


def main() -> None:
    """Print the table."""
    print(tables.table(HEAD, [r for width in WIDTHS for r in rows(width)]))


if __name__ == "__main__":
    main()
