from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.complaints.normalise import fold, fold_all, masked, own_words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        pytest.param("ＷｅＣｈａｔ", "wechat", id="full width and case"),
        pytest.param("微信當機，登錄不了", "微信当机,登录不了", id="traditional script"),
        pytest.param("can’t", "can't", id="curly quotes"),
        pytest.param("微\u200b信", "微信", id="characters that hide words"),
        pytest.param("I\ufe0f can", "i can", id="a selector left behind by a keyboard"),
        pytest.param("👨‍👩‍👧😭", "👨‍👩‍👧😭", id="composed emoji stay whole"),
    ],
)
def test_what_means_the_same_is_folded_to_the_same(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.lists(st.text(max_size=40), min_size=1, max_size=8))
def test_a_batch_is_folded_as_its_texts_are(texts: list[str]) -> None:
    plain = [" ".join(text.splitlines()) for text in texts]
    assert fold_all(plain).split("\n") == [fold(text) for text in plain]


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "own"),
    [
        pytest.param("我的也是//@小明:微信崩了", "我的也是", id="a retweet chain is not one's own"),
        pytest.param("//@小明:微信崩了", "", id="a bare retweet says nothing itself"),
        pytest.param("rt @ann: wechat is down", "", id="an old-style retweet"),
        pytest.param("回复@小明:我也登不上", "我也登不上", id="the head of a reply"),
        pytest.param("今天真热 老王的微博视频", "今天真热", id="what the platform appends"),
    ],
)
def test_only_the_authors_own_words_count(text: str, own: str) -> None:
    assert own_words(text) == own


def test_links_and_mentions_are_masked() -> None:
    own = "@anna look https://t.co/abc #微信崩了#"
    assert masked(own) == "<user> look <url>  微信崩了"
