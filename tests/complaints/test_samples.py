from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector import resources
from detector.complaints.lexicon import parse_lexicon
from detector.complaints.samples import LONGEST, PRIOR, gather_evidence, mask, telling_words

USUAL = ["微信语音发不出去", "微信更新以后闪退", "my wechat keeps crashing", "朋友圈刷不出来"] * 30
SURGE = [
    "微信登录一直失败，重启也没用",
    "微信登录失败了吗？",
    "wechat login fails everywhere",
    "WeChat stuck on login in Shanghai",
    "上海微信登录失败",
    "微信打不开",
] * 10


def table(texts: list[str], authors: list[str] | None = None) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "time": pd.Timestamp("2024-03-05 10:00", tz="UTC")
            + pd.to_timedelta(range(len(texts)), unit="s"),
            "text": texts,
        }
    )
    return frame if authors is None else frame.assign(author=authors)


def test_words_of_the_surge_are_named_in_both_languages() -> None:
    found = [word.text for word in telling_words(SURGE, USUAL)]
    assert "login" in found
    assert any("登录" in text for text in found)
    assert "wechat" not in found[:3]


def test_a_run_of_characters_is_told_once_and_whole() -> None:
    surge = ["网关错误又来", "出现网关错误", "网关错误真烦", "又是网关错误"] * 10
    found = [word.text for word in telling_words(surge, USUAL)]
    assert "网关错误" in found
    assert not {"网关", "关错", "错误"} & set(found)


def test_z_is_the_log_odds_with_an_informative_prior() -> None:
    (word,) = telling_words(["outage"] * 10 + ["login"] * 30, ["login"] * 40)
    prior = PRIOR * 10 / 80
    here, there = 10 + prior, 0 + prior
    odds = math.log(here / (40 + PRIOR - here)) - math.log(there / (40 + PRIOR - there))
    assert word.text == "outage"
    assert word.z == pytest.approx(odds / math.sqrt(1 / here + 1 / there))
    assert (word.posts, word.usual_posts) == (10, 0)


def test_a_word_said_less_than_five_times_tells_nothing() -> None:
    assert telling_words(["gateway"] * 4, USUAL) == ()


@pytest.mark.parametrize(
    ("surge", "usual"),
    [
        pytest.param([], USUAL, id="no surge"),
        pytest.param(["!!!", "123"] * 9, USUAL, id="no words"),
        pytest.param(USUAL, USUAL, id="the same as ever"),
        pytest.param(["outage"] * 9, ["outage"] * 3, id="one word, and nothing else ever"),
    ],
)
def test_nothing_new_gives_no_words(surge: list[str], usual: list[str]) -> None:
    assert telling_words(surge, usual) == ()


def test_samples_have_distinct_authors_and_say_different_things() -> None:
    surge = table(SURGE, [f"a{i % 3}" for i in range(len(SURGE))])
    evidence = gather_evidence(surge, table(USUAL), limit=5)
    assert 2 <= len(evidence.samples) <= 3
    assert len({sample.text for sample in evidence.samples}) == len(evidence.samples)


def test_retweets_of_one_text_give_one_sample() -> None:
    texts = [f"微信登录一直失败，重启也没用 https://t.cn/{i:03d}" for i in range(40)]
    evidence = gather_evidence(table(texts, [f"a{i}" for i in range(40)]), table(USUAL))
    assert [sample.text for sample in evidence.samples] == ["微信登录一直失败，重启也没用 [link]"]


def test_order_of_the_rows_does_not_matter() -> None:
    surge = table(SURGE, [f"a{i}" for i in range(len(SURGE))])
    assert gather_evidence(surge, table(USUAL)) == gather_evidence(
        surge.sample(frac=1, random_state=3), table(USUAL)
    )


def test_no_complaints_give_no_evidence() -> None:
    empty = table(["x"]).iloc[:0]
    assert gather_evidence(empty, empty).samples == ()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("崩了 HTTPS://T.CN/aB1", "崩了 [link]", id="a link in capitals"),
        pytest.param("@小明 微信崩了", "[user] 微信崩了", id="a mention"),
        pytest.param("mail me: ann.b@example.com", "mail me: [mail]", id="an address"),
        pytest.param("打我电话13800138000", "打我电话[number]", id="a telephone number"),
        pytest.param("error 502", "error 502", id="an error code stays"),
        pytest.param("a\r\n\tb\u202ec\x1b[31m", "a b c [31m", id="control characters"),
        pytest.param("崩" * 200, "崩" * (LONGEST - 1) + "…", id="too long"),
    ],
)
def test_what_is_shown_is_masked(text: str, shown: str) -> None:
    assert mask(text) == shown


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=8), st.integers(0, 8))
def test_any_texts_give_evidence(texts: list[str], cut: int) -> None:
    surge, usual = table(texts), table(texts[:cut] or [""])
    evidence = gather_evidence(surge, usual)
    assert len(evidence.samples) <= 5
    assert evidence.samples


@given(st.text(max_size=300))
def test_any_text_becomes_one_short_line(text: str) -> None:
    shown = mask(text)
    assert len(shown) <= LONGEST
    assert shown.isprintable() or not text.isprintable()
    assert "\n" not in shown
    assert "\x1b" not in shown


# --- whole words -------------------------------------------------------------------------------

LEXICON = parse_lexicon(resources.text("data/lexicon/faults.toml"))
FAILING = [
    "微信发不出去消息了是我网不好吗",
    "微信发不出去了，是我的问题吗 #微信崩了#",
    "微信又发不出去，红色感叹号 #wechatdown",
    "wechat spinning forever 发不出去",
] * 10


def test_only_whole_words_are_shown() -> None:
    calm = table(["微信闪退", "朋友圈刷不出来", "my wechat keeps crashing"] * 40)
    evidence = gather_evidence(table(FAILING), calm, lexicon=LEXICON)
    shown = {word.text for word in evidence.words}
    assert "发不出去" in shown
    assert "微信崩了" in shown
    assert "spinning" in shown
    assert not {"微信发", "是我", "信发", "我网", "发不", "不出去"} & shown
    chinese = {text for text in shown if text[0] >= "\u3400"}
    assert chinese <= {*LEXICON.phrases, "微信崩了"}


def test_without_a_lexicon_no_fragment_is_shown_either() -> None:
    evidence = gather_evidence(table(FAILING), table(USUAL))
    chinese = {word.text for word in evidence.words if word.text[0] >= "\u3400"}
    assert chinese <= {"微信崩了"}


def test_what_is_shown_does_not_change_the_samples() -> None:
    with_words, without = (
        gather_evidence(table(FAILING), table(USUAL), lexicon=one) for one in (LEXICON, None)
    )
    assert with_words.samples == without.samples
