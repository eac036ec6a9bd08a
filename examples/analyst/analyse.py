"""Counts to incidents from Python: ``python examples/analyst/analyse.py``."""

from pathlib import Path

import detector

HERE = Path(__file__).parent

found = detector.analyze(HERE / "counts.csv.gz", config=HERE / "config.toml")
table = found.table()
print(table[["service", "severity", "started_at", "ended_at"]].to_string(index=False))
