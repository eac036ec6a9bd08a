from __future__ import annotations

import collections
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import skops.io

from detector.complaints.classification.classifier import (
    COMPLAINTS,
    KINDS,
    UNDECIDED,
    Classifier,
    dump_classifier,
    load_classifier,
)
from detector.complaints.classification.encoders import Encode, Vectors
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


def test_the_kind_agrees_with_the_probability() -> None:
    texts = ("微信崩了", "微信好了", "心态崩了", "is wechat down?", "wechat stock is down", "收到")
    complaint, kinds = rigs.classifier().judge(readings(*texts))
    assert ((complaint >= 0) & (complaint <= 1)).all()
    assert set(kinds) <= set(KINDS)
    assert [kind in COMPLAINTS for kind in kinds] == (complaint >= 0.5).tolist()


class CountingEncoder:
    """An encoder that counts what it is asked and says the same of everything."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return np.ones((len(texts), 512), dtype=np.float32)


def with_encoder(encode: Encode | None) -> Classifier:
    return replace(rigs.classifier(), load=lambda _name: encode, known={})


UNSURE = ("is the site acting weird", "微信是不是有点问题啊", "is wechat down?")


def test_an_encoder_is_asked_only_where_words_are_undecided() -> None:
    encoder = CountingEncoder()
    texts = readings("今天吃火锅", *UNSURE)
    alone, _ = with_encoder(None).judge(texts)
    with_encoder(encoder).judge(texts)
    low, high = UNDECIDED
    undecided = {r.own for r, p in zip(texts, alone, strict=True) if low < p < high}
    assert undecided
    assert set(encoder.asked) == undecided


def test_what_an_encoder_said_is_remembered() -> None:
    encoder = CountingEncoder()
    classifier = with_encoder(encoder)
    first, _ = classifier.judge(readings(*UNSURE))
    asked = len(encoder.asked)
    again, _ = classifier.judge(readings(*UNSURE, *UNSURE))
    assert len(encoder.asked) == asked
    np.testing.assert_array_equal(again, np.tile(first, 2))


def test_each_reading_is_judged_by_itself() -> None:
    texts = readings("微信崩了", "心态崩了", *UNSURE)
    together, kinds = with_encoder(None).judge(texts)
    for i, text in enumerate(texts):
        alone, kind = with_encoder(None).judge([text])
        np.testing.assert_allclose(alone[0], together[i], atol=1e-6)
        assert kind[0] == kinds[i]


def test_no_readings_have_no_probabilities() -> None:
    complaint, kinds = rigs.classifier().judge([])
    assert complaint.shape == kinds.shape == (0,)


def test_a_classifier_survives_its_file() -> None:
    again = load_classifier(dump_classifier(rigs.classifier()))
    texts = readings("微信崩了", "is wechat down?")
    expected, kinds = rigs.classifier().judge(texts)
    np.testing.assert_allclose(again.judge(texts)[0], expected)
    assert again.judge(texts)[1].tolist() == kinds.tolist()


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
    probe = 1 - np.asarray(state()["probe"])
    with pytest.raises(InputError, match="other probabilities"):
        load_classifier(skops.io.dumps(state() | {"probe": probe}))
