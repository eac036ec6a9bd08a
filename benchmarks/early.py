"""What judging a bin before it is over gains: ``python -m benchmarks.early`` prints the table.

Surges of an hour, two to thirty times the usual rate, that begin at any second. The same posts are
counted in bins, with the marks of `engine.marks` and without. A cell says the median of minutes
from the start to the alarm when bins are over and at marks, the mean of the seconds gained, and the
share that was noticed where that is not all. Nothing but the time may differ, or it stops.
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
from detector.model.series import Floats
from detector.model.spans import Spans
from detector.model.surge import ChangeKind
from detector.model.times import from_seconds, to_seconds
from detector.pipeline.counting.partial_bins import Judged, partial_bins_of

WIDTHS = (60, 300)
RATES = (0.1, 0.5, 5.0, 50.0)
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
        step = live.update(state, counts, partial_bins_of(heard, float(first), width, spans, whole))
    return [c.at.timestamp() for c in step.changes if c.kind is ChangeKind.OPENED]


def cell(state: live.SeriesState, rate: float, times: int) -> str:
    """Return what the table says of surges of one size."""
    found = list(trials(state, rate, times))
    if not found:
        return "none"
    over, mark = np.array(found).T
    gain, share = (over - mark).mean(), len(found) / SEEDS
    all_of_them = "" if share == 1 else f" ({share:.2f})"
    medians = f"{np.median(over) / 60:.1f}, {np.median(mark) / 60:.1f}"
    return f"{medians}: {gain:.0f} s{all_of_them}"


def row(width: int, rate: float) -> list[str]:
    """Return one row of the table."""
    rng = np.random.default_rng(1)
    warm = rng.poisson(rate * width / 60, WARM_DAYS * 86400 // width).astype(np.float64)
    state = live.begin(DetectionOptions(), start=START, width=timedelta(seconds=width))
    state = live.update(state, warm).state
    return [f"{width // 60} min", f"{rate:g}", *(cell(state, rate, times) for times in TIMES)]


HEAD = ("bins", "posts per min", *(f"x {times}" for times in TIMES))


def main() -> None:
    """Print the table."""
    print(tables.table(HEAD, [row(width, rate) for width in WIDTHS for rate in RATES]))


if __name__ == "__main__":
    main()
