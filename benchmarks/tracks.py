"""The tracks everything is judged on: recorded where they are at hand, generated ones always."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.synthetic import Recipe, Track, generate
from detector.model.series import Floats

SHARED = Path(__file__).resolve().parents[2] / "shared" / "bench" / "dev"
SEEDS = (11, 12)
"""Seeds of the generated track with outages and of the one without."""


def recorded(name: str, folder: Path = SHARED) -> Track | None:
    """Return the development track "minute", "null" or "five"; None where it is absent."""
    counts = folder / f"{name}.csv.gz"
    if not counts.exists():
        return None
    confounders = folder / f"{name}.confounders.csv"
    return Track(
        counts=pd.read_csv(counts, dtype={"service": str}, parse_dates=["time"]),
        truth=pd.read_csv(folder / f"{name}.truth.csv", dtype={"service": str, "end": str}),
        confounders=pd.read_csv(confounders)
        if confounders.exists()
        else pd.DataFrame(columns=["service", "kind"]),
    )


def generated(*, services: int = 36, days: int = 35) -> tuple[Track, Track]:
    """Return the generated track with outages and its twin without."""
    busy, quiet = SEEDS
    return (
        generate(Recipe(busy, services, days)),
        generate(Recipe(quiet, max(services * 2 // 3, 1), days, outages=0)),
    )


def dense(counts: pd.DataFrame) -> Iterator[tuple[str, int, int, Floats]]:
    """Yield per service (name, first left edge, width, counts): seconds since 1970, seconds, posts.

    The counts have one value per bin of the grid from the service's first row to its last; nan
    where there is no row. The width is that of the table: the commonest step between rows.
    """
    seconds = counts["time"].to_numpy("datetime64[s]").astype(np.int64)
    names = counts["service"].to_numpy()
    steps = np.diff(seconds)
    values, often = np.unique(steps[(steps > 0) & (names[1:] == names[:-1])], return_counts=True)
    width = int(values[np.argmax(often)])
    posts = counts["count"].to_numpy(np.float64)
    for service, rows in counts.groupby("service", sort=True).indices.items():
        at = (seconds[rows] - seconds[rows].min()) // width
        filled = np.full(int(at.max()) + 1, np.nan)
        filled[at] = posts[rows]
        yield str(service), int(seconds[rows].min()), width, filled
