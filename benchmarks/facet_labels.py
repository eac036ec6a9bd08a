"""Judge the facets on labelled sentences: ``python -m benchmarks.facet_labels`` prints a table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from detector.complaints.facets import SEPARATOR, tag
from detector.config import parse_settings
from detector.model.details import FACETS
from detector.pipeline import setup

LABELS = Path(__file__).resolve().parents[1] / "tests" / "complaints" / "facet_labels.csv"


def main() -> None:
    """Print precision and recall of each facet, on each half of the sentences."""
    labels = pd.read_csv(LABELS, dtype=str, keep_default_na=False)
    tags = tag(labels[["text", "service"]], setup.facet_lexicon(parse_settings("", path="none")))
    print("| half | sentences | facet | values | precision | recall |\n|---|---|---|---|---|---|")
    for half, rows in labels.groupby("half"):
        for facet in FACETS:
            wanted, found = _values(rows[facet]), _values(tags.loc[rows.index, facet])
            right = len(wanted & found)
            shares = f"{right / len(found):.3f} | {right / len(wanted):.3f}"
            print(f"| {half} | {len(rows)} | {facet} | {len(wanted)} | {shares} |")


def _values(facet: pd.Series[str]) -> set[tuple[object, str]]:
    """Return each sentence's place with each of its values."""
    return {(row, v) for row, values in facet.items() for v in values.split(SEPARATOR) if v}


if __name__ == "__main__":
    main()
