"""Judged on hand labels that nobody trained on; see ``docs/quality.md``."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, f1_score

from detector.complaints.reader import read_posts, read_titles
from tests.complaints import rigs

needs_labels = pytest.mark.skipif(
    not (rigs.SHARED / "labels").is_dir(), reason="no hand labels at ../shared/data/labels"
)


def f1_and_precision(name: str, *, trained: bool) -> tuple[float, float]:
    labels = pd.read_csv(rigs.SHARED / "labels" / name, dtype=str, keep_default_na=False)
    read = read_posts(rigs.reader(trained=trained), labels[["text"]])
    said, true = (read["complaint"] >= 0.5).to_numpy(), (labels["label"] == "y").to_numpy()
    right = np.sum(said & true)
    return float(2 * right / (said.sum() + true.sum())), float(right / said.sum())


@needs_labels
def test_chinese_titles_are_told_apart() -> None:
    f1, precision = f1_and_precision("dev_titles_2022.csv", trained=True)
    assert f1 >= 0.93
    assert precision >= 0.95


@needs_labels
def test_english_support_tweets_are_told_apart() -> None:
    assert f1_and_precision("dev_support_tweets.csv", trained=True)[0] >= 0.75


@needs_labels
@pytest.mark.parametrize("name", ["dev_titles_2022.csv", "dev_support_tweets.csv"])
def test_the_model_orders_texts_better_than_the_words_alone(name: str) -> None:
    labels = pd.read_csv(rigs.SHARED / "labels" / name, dtype=str, keep_default_na=False)
    true = (labels["label"] == "y").to_numpy()
    trained, words = (
        average_precision_score(
            true, read_posts(rigs.reader(trained=t), labels[["text"]])["complaint"]
        )
        for t in (True, False)
    )
    assert trained > words


@needs_labels
@pytest.mark.parametrize(("language", "least"), [("en", 0.6), ("zh", 0.7)])
def test_posts_of_many_kinds_are_told_apart(language: str, least: float) -> None:
    labels = pd.read_csv(
        rigs.SHARED / "labels" / "dev_posts_2026.csv", dtype=str, keep_default_na=False
    )
    labels = labels[labels["lang"] == language].reset_index(drop=True)
    said = read_posts(rigs.reader(), labels[["text"]])["complaint"] >= 0.5
    assert f1_score(labels["label"] == "y", said) >= least


@needs_labels
def test_written_complaints_are_told_apart_in_every_language() -> None:
    labels = pd.read_csv(
        rigs.SHARED / "labels" / "dev_written.csv", dtype=str, keep_default_na=False
    )
    said = read_posts(rigs.reader(), labels[["text"]])["complaint"] >= 0.5
    found = {
        language: f1_score(rows["label"] == "y", said[rows.index])
        for language, rows in labels.groupby("lang")
    }
    assert min(found.values()) >= 0.73, found
    assert np.mean(list(found.values())) >= 0.86, found


@needs_labels
def test_no_training_text_is_a_label() -> None:
    folder = rigs.ROOT / "data/training"
    ours = {
        line.strip().casefold()
        for path in folder.glob("*.txt")
        for line in path.read_text(encoding="utf-8").splitlines()
    }
    theirs = {
        text.split(maxsplit=1)[-1].casefold() if text.startswith("@") else text.casefold()
        for path in (rigs.SHARED / "labels").glob("*.csv")
        for text in pd.read_csv(path, dtype=str, keep_default_na=False)["text"]
    }
    assert {text for text in ours & theirs if len(text) > 12} == set()


@needs_labels
def test_trending_outages_are_recognised() -> None:
    events = pd.read_csv(rigs.SHARED / "weibo_hotsearch/events_1min.csv")
    topics = events.loc[events["kind"].str.startswith("outage"), "topic"].drop_duplicates()
    read = read_titles(rigs.reader(), pd.DataFrame({"text": topics}))
    assert (read["complaint"] >= 0.5).mean() >= 0.95
