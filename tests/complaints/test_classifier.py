from __future__ import annotations

import collections

import numpy as np
import pytest
import skops.io

from detector.complaints.classifier import (
    COMPLAINTS,
    KINDS,
    TRAINED_KINDS,
    dump_classifier,
    load_classifier,
)
from detector.complaints.normalise import fold
from detector.complaints.reading import Reading, read
from detector.errors import InputError
from tests.complaints import rigs

MODEL = (rigs.ROOT / "models/complaints.skops").read_bytes()


def readings(*texts: str) -> list[Reading]:
    return [read(fold(t), "", names=rigs.names(), lexicon=rigs.lexicon()) for t in texts]


def state() -> dict[str, object]:
    loaded = skops.io.loads(MODEL, trusted=[])
    assert isinstance(loaded, dict)
    return loaded


def test_the_model_holds_nothing_that_must_be_trusted() -> None:
    assert skops.io.get_untrusted_types(data=MODEL) == []


def test_probabilities_of_a_reading_sum_to_one() -> None:
    chances = rigs.classifier().probabilities(readings("微信崩了", "hello", ""))
    assert chances.shape == (3, len(TRAINED_KINDS))
    np.testing.assert_allclose(chances.sum(axis=1), 1.0)


def test_the_kind_agrees_with_the_probability() -> None:
    texts = ("微信崩了", "微信好了", "心态崩了", "is wechat down?", "wechat stock is down", "收到")
    complaint, kinds = rigs.classifier().judge(readings(*texts))
    chances = rigs.classifier().probabilities(readings(*texts))
    np.testing.assert_allclose(complaint, chances[:, COMPLAINTS].sum(axis=1))
    assert set(kinds) <= set(KINDS)
    assert all(
        k in ("outage", "malfunction") for k, p in zip(kinds, complaint, strict=True) if p >= 0.5
    )


def test_no_readings_have_no_probabilities() -> None:
    complaint, kinds = rigs.classifier().judge([])
    assert complaint.shape == kinds.shape == (0,)


def test_a_classifier_survives_its_file() -> None:
    again = load_classifier(dump_classifier(rigs.classifier()))
    texts = readings("微信崩了", "is wechat down?")
    expected = rigs.classifier().probabilities(texts)
    np.testing.assert_allclose(again.probabilities(texts), expected)


def test_foreign_types_are_refused_before_anything_is_loaded() -> None:
    hostile = skops.io.dumps(state() | {"weights": collections.Counter(a=1)})
    with pytest.raises(InputError, match="not trusted"):
        load_classifier(hostile)


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises(InputError, match="no model file"):
        load_classifier(b"not a zip")


@pytest.mark.parametrize("key", ["format", "layout"])
def test_a_model_of_another_version_is_refused(key: str) -> None:
    other = skops.io.dumps(state() | {key: "another"})
    with pytest.raises(InputError, match=r"another version.*outage-detector train"):
        load_classifier(other)


def test_a_model_that_says_something_else_here_is_refused() -> None:
    probe = np.asarray(state()["probe"])[:, ::-1].copy()
    with pytest.raises(InputError, match="other probabilities"):
        load_classifier(skops.io.dumps(state() | {"probe": probe}))
