"""How long things take, and how that grows with the length of the history.

Processor time, so that other work on the machine does not count.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import nan
from pathlib import Path

import numpy as np

from detector.detection import fleet, live
from detector.detection.hindsight.whole_series import find_in
from detector.detection.options import DetectionOptions
from detector.model.series import CountSeries, Floats, SeriesKey

START = datetime(2024, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
YEAR = 525_600
STATUS = Path("/proc/self/status")
LENGTHS = (YEAR // 16, YEAR // 8, YEAR // 4, YEAR // 2, YEAR)


@dataclass(frozen=True, slots=True)
class Growth:
    """Seconds per length of history; ``exponent`` is the slope in log-log, 1 is linear."""

    what: str
    lengths: tuple[int, ...]
    seconds: tuple[float, ...]

    @property
    def exponent(self) -> float:
        """Slope of log seconds against log length."""
        return float(np.polyfit(np.log(self.lengths), np.log(self.seconds), 1)[0])

    @property
    def bins_per_second(self) -> float:
        """Of the longest history."""
        return self.lengths[-1] / self.seconds[-1]


def history(n_bins: int) -> Floats:
    """Return minutes of a seasonal series with two hours of outage a week, never at one time."""
    minutes = np.arange(n_bins)
    rate = 3.0 + 2.0 * np.sin(2 * np.pi * minutes / 1440)
    week, slot = minutes // 10080, minutes % 10080 // 120
    rate[slot == (40 + 23 * week) % 84] *= 4
    return np.random.default_rng(1).poisson(rate).astype(np.float64)


def growth(what: str, run: Callable[[Floats], object], lengths: Sequence[int] = LENGTHS) -> Growth:
    """Return how the time of ``run`` grows; the best of three, compiled beforehand."""
    run(history(20_000))
    seconds = tuple(min(_timed(run, history(n)) for _ in range(3)) for n in lengths)
    return Growth(what, tuple(lengths), seconds)


def _timed(run: Callable[[Floats], object], counts: Floats) -> float:
    began = time.process_time()
    run(counts)
    return time.process_time() - began


def whole(counts: Floats) -> live.Step:
    """Take a whole history at once, as a replay does."""
    return live.update(live.begin(DetectionOptions(), start=START, width=MINUTE), counts)


def analyze(counts: Floats) -> object:
    """Look back over a whole history, as `analyze` does."""
    key = SeriesKey("a", "")
    return find_in(CountSeries(key, START, MINUTE, counts))


def states_of(services: int) -> list[live.SeriesState]:
    """Return states of so many services, each with tables of its own."""
    data = live.dump(whole(history(20_000)).state)
    return [live.update(live.load(data), np.array([i % 7.0])).state for i in range(services)]


def one_bin_each(states: Sequence[live.SeriesState]) -> float:
    """Return seconds in which services take their next bin, one call each.

    Every service has a state of its own, and the state after the bin is kept, as in a live run.
    """
    bins = [np.array([float(i % 5)]) for i in range(len(states))]
    seconds = []
    for _ in range(5):
        began = time.process_time()
        states = [live.update(s, one).state for s, one in zip(states, bins, strict=True)]
        seconds.append(time.process_time() - began)
    return min(seconds)


def one_bin_together(states: Sequence[live.SeriesState]) -> float:
    """Return seconds in which services take their next bin as a fleet; states are kept as well."""
    together = fleet.Fleet.of(states)
    bins = np.array([[i % 5.0] for i in range(len(states))])
    seconds = []
    for _ in range(5):
        began = time.process_time()
        together = fleet.update(together, bins).fleet
        seconds.append(time.process_time() - began)
    return min(seconds)


def saved_bytes() -> tuple[int, int]:
    """Return the bytes that one series adds to a turn: always, and when its tables change."""
    state = whole(history(20_000)).state
    return len(live.dump_record(state)), len(live.dump_tables(state.tables))


def peak_megabytes() -> float:
    """Return the most memory that a fresh process holds while it analyses a year of minutes.

    The better of two: the first may have to compile. Read from ``/proc``, because what
    ``getrusage`` says of a child includes its parent at the fork; nan where there is none.
    """
    if not STATUS.exists():
        return nan
    script = (
        "from benchmarks.speed import STATUS, YEAR, analyze, history\n"
        "analyze(history(YEAR))\n"
        "print(STATUS.read_text().split('VmHWM:')[1].split()[0])\n"
    )
    command = [sys.executable, "-c", script]
    runs = [subprocess.run(command, check=True, capture_output=True, text=True) for _ in range(2)]
    return min(int(run.stdout) for run in runs) / 1024
