"""How well complaints are told from the rest: hand labels, words alone, model, labels added.

Run ``python -m benchmarks.labels [../shared/data]`` from the top of the checkout. The labels judge
the shipped model; only the last figure learns from them, each fifth judged by the other four.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold

from detector import resources
from detector.complaints.classifier import COMPLAINTS, TRAINED_KINDS, load_classifier
from detector.complaints.features import matrix
from detector.complaints.lexicon import parse_lexicon, parse_services
from detector.complaints.normalise import fold
from detector.complaints.reader import PostReader, build_reader, read_posts, read_titles
from detector.complaints.reading import read
from detector.complaints.training import Lessons, fit, prepare

SETS = {
    "Chinese titles": ("dev_titles_2022.csv", False),
    "support tweets": ("dev_support_tweets.csv", False),
    "airline tweets": ("dev_airline.csv", False),
    "airline tweets, service given": ("dev_airline.csv", True),
}


def main(shared: Path) -> None:
    """Print a table of figures and the list of false alarms among other topics."""
    with_model, by_words = _reader(trained=True), _reader(trained=False)
    lessons = prepare(_texts(), seed=1)
    print("| set | n | complaints | judge | precision | recall | F1 | PR-AUC |")
    print("|---|---|---|---|---|---|---|---|")
    for name, (file, given) in SETS.items():
        labels = pd.read_csv(shared / "labels" / file, dtype=str, keep_default_na=False)
        posts = labels[["text", "service"]] if given else labels[["text"]]
        true = (labels["label"] == "y").to_numpy()
        for judge, reader in (("words alone", by_words), ("model", with_model)):
            _row(name, judge, true, read_posts(reader, posts)["complaint"].to_numpy())
        _row(name, "model and labels, 5 folds", true, _crossed(posts, true, lessons))
    _titles(shared / "weibo_hotsearch", with_model)


def _reader(*, trained: bool) -> PostReader:
    services, weak = parse_services(resources.text("data/lexicon/services.csv"))
    lexicon = parse_lexicon(resources.text("data/lexicon/faults.toml"))
    model = load_classifier((resources.MODELS / "complaints.skops").read_bytes())
    return build_reader(services, lexicon, model if trained else None, weak=weak)


def _texts() -> dict[str, str]:
    files = [*(resources.DATA / "lexicon").iterdir(), *(resources.DATA / "training").iterdir()]
    return {p.relative_to(resources.DATA).as_posix(): p.read_text(encoding="utf-8") for p in files}


def _row(name: str, judge: str, true: NDArray[np.bool_], chance: NDArray[np.float64]) -> None:
    said = chance >= 0.5
    right = int((said & true).sum())
    precision, recall = right / max(int(said.sum()), 1), right / int(true.sum())
    f1 = 2 * right / int(said.sum() + true.sum())
    area = average_precision_score(true, chance)
    figures = " | ".join(f"{value:.3f}" for value in (precision, recall, f1, area))
    print(f"| {name} | {len(true)} | {true.sum()} | {judge} | {figures} |", flush=True)


def _crossed(posts: pd.DataFrame, true: NDArray[np.bool_], lessons: Lessons) -> NDArray[np.float64]:
    """Return chances of each fifth by a model that also learnt the other four."""
    reader = _reader(trained=False)
    given = posts["service"] if "service" in posts else [""] * len(posts)
    readings = [
        read(fold(text).replace("\n", " "), service, names=reader.names, lexicon=reader.lexicon)
        for text, service in zip(posts["text"], given, strict=True)
    ]
    columns = matrix(readings)
    kinds = np.where(true, TRAINED_KINDS.index("outage"), TRAINED_KINDS.index("unrelated"))
    chance = np.empty(len(true))
    for seen, unseen in StratifiedKFold(5, shuffle=True, random_state=1).split(kinds, kinds):
        more = replace(
            lessons,
            columns=sp.vstack([lessons.columns, columns[seen]], format="csr"),
            kinds=np.concatenate([lessons.kinds, kinds[seen]]),
            weights=np.concatenate([lessons.weights, np.ones(len(seen))]),
        )
        scores = fit(more).scores(columns[unseen])
        chance[unseen] = softmax(scores, axis=1)[:, COMPLAINTS].sum(axis=1)
    return chance


def _titles(hotsearch: Path, reader: PostReader) -> None:
    other = pd.read_csv(hotsearch / "heat_1min_other_topics.csv.gz", usecols=["topic"])
    events = pd.read_csv(hotsearch / "events_1min.csv")
    outages = events.loc[events["kind"].str.startswith("outage"), "topic"]
    for name, topics in (("other topics", other["topic"]), ("outage topics", outages)):
        read = read_titles(reader, pd.DataFrame({"text": topics.drop_duplicates()}))
        said = read["complaint"] >= 0.5
        print(f"\n{name}: {said.sum()} of {len(read)} ({said.mean():.1%}) taken for outages")
        wrong = read[said] if name == "other topics" else read[~said]
        print(wrong[["text", "service", "kind", "complaint"]].to_string(index=False))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data"))
