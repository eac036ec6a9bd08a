from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from detector.complaints.classification.classifier import KINDS, load_classifier
from detector.complaints.classification.training import train
from detector.complaints.classification.training_texts import (
    fill,
    fillings,
    parse_slots,
    parse_templates,
)
from detector.complaints.normalise import fold
from detector.complaints.reading import read
from detector.errors import InputError
from tests.complaints import rigs

SLOTS = parse_slots('app = ["@zh", "@zh"]\nzh = ["微信", "{who}的淘宝"]\nwho = ["我"]\n')
SMALL = {
    "lexicon/faults.toml": (rigs.ROOT / "data/lexicon/faults.toml").read_text(encoding="utf-8"),
    "lexicon/services.csv": (rigs.ROOT / "data/lexicon/services.csv").read_text(encoding="utf-8"),
    "training/slots.toml": 'handle = ["AppHelp"]\napp = ["微信", "淘宝", "抖音"]\n',
    "training/small.txt": """
[outage post]
{app}崩了
{app}打不开了
{app}是不是又挂了
[outage title]
{app}崩了
[malfunction support]
it keeps crashing
it still does not load
[quirk post]
{app}的翻译笑死我
{app}的翻译绝了哈哈
[recovered post]
{app}恢复正常了
{app}好了
[report post]
{app}公布了昨天宕机的原因
{app}就上周的故障发布说明
[unrelated post]
今天吃火锅
{app}上看到一只猫
心态崩了
[unrelated title]
大盘崩了
[unrelated support]
thanks
how do I pay?
""",
}


@pytest.mark.parametrize(
    ("template", "possible"),
    [
        pytest.param("好", {"好"}, id="nothing to fill"),
        pytest.param("<a|b>", {"a", "b"}, id="alternatives"),
        pytest.param("{zh}", {"微信", "我的淘宝"}, id="a slot within a slot"),
        pytest.param("{app}<|!>", {"微信", "我的淘宝", "微信!", "我的淘宝!"}, id="by reference"),
    ],
)
def test_a_template_is_filled_in_every_possible_way(template: str, possible: set[str]) -> None:
    assert set(fillings(template, SLOTS, random.Random(1), most=50)) == possible


def test_a_slot_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match="no slot 'shop'"):
        fill("{shop}", SLOTS, random.Random(1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("崩了", "before the first", id="a text before any section"),
        pytest.param("[comet post]\n哈", "kinds are outage", id="an unknown kind"),
        pytest.param("[outage radio]\n崩了", "channels are title", id="an unknown channel"),
    ],
)
def test_a_broken_training_file_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        parse_templates(text, kinds=KINDS, path="x.txt")
    assert refused.value.line == 1


def test_the_bundled_templates_can_all_be_filled() -> None:
    folder = rigs.ROOT / "data/training"
    slots = parse_slots((folder / "slots.toml").read_text(encoding="utf-8"))
    rng = random.Random(0)
    for path in sorted(folder.glob("*.txt")):
        text = path.read_text(encoding="utf-8")
        for template in parse_templates(text, kinds=KINDS, path=path.name):
            filled = fill(template.text, slots, rng)
            assert filled
            assert "{" not in filled


SENTENCES = """[outage]
{app} is down
cannot open {app} at all
nothing loads on {app}
[malfunction]
{app} is very slow
[recovered]
{app} is back
[joke]
my brain is down
[ordinary]
lovely weather today
follow me on {app}
I had noodles for lunch
"""
LEXICON = """
written = "for a test"
name = "Test"
faults = ["down", "cannot open"]
over = ["is back"]
[services]
[components]
[regions]
[carriers]
"""
WITH_SENTENCES = SMALL | {
    "languages/en/lexicon.toml": LEXICON,
    "languages/en/training.txt": "\n".join(
        SENTENCES.replace("{app}", app) for app in ("whatsapp", "gmail", "spotify", "uber", "steam")
    ),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_training_twice_gives_the_same_model() -> None:
    (first, card), (second, other) = (train(WITH_SENTENCES, encode={}) for _ in range(2))
    texts = [
        read(fold(t), "", names=rigs.names(), lexicon=rigs.lexicon())
        for t in ("whatsapp is down", "I had noodles for lunch")
    ]
    chances = [load_classifier(model).judge(texts)[0] for model in (first, second)]
    np.testing.assert_array_equal(*chances)
    assert chances[0][0] > chances[0][1]
    assert card == other
    assert "no ordinary texts" in card


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_card_says_what_was_learnt_from() -> None:
    ordinary = [f"the weather of day {day} was fine" for day in range(40)]
    _, card = train(WITH_SENTENCES, ordinary=ordinary, encode={"use": _lengths})
    assert "40 ordinary public posts" in card
    assert "Encoders: use" in card


def _lengths(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return a vector of each text that knows no more than its length."""
    vectors = np.zeros((len(texts), 512), dtype=np.float32)
    vectors[:, 0] = [len(text) for text in texts]
    return vectors


def test_a_missing_file_is_named() -> None:
    with pytest.raises(InputError, match=r"faults\.toml"):
        train({})
