"""Scores on labelled tweet volumes by the rules of the Numenta anomaly benchmark."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from detector.detection.scores import THRESHOLD, score_table

SHARED = Path(__file__).resolve().parents[2] / "shared"
PROFILES = ("standard", "low_fp", "low_fn")
PUBLISHED = (
    ("contextOSE", 86.4),
    ("ARTime", 83.1),
    ("Numenta HTM", 72.8),
    ("Twitter ADVec", 62.7),
)
"""Best published on these five series, standard profile, each at its own best threshold."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Normalised scores: 0 says nothing, 100 is perfect.

    Attributes
    ----------
    fixed : per profile at `detector.detection.scores.THRESHOLD`.
    best : per profile at its best threshold.
    held_out : standard profile, each series at the best threshold of the other four.
    per_series : standard profile at `THRESHOLD`.
    """

    fixed: dict[str, float]
    best: dict[str, float]
    held_out: float
    per_series: dict[str, float]


def judge(folder: Path = SHARED) -> Labelled | None:
    """Return the scores, or None where series or judge are not at hand."""
    series, script = folder / "data" / "nab_tweets", folder / "bench" / "nab_score.py"
    if not (series.exists() and script.exists()):
        return None
    rules = _load(script)
    points = _points(rules, series)
    everything = [p for found in points.values() for p in found]
    held_out = [
        (_raw(rules, points[n], _best(rules, [p for m in points if m != n for p in points[m]])))
        for n in points
    ]
    raw, null, perfect = (sum(column) for column in zip(*held_out, strict=True))
    return Labelled(
        fixed={p: _normal(_raw(rules, everything, THRESHOLD, p)) for p in PROFILES},
        best={
            p: _normal(_raw(rules, everything, _best(rules, everything, p), p)) for p in PROFILES
        },
        held_out=_normal((raw, null, perfect)),
        per_series={n: _normal(_raw(rules, found, THRESHOLD)) for n, found in points.items()},
    )


def _load(script: Path) -> Any:
    spec = importlib.util.spec_from_file_location("nab_score", script)
    if spec is None or spec.loader is None:
        raise ImportError(f"{script} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _points(rules: Any, folder: Path) -> dict[str, list[Any]]:
    """Return per series the judge's (score, value, window) of every row past probation."""
    windows = pd.read_csv(folder / "windows.csv", parse_dates=["start", "end"])
    names = sorted(windows["service"].unique())
    counts = [pd.read_csv(folder / f"{n}.csv", parse_dates=["time"]) for n in names]
    said = score_table(pd.concat(counts))
    points = {}
    for name in names:
        one = said[said["service"] == name].drop_duplicates("time")
        spans = windows[windows["service"] == name][["start", "end"]].itertuples(index=False)
        spans = [tuple(span) for span in spans]
        points[name] = rules.points(list(one["time"]), one["score"].tolist(), spans, name)
    return points


def _best(rules: Any, points: list[Any], profile: str = "standard") -> float:
    rows, _, _ = rules.sweep(points, profile)
    return float(max(rows, key=lambda row: row[1])[0])


def _raw(
    rules: Any, points: list[Any], threshold: float, profile: str = "standard"
) -> tuple[float, float, float]:
    """Return raw score at ``threshold``, that of saying nothing and that of perfection."""
    rows, null, perfect = rules.sweep(points, profile)
    reached = [row[1] for row in rows if row[0] >= threshold]
    return float(reached[-1] if reached else null), float(null), float(perfect)


def _normal(raw: tuple[float, float, float]) -> float:
    score, null, perfect = raw
    return float(np.round(100 * (score - null) / (perfect - null), 1))
