"""Facets against labelled sentences.

``facet_labels.csv`` was written by hand before any rule was tuned on it: every other sentence was
looked at while the rules were made, the rest was held back for the figures in ``docs/quality.md``.
"""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest

from detector.complaints.facets import tag
from detector.config import parse_settings
from detector.pipeline import setup
from tests.complaints import rigs

LABELS = rigs.ROOT / "tests" / "complaints" / "facet_labels.csv"


@cache
def labelled() -> pd.DataFrame:
    return pd.read_csv(LABELS, dtype=str, keep_default_na=False)


@cache
def tagged() -> pd.DataFrame:
    lexicon = setup.facet_lexicon(parse_settings("", path="none.toml"))
    return tag(labelled()[["text", "service"]], lexicon)


def precision_and_recall(facet: str, half: str) -> tuple[float, float]:
    rows = labelled()["half"] == half
    pairs = [
        (set(want.split(";")) - {""}, set(got.split(";")) - {""})
        for want, got in zip(labelled()[rows][facet], tagged()[rows][facet], strict=True)
    ]
    right = sum(len(want & got) for want, got in pairs)
    return right / sum(len(got) for _, got in pairs), right / sum(len(want) for want, _ in pairs)


def test_there_are_enough_sentences() -> None:
    assert labelled()["half"].value_counts().min() >= 150


@pytest.mark.parametrize(
    ("facet", "precision", "recall"),
    [
        pytest.param("component", 0.93, 0.93, id="components"),
        pytest.param("region", 0.98, 0.9, id="regions"),
        pytest.param("platform", 0.8, 0.8, id="platforms, of which there are few"),
    ],
)
@pytest.mark.parametrize("half", ["development", "held back"])
def test_facets_are_read_right(facet: str, half: str, precision: float, recall: float) -> None:
    found = precision_and_recall(facet, half)
    assert found[0] >= precision
    assert found[1] >= recall
