"""Two sources judged together, beside each alone: ``python -m benchmarks.together [SERIES]``.

Generated counts of two sources with a daily rhythm, over-dispersed, with slow noise of their own
and in common. Prints false alarms where nothing is wrong, and surges found within the surge and
half an hour, with the median delay.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from detector.detection import fusion, live
from detector.detection.fusion import SourceEvidence
from detector.detection.options import DetectionOptions
from detector.model.series import Floats
from detector.model.surge import Change, ChangeKind

START = datetime(2026, 1, 5, tzinfo=UTC)
OPTIONS = DetectionOptions()
NEAR = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Setting:
    """What two sources are like.

    Attributes
    ----------
    levels : mean complaints per minute of each.
    dispersion : variance over mean, on top of the noise.
    common, own : standard deviation of the slow noise that they share, and of each one's own.
    widths : minutes of each one's bins.
    factors, minutes : what a surge multiplies each source by, and for how long.
    dies : whether the second source is not observed from the surge's start on.
    """

    levels: tuple[float, float]
    dispersion: float = 1.3
    common: float = 0.1
    own: float = 0.1
    widths: tuple[int, int] = (1, 1)
    factors: tuple[float, float] = (1.0, 1.0)
    minutes: int = 60
    dies: bool = False


NOTHING_WRONG = (
    Setting((0.5, 0.5), common=0.0, own=0.0),
    Setting((2.0, 2.0), 1.5),
    Setting((2.0, 2.0), 1.5, common=0.15, own=0.05),
    Setting((0.1, 0.1)),
    Setting((5.0, 0.3), 2.0),
    Setting((0.5, 0.5), widths=(1, 5)),
)
SURGES = (
    Setting((0.5, 0.5), factors=(2.0, 2.0)),
    Setting((0.5, 0.5), factors=(2.5, 2.5)),
    Setting((0.5, 0.5), widths=(1, 5), factors=(2.5, 2.5)),
    Setting((2.0, 2.0), 1.5, factors=(2.0, 2.0)),
    Setting((2.0, 2.0), 1.5, factors=(1.7, 1.7), minutes=90),
    Setting((0.1, 0.1), factors=(4.0, 4.0)),
    Setting((0.5, 0.5), factors=(2.5, 2.5), dies=True),
    Setting((0.5, 0.5), factors=(2.5, 1.0)),
)


def drawn(
    setting: Setting, days: int, rng: np.random.Generator, *, first: int | None = None
) -> list[Floats]:
    """Return the counts of both sources; a surge begins in minute ``first``, if given."""
    n = days * 1440
    rhythm = 1.1 + np.sin(2 * np.pi * np.arange(n) / 1440)
    shared = _slow(n, setting.common, rng)
    counts = []
    for i, level in enumerate(setting.levels):
        rate = level * rhythm * shared * _slow(n, setting.own, rng)
        if first is not None:
            rate[first : first + setting.minutes] *= setting.factors[i]
        size = np.maximum(rate / (setting.dispersion - 1.0), 1e-9)
        values = rng.negative_binomial(size, 1.0 / setting.dispersion).astype(np.float64)
        if setting.dies and i == 1:
            values[first:] = np.nan
        counts.append(values.reshape(-1, setting.widths[i]).sum(axis=1))
    return counts


def _slow(n: int, spread: float, rng: np.random.Generator) -> Floats:
    """Return noise around one that wanders within two hours."""
    knots = np.zeros(n // 120 + 2)
    for i in range(1, len(knots)):
        knots[i] = 0.6 * knots[i - 1] + 0.8 * rng.normal()
    walk = np.interp(np.arange(n), 120 * np.arange(len(knots)), knots)
    return np.asarray(np.exp(spread * walk - spread * spread / 2))


def judged(setting: Setting, counts: Sequence[Floats]) -> tuple[list[Change], list[Change]]:
    """Return the surges opened by either source alone, and by both together."""
    said, alone = {}, []
    for i, (values, minutes) in enumerate(zip(counts, setting.widths, strict=True)):
        state = live.begin(OPTIONS, start=START, width=timedelta(minutes=minutes))
        step = live.update(state, values)
        alone += _opened(step.changes)
        said[f"source {i}"] = SourceEvidence.of(START.timestamp(), 60.0 * minutes, values, step)
    width = timedelta(minutes=min(setting.widths))
    state_of_both = fusion.begin(OPTIONS, start=START, width=width)
    both = fusion.update(state_of_both, said, min(s.end for s in said.values()))
    return alone, _opened(both.changes)


def _opened(changes: Sequence[Change]) -> list[Change]:
    return [change for change in changes if change.kind is ChangeKind.OPENED]


def false_alarms(setting: Setting, series: int, *, days: int = 70) -> str:
    """Return alarms per service-week where nothing is wrong, as a line."""
    rng = np.random.default_rng(7)
    alone = both = extra = 0
    for _ in range(series):
        singles, together = judged(setting, drawn(setting, days, rng))
        alone += len(singles)
        both += len(together)
        extra += sum(all(abs(c.at - s.at) >= NEAR for s in singles) for c in together)
    weeks = series * days / 7
    rates = f"each alone {alone / weeks / 2:.4f}, together {both / weeks:.4f}"
    return f"{setting}: {rates}, together only {extra / weeks:.4f} per week"


def found(setting: Setting, series: int, *, days: int = 24) -> str:
    """Return the share of surges found, and the median delay in minutes, as a line."""
    rng = np.random.default_rng(1)
    delays: dict[str, list[float]] = {"either alone": [], "together": [], "either or together": []}
    for _ in range(series):
        first = (days - 2) * 1440 + 5 * int(rng.integers(0, 288))
        alone, both = judged(setting, drawn(setting, days, rng, first=first))
        for name, changes in zip(delays, (alone, both, alone + both), strict=True):
            late = [(c.at - START).total_seconds() / 60 - first for c in changes]
            hits = [d for d in late if 0 < d <= setting.minutes + 30]
            delays[name] += [min(hits)] if hits else []
    told = [
        f"{name} {len(d) / series:.2f}" + (f" ({np.median(d):.0f} min)" if d else "")
        for name, d in delays.items()
    ]
    return f"{setting}: {', '.join(told)}"


def main(series: int) -> None:
    """Print every line as it is known."""
    for setting in NOTHING_WRONG:
        print(false_alarms(setting, series), flush=True)
    for setting in SURGES:
        print(found(setting, 2 * series), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
