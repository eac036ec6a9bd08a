from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.complaints.classification.classifier import COMPLAINTS
from detector.complaints.reader import read_posts, read_titles
from tests.complaints import rigs

TOO_HARD = pytest.mark.xfail(reason="a known weakness: docs/quality.md, Limits", strict=True)


def chance(text: str, service: str = "") -> float:
    frame = pd.DataFrame({"text": [text], "service": [service]})
    return float(read_posts(rigs.reader(), frame)["complaint"].iloc[0])


@pytest.mark.parametrize(
    "text",
    [
        "微信是不是崩了，消息发不出去",
        "淘宝又崩了",
        "画图宝崩了",
        "is WeChat down for anyone else?",
        "WeChat keeps crashing since this morning",
        "原来不是我手机的问题，微信真的登不上",
    ],
)
def test_a_service_that_fails_now_is_a_complaint(text: str) -> None:
    assert chance(text) >= 0.5


@pytest.mark.parametrize(
    "text",
    [
        "看到结局泪崩了",
        "股价崩了，账户又绿了",
        "啃骨头牙崩了一块",
        "今天心态崩了",
        "跟甲方谈崩了",
        "他人设崩了",
        "I'm down for dinner on WeChat",
        "calm down everyone",
        pytest.param("is WeChat still down? no, works again", marks=TOO_HARD),
        "微信好了，终于恢复正常",
        pytest.param("WeChat apologizes for yesterday's outage", marks=TOO_HARD),
        "how do I change my name on WeChat?",
        "follow me on Instagram",
    ],
)
def test_what_only_sounds_like_it_is_none(text: str) -> None:
    assert chance(text) < 0.5


def test_a_laughed_at_quirk_is_no_complaint() -> None:
    frame = pd.DataFrame({"text": ["哈哈哈哈微信的翻译有毒，国旗翻出来一句情话"]})
    read = read_posts(rigs.reader(), frame)
    assert read["complaint"].iloc[0] < 0.5
    assert read["kind"].iloc[0] not in COMPLAINTS


def test_the_columns_are_added_and_the_index_kept() -> None:
    posts = pd.DataFrame({"text": ["微信崩了", "早安", None], "id": [7, 8, 9]}, index=[4, 2, 9])
    read = read_posts(rigs.reader(), posts)
    assert list(read.index) == [4, 2, 9]
    assert list(read.columns) == ["text", "id", "complaint", "service", "discovered", "kind"]
    assert list(read["service"]) == ["微信", "", ""]
    assert list(read["kind"]) == ["outage", "unrelated", "unrelated"]


@pytest.mark.parametrize("title", ["画图宝崩了", "微信又崩了", "心态崩了", "画图宝恢复正常"])
def test_a_given_service_does_not_change_what_a_title_says(title: str) -> None:
    assert (chance(title, service="画图宝") >= 0.5) == (chance(title) >= 0.5)


def test_no_posts_are_read_to_no_rows() -> None:
    read = read_posts(rigs.reader(), pd.DataFrame({"text": pd.Series([], dtype=str)}))
    assert read.empty
    assert "complaint" in read


def test_a_title_is_read_without_its_hash_signs() -> None:
    read = read_titles(rigs.reader(), pd.DataFrame({"text": ["#微信崩了#"]}))
    assert read["complaint"].iloc[0] >= 0.5
    assert read["service"].iloc[0] == "微信"


WORDS = [
    "微信",
    "崩了",
    "wechat",
    "is down",
    "心态",
    "好了",
    "画图宝",
    "\n",
    "//@a:",
    "#",
    "😭",
    "works",
]
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None)
@given(TEXTS, st.integers(0, 6))
def test_rows_do_not_influence_each_other(texts: list[str], cut: int) -> None:
    posts = pd.DataFrame({"text": texts})
    whole = read_posts(rigs.reader(), posts)
    pieces = [p for p in (posts.iloc[:cut], posts.iloc[cut:]) if len(p)]
    parts = pd.concat([read_posts(rigs.reader(), piece) for piece in pieces])
    pd.testing.assert_frame_equal(whole, parts, check_exact=False, rtol=1e-5)


@given(st.text(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_text_gets_a_probability(text: str) -> None:
    assert 0.0 <= chance(text, service="微信") <= 1.0
