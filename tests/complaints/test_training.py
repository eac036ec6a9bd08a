from __future__ import annotations

import random

import numpy as np
import pytest

from detector.complaints.classifier import TRAINED_KINDS, load_classifier
from detector.complaints.normalise import fold
from detector.complaints.reading import read
from detector.complaints.training import train
from detector.complaints.training_texts import fill, fillings, parse_slots, parse_templates
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
        pytest.param("[joke post]\n哈", "kinds are outage", id="an unknown kind"),
        pytest.param("[outage radio]\n崩了", "channels are title", id="an unknown channel"),
    ],
)
def test_a_broken_training_file_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        parse_templates(text, kinds=TRAINED_KINDS, path="x.txt")
    assert refused.value.line == 1


def test_the_bundled_templates_can_all_be_filled() -> None:
    folder = rigs.ROOT / "data/training"
    slots = parse_slots((folder / "slots.toml").read_text(encoding="utf-8"))
    rng = random.Random(0)
    for path in sorted(folder.glob("*.txt")):
        text = path.read_text(encoding="utf-8")
        for template in parse_templates(text, kinds=TRAINED_KINDS, path=path.name):
            filled = fill(template.text, slots, rng)
            assert filled
            assert "{" not in filled


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_training_twice_gives_the_same_model() -> None:
    (first, card), (second, other) = train(SMALL), train(SMALL)
    texts = [
        read(fold(t), "", names=rigs.names(), lexicon=rigs.lexicon())
        for t in ("微信崩了", "今天吃火锅")
    ]
    models = load_classifier(first), load_classifier(second)
    np.testing.assert_array_equal(*(model.probabilities(texts) for model in models))
    assert card == other


def test_a_missing_file_is_named() -> None:
    with pytest.raises(InputError, match=r"faults\.toml"):
        train({})
