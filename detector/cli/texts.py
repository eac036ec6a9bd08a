"""classify, simulate: commands about texts."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd

from detector import app
from detector.cli.history import history_settings
from detector.cli.output import print_table, write_text
from detector.domain.tables import TableKind
from detector.errors import InputError
from detector.language.complaints import read_posts
from detector.simulation.simulate import simulate
from detector.sources.files import FileSource

#: What the command adds; `discovered` and `kind` come along.
_ADDED = ("complaint", "service", "component", "kind", "discovered")
_ = TableKind, csv


def classify_posts(path: Path, out: Path, *, config: Path | None) -> None:
    """Write the rows of ``path`` with what each says about a service."""
    settings = history_settings(config)
    frame = FileSource("posts", path).rows()
    if "text" not in frame:
        raise InputError(f"no column 'text'; the columns are {', '.join(frame.columns)}", path=path)
    read = read_posts(app.reader(settings), frame)
    write_text(out, read.to_csv(index=False))
    complaints = int((read["complaint"] >= settings.posts.complaint_threshold).sum())
    print(f"{complaints:,} of {len(read):,} posts are complaints; written to {out}")


def simulate_scenario(name: str, out: Path | None, *, seed: int | None) -> None:
    """Write the posts of a bundled scenario, or list the scenarios."""
    if name == "list":
        rows = [(s, app.scenario(s).title) for s in app.scenario_names()]
        print_table(("scenario", "what it rebuilds (no recording)"), rows)
        return
    posts = simulate(app.scenario(name), seed=seed)
    target = out or Path(f"{name}.jsonl")
    write_text(target, _json_lines(posts))
    print(f"{len(posts):,} posts written to {target}")


def _json_lines(posts: pd.DataFrame) -> str:
    times = posts["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return posts.assign(time=times).to_json(orient="records", lines=True, force_ascii=False)
