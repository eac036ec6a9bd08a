"""classify, train, simulate: commands about texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from detector import resources
from detector.cli.history import history_settings
from detector.cli.language import reader
from detector.cli.output import (
    heads,
    print_table,
    progress,
    require_writable,
    write_bytes,
    write_csv,
    write_text,
)
from detector.complaints.facets import tag
from detector.complaints.reader import read_posts
from detector.demo.simulate import simulate
from detector.errors import InputError
from detector.pipeline import setup
from detector.sources.files import FileSource
from detector.sources.scenario import bundled_scenario, scenario_names

#: What `train` learns from.
LESSONS = ("languages", "lexicon", "training")
_READ = (".csv", ".toml", ".txt")


def classify_posts(path: Path, out: Path, *, config: Path | None) -> None:
    """Write the rows of ``path`` with what each says: is it a complaint, about what."""
    settings = history_settings(config)
    require_writable(out)
    say = reader()
    with progress(say, "reading") as advance:
        frame = FileSource("posts", path).rows()
        if "text" not in frame:
            columns = ", ".join(map(str, frame.columns))
            raise InputError(f"no column 'text'; the columns are {columns}", path=path, line=1)
        read = read_posts(setup.reader(settings), frame)
        read["component"] = tag(read, setup.facet_lexicon(settings))["component"]
        advance(len(read))
    write_csv(out, read)
    complaints = int((read["complaint"] >= settings.posts.complaint_threshold).sum())
    number, posts = map(say.format.number, (complaints, len(read)))
    print(say.texts("command.texts.classified", complaints=number, posts=posts, place=out))


def train_classifier(out: Path, *, ordinary: Path | None = None) -> None:
    """Train on the bundled texts; the same texts give the same model.

    Parameters
    ----------
    ordinary : a table of posts of which nearly none complains, or a folder of such tables.
    """
    from detector.complaints.classification.training import (
        train,  # scikit-learn takes seconds to import
    )

    model_file, card_file = out / "complaints.skops", out / "README.md"
    require_writable(model_file, card_file)
    texts = {
        path.relative_to(resources.DATA).as_posix(): path.read_text(encoding="utf-8")
        for folder in LESSONS
        for path in sorted((resources.DATA / folder).rglob("*"))
        if path.suffix in _READ and path.name != "test.csv"
    }
    posts = [] if ordinary is None else list(_ordinary(ordinary))
    say = reader()
    with progress(say, "training", "steps"):
        model, card = train(texts, ordinary=posts)
    write_bytes(model_file, model)
    write_text(card_file, card)
    size = say.format.number(len(model))
    print(say.texts("command.texts.trained", bytes=size, place=model_file))


def _ordinary(place: Path) -> Iterator[str]:
    """Yield the texts of a table, or of all tables of a folder that have a column ``text``."""
    tables = sorted(place.iterdir()) if place.is_dir() else [place]
    found = False
    for path in tables:
        if path.is_dir() or (place.is_dir() and not path.name.endswith((".csv", ".csv.gz"))):
            continue
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        if "text" in frame:
            found = True
            yield from frame["text"]
    if not found:
        raise InputError("no table with a column 'text' here", path=place)


def simulate_scenario(name: str, out: Path | None, *, seed: int | None) -> None:
    """Write the posts of a bundled scenario, or list the scenarios."""
    say = reader()
    if name == "list":
        rows = [(s, say.texts.outage(bundled_scenario(s).title)) for s in scenario_names()]
        print_table(heads(say, "texts.scenario", "texts.reconstructs"), rows)
        return
    target = out or Path(f"{name}.jsonl")
    require_writable(target)
    posts = simulate(bundled_scenario(name), seed=seed)
    write_text(target, _json_lines(posts))
    print(say.texts("command.texts.simulated", number=len(posts), place=target))


def _json_lines(posts: pd.DataFrame) -> str:
    times = posts["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = posts.assign(time=times).to_dict("records")
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
