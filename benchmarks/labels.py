"""How well complaints are told from the rest: hand labels, texts by another hand, ordinary posts.

Run ``python -m benchmarks.labels [../shared/data]`` from the top of the checkout. Nothing of what
is read here was learnt from. Judges: words alone, the n-gram model, the cascade with the encoder.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from detector import resources
from detector.complaints.classification.classifier import COMPLAINTS, Classifier, load_classifier
from detector.complaints.lexicon import parse_lexicon, parse_services
from detector.complaints.reader import PostReader, build_reader, read_posts, read_titles
from detector.pipeline.setup import languages

Labelled = tuple[str, pd.DataFrame, NDArray[np.bool_]]
FILES = {
    "Chinese titles": "dev_titles_2022.csv",
    "support tweets": "dev_support_tweets.csv",
    "airline tweets": "dev_airline.csv",
}
#: Every so manyth text of the stream was kept from training.
KEPT_FROM_TRAINING = 4


def main(shared: Path) -> None:
    """Print the tables of docs/quality.md."""
    readers = dict(_readers())
    print("| set | n | complaints | judge | precision | recall | F1 | PR-AUC |")
    print("|---|---|---|---|---|---|---|---|")
    chances: list[tuple[NDArray[np.float64], NDArray[np.bool_]]] = []
    for name, posts, true in (*_labelled(shared / "labels"), *_by_another_hand()):
        for judge, reader in readers.items():
            chance = read_posts(reader, posts)["complaint"].to_numpy()
            _row(name, judge, true, chance)
        chances.append((chance, true))
    _reliability(chances)
    _services(readers["cascade"])
    _stream(shared / "stream", readers)
    _titles(shared / "weibo_hotsearch", readers["cascade"])


def _readers() -> Iterator[tuple[str, PostReader]]:
    services, weak = parse_services(resources.text("data/lexicon/services.csv"))
    lexicon = parse_lexicon(resources.text("data/lexicon/faults.toml"))
    cascade = load_classifier((resources.MODELS / "complaints.skops").read_bytes())
    alone: Classifier = replace(cascade, load=lambda _name: None)
    for name, model in (("words alone", None), ("n-grams alone", alone), ("cascade", cascade)):
        yield name, build_reader(services, lexicon, model, weak=weak, languages=languages())


def _labelled(folder: Path) -> Iterator[Labelled]:
    for name, file in FILES.items():
        labels = pd.read_csv(folder / file, dtype=str, keep_default_na=False)
        yield name, labels[["text"]], (labels["label"] == "y").to_numpy()
    for name, file in (("posts", "dev_posts_2026.csv"), ("written", "dev_written.csv")):
        labels = pd.read_csv(folder / file, dtype=str, keep_default_na=False)
        for language, rows in labels.groupby("lang"):
            posts = rows[["text"]].reset_index(drop=True)
            yield f"{name}, {language}", posts, (rows["label"] == "y").to_numpy()


def _by_another_hand() -> Iterator[Labelled]:
    for path in sorted((resources.DATA / "languages").glob("*/test.csv")):
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
        yield (
            f"own test, {path.parent.name}",
            rows[["text"]],
            rows["class"].isin(COMPLAINTS).to_numpy(),
        )


def _row(name: str, judge: str, true: NDArray[np.bool_], chance: NDArray[np.float64]) -> None:
    said = chance >= 0.5
    right = int((said & true).sum())
    precision, recall = right / max(int(said.sum()), 1), right / int(true.sum())
    f1 = 2 * right / int(said.sum() + true.sum())
    area = average_precision_score(true, chance)
    figures = " | ".join(f"{value:.3f}" for value in (precision, recall, f1, area))
    print(f"| {name} | {len(true)} | {true.sum()} | {judge} | {figures} |", flush=True)


def _reliability(chances: list[tuple[NDArray[np.float64], NDArray[np.bool_]]]) -> None:
    chance = np.concatenate([one for one, _ in chances])
    true = np.concatenate([one for _, one in chances])
    print("\n| probability | texts | mean | share of complaints |\n|---|---|---|---|")
    for tenth in range(10):
        here = np.minimum((chance * 10).astype(int), 9) == tenth
        figures = f"{here.sum()} | {chance[here].mean():.2f} | {true[here].mean():.2f}"
        print(f"| {tenth / 10:.1f} | {figures} |")


def _services(reader: PostReader) -> None:
    print("\n| language | complaints that name a service | named right |\n|---|---|---|")
    for path in sorted((resources.DATA / "languages").glob("*/test.csv")):
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
        rows = rows[rows["service"] != ""].reset_index(drop=True)
        wanted = [reader.canonical(name) for name in rows["service"]]
        found = read_posts(reader, rows[["text"]])["service"]
        print(f"| {path.parent.name} | {len(rows)} | {np.mean(found == wanted):.2f} |")


def _stream(folder: Path, readers: dict[str, PostReader]) -> None:
    print("\n| ordinary texts | judge | hits per million | discovered names per million |")
    print("|---|---|---|---|")
    for kind in ("posts_en", "posts_zh", "titles_zh"):
        texts = pd.read_csv(folder / f"{kind}.csv.gz", dtype=str, keep_default_na=False)[["text"]]
        kept = texts[np.arange(len(texts)) % KEPT_FROM_TRAINING == KEPT_FROM_TRAINING - 1]
        for judge, reader in readers.items():
            read = read_posts(reader, kept.reset_index(drop=True))
            said = read["complaint"] >= 0.5
            new = said & read["discovered"]
            print(
                f"| {kind} | {judge} | {said.mean() * 1e6:.0f} | {new.mean() * 1e6:.0f} |",
                flush=True,
            )


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
