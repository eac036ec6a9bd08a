"""What the posts' own times add to a start: ``python -m benchmarks.seconds`` prints the table.

Steps and ramps of ten minutes, four and ten times the usual rate, that begin at any second; the
live path counts them in bins and says a start, as at its last word within an hour; `refine_onset`
sees the same posts. One row per bin width, shape and usual rate.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

import numpy as np

from benchmarks import tables
from benchmarks.speed import START
from detector.detection import live
from detector.detection.onset import REVISION, refine_onset
from detector.detection.options import DetectionOptions
from detector.model.series import Floats
from detector.model.surge import Change, Onset
from detector.model.times import to_seconds

WIDTHS = (60, 300)
RISES = (0, 600)
RATES = (0.1, 0.5, 1.5, 5.0, 15.0)
TIMES = (4, 10)
SEEDS = 40
WARM_DAYS = 12
CALM, SURGE = 7200, 7200


class Found(NamedTuple):
    """A start as bins and as posts say it, against the ``truth``, seconds since 1970."""

    truth: float
    bins: Onset
    posts: Onset


def trials(width: int, rise: int, rate: float) -> Iterator[Found]:
    """Yield what was found of the surges that were noticed."""
    rng = np.random.default_rng(1)
    warm = rng.poisson(rate * width / 60, WARM_DAYS * 86400 // width).astype(np.float64)
    state = live.begin(DetectionOptions(), start=START, width=timedelta(seconds=width))
    state = live.update(state, warm).state
    for times in TIMES:
        for seed in range(SEEDS):
            found = _trial(state, rate, times, rise, np.random.default_rng(seed))
            if found is not None:
                yield found


def _trial(
    state: live.SeriesState, rate: float, times: int, rise: int, rng: np.random.Generator
) -> Found | None:
    first, width = to_seconds(state.end), int(state.width.total_seconds())
    begins = CALM + rng.uniform(0, 600)
    usual = rng.uniform(0, CALM + SURGE, rng.poisson(rate * (CALM + SURGE) / 60))
    added = max(rate * (times - 1), 0.5) * (CALM + SURGE - begins) / 60
    more = rng.uniform(begins, CALM + SURGE, rng.poisson(added))
    more = more[rng.uniform(0, rise, len(more)) <= more - begins]
    heard = np.floor(np.concatenate([usual, more])).astype(np.int64)
    edges = np.arange((CALM + SURGE) // width + 1) * width
    step = live.update(state, np.histogram(heard, edges)[0].astype(np.float64))
    last = _last_word(step.changes, first + begins)
    if last is None:
        return None
    onset = refine_onset(
        heard + first,
        last.surge.expected_at_peak,
        last.surge.onset,
        width=state.width,
        until=min(last.at, last.surge.noticed_at + REVISION),
    )
    return Found(first + begins, last.surge.onset, onset)


def _last_word(changes: tuple[Change, ...], begins: float) -> Change | None:
    """Return what was said last of the surge that was noticed within an hour of its start."""
    noticed = {c.surge.noticed_at for c in changes}
    right = [n for n in noticed if 0 <= to_seconds(n) - begins <= 3600]
    of_it = [c for c in changes if right and c.surge.noticed_at == min(right)]
    return of_it[-1] if of_it else None


def row(width: int, rise: int, rate: float) -> list[str]:
    """Return one row of the table."""
    found = list(trials(width, rise, rate))
    shape = f"ramp of {rise // 60} min" if rise else "step"
    cells = [f"{width // 60} min", shape, f"{rate:g}", f"{len(found)}"]
    for onsets in ([f.bins for f in found], [f.posts for f in found]):
        truths = np.array([f.truth for f in found])
        at, low, high = (
            np.array([to_seconds(getattr(o, name)) for o in onsets])
            for name in ("at", "earliest", "latest")
        )
        # what bins call the latest start is a bin, and so are all starts in it
        high = high + (width if onsets[0] is found[0].bins else 0)
        cells += [
            _errors(np.abs(at - truths)),
            f"{np.mean((low <= truths) & (truths <= high)):.2f}",
        ]
        cells += [f"{np.median(high - low):.0f}"]
    return cells


def _errors(seconds: Floats) -> str:
    return f"{np.median(seconds):.0f} / {np.quantile(seconds, 0.9):.0f}"


HEAD = ("bins", "shape", "posts per min", "noticed")
SAYS = ("start error median / p90 (s)", "coverage", "width (s)")


def main() -> None:
    """Print the table."""
    head = [*HEAD, *[f"bins: {s}" for s in SAYS], *[f"posts: {s}" for s in SAYS]]
    rows = [row(w, r, rate) for w in WIDTHS for r in RISES for rate in RATES]
    print(tables.table(head, rows))


if __name__ == "__main__":
    main()
