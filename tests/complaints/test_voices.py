from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.complaints.authors import FLOOD, copy_keys, count_authors
from detector.complaints.describe import SurgeKind, character

MINUTE = timedelta(minutes=1)
START = pd.Timestamp("2024-03-05 10:00", tz="UTC")
SAYINGS = [
    "微信崩了",
    "is WeChat down?",
    "微信登不上去了",
    "weixin down了吗",
    "微信一直在转圈，什么情况",
]


def posts(
    minutes: list[float], authors: list[str] | None, texts: list[str], service: str = "微信"
) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "time": START + pd.to_timedelta([60 * m for m in minutes], unit="s"),
            "service": service,
            "text": texts,
        }
    )
    return frame if authors is None else frame.assign(author=authors)


def crowd(n: int, people: int, *, minutes: float = 60, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return posts(
        sorted(rng.uniform(0, minutes, n).tolist()),
        [f"a{i}" for i in rng.integers(0, people, n)],
        [SAYINGS[i] for i in rng.integers(0, len(SAYINGS), n)],
    )


def test_ten_thousand_posts_by_five_accounts_are_a_handful_of_voices() -> None:
    counted = count_authors(crowd(10_000, 5), width=MINUTE)
    assert counted["posts"].sum() == 10_000
    assert counted["voices"].sum() <= 10


def test_the_same_volume_by_three_hundred_people_is_three_hundred_voices_or_more() -> None:
    counted = count_authors(crowd(10_000, 300), width=MINUTE)
    assert counted["posts"].sum() == 10_000
    assert 300 <= counted["voices"].sum() <= 600
    assert set(counted["counted"]) == {"voices"}


def test_five_accounts_that_go_on_all_day_fall_silent() -> None:
    counted = count_authors(crowd(10_000, 5, minutes=24 * 60), width=MINUTE)
    assert counted["voices"].sum() <= 10


def test_a_person_who_goes_on_for_hours_counts_about_once_an_hour() -> None:
    minutes = [15.0 * i for i in range(40)]
    said = posts(minutes, ["ann"] * 40, [SAYINGS[i % 5] for i in range(40)])
    assert count_authors(said, width=MINUTE)["voices"].sum() in (10, 11)


def test_two_services_are_two_voices_of_one_author() -> None:
    both = pd.concat([posts([1.0], ["ann"], ["崩了"], service=name) for name in ("微信", "QQ")])
    assert count_authors(both, width=MINUTE)["voices"].tolist() == [1, 1]


LONG = "微信崩了！大家快换成某某聊天，稳定不掉线，还可以领取红包，点击下载"


def test_a_text_that_a_thousand_accounts_copy_counts_five_times() -> None:
    n = 1000
    copies = posts(
        np.linspace(0, 30, n).tolist(),
        [f"bot{i}" for i in range(n)],
        [f"{LONG} https://t.example/{i} @user{i}" for i in range(n)],
    )
    # Windows start at a phase of the text's own, so half an hour may touch two of them.
    assert 5 <= count_authors(copies, width=MINUTE)["voices"].sum() <= 2 * 5


def test_short_words_that_everybody_uses_are_no_copies() -> None:
    said = posts(
        np.linspace(0, 30, 200).tolist(), [f"p{i}" for i in range(200)], ["微信崩了"] * 200
    )
    assert count_authors(said, width=MINUTE)["voices"].sum() == 200


def test_without_authors_posts_are_counted_and_labelled_so() -> None:
    counted = count_authors(posts([0.1, 0.2, 5.0], None, ["微信崩了"] * 3), width=MINUTE)
    assert counted["count"].tolist() == [2, 1]
    assert set(counted["counted"]) == {"posts"}


def test_one_missing_author_labels_its_bin_only() -> None:
    said = posts([0.1, 5.0], ["ann", ""], ["微信崩了"] * 2)
    assert count_authors(said, width=MINUTE)["counted"].tolist() == ["voices", "posts"]


def test_no_complaints_give_no_bins() -> None:
    assert count_authors(crowd(3, 3).iloc[:0], width=MINUTE).empty


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    cut=st.integers(70, 170),
    people=st.sampled_from([2, 20, 400]),
)
def test_chunks_with_a_window_of_context_give_the_bins_of_the_whole(
    seed: int, cut: int, people: int
) -> None:
    everything = crowd(600, people, minutes=180, seed=seed).sample(frac=1.0, random_state=seed)
    everything["text"] = [
        LONG + SAYINGS[i % 5] if i % 3 == 0 else text + " http://t.cn/a" * (i % 7 == 0)
        for i, text in enumerate(everything["text"])
    ]
    edge = START + cut * MINUTE
    whole = count_authors(everything, width=MINUTE)
    before = count_authors(everything[everything["time"] < edge], width=MINUTE)
    after = count_authors(
        everything[everything["time"] >= edge - timedelta(hours=1)],
        width=MINUTE,
        since=edge.to_pydatetime(),
    )
    pd.testing.assert_frame_equal(whole, pd.concat([before, after], ignore_index=True))


def test_bins_before_since_are_context_only() -> None:
    counted = count_authors(
        crowd(50, 50), width=MINUTE, since=datetime(2024, 3, 5, 10, 30, tzinfo=UTC)
    )
    assert counted["time"].min() >= START + 30 * MINUTE


def test_more_than_a_post_a_minute_is_no_person() -> None:
    # 1.5 posts a minute for three hours: counted at first, then known for a machine.
    minutes = (np.arange(270) / 1.5).tolist()
    fast = posts(minutes, ["bot"] * 270, ["微信崩了"] * 270)
    slow = posts([2 * m for m in minutes], ["ann"] * 270, ["微信崩了"] * 270)
    assert FLOOD == 60
    assert count_authors(fast, width=MINUTE)["voices"].sum() <= 2
    assert count_authors(slow, width=MINUTE)["voices"].sum() in (6, 7)


def jaccard(left: str, right: str) -> float:
    a, b = ({text[i : i + 4] for i in range(len(text) - 3)} for text in (left, right))
    return len(a & b) / len(a | b)


@settings(max_examples=200, deadline=None)
@given(
    st.text(alphabet="微信崩了登录不上消息发图片路由器重启手机网络客服", min_size=40, max_size=60),
    st.data(),
)
def test_keys_meet_as_the_shared_words_do(text: str, data: st.DataObject) -> None:
    """Same words meet for sure; texts that share nothing never do."""
    start = data.draw(st.integers(0, len(text)))
    other = text[start:] + "完全另外一些没有关系的句子在此处出现而已呀"[: max(0, start)]
    keys, judged = copy_keys([text, f"  {text.upper()}!!! https://t.cn/abc", other])
    assert judged[0]
    assert (keys[0] == keys[1]).all()
    if jaccard(text, other) == 0:
        assert not (keys[0] == keys[2]).any()


@pytest.mark.parametrize(
    ("text", "judged"),
    [
        pytest.param("微信崩了", False, id="three characters and a word"),
        pytest.param("is WeChat down for anyone else?", False, id="a common English question"),
        pytest.param(LONG, True, id="an advert"),
        pytest.param("12345 67890 !!!!!!!! 12345 67890 99999", False, id="no letters"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_only_long_texts_are_judged(text: str, judged: bool) -> None:
    assert copy_keys([text])[1].tolist() == [judged]


def test_a_press_wave_is_media() -> None:
    wave = posts(
        np.linspace(0, 60, 300).tolist(),
        [f"media{i}" for i in range(300)],
        [f"微信崩了 {SAYINGS[i % 5]} https://news.example/{i}" for i in range(300)],
    )
    found = character(wave, crowd(100, 80))
    assert found.kind is SurgeKind.MEDIA
    assert found.linked.low > 0.9
    assert found.newcomers == 1.0


def test_people_with_an_occasional_link_are_an_outage() -> None:
    surge = crowd(500, 400)
    surge.loc[surge.index[::10], "text"] += " https://pic.example/1"
    assert character(surge, crowd(100, 80, seed=2)).kind is SurgeKind.OUTAGE


def test_five_accounts_are_a_brigade_however_much_they_write() -> None:
    found = character(crowd(10_000, 5), crowd(100, 80))
    assert found.kind is SurgeKind.BRIGADE
    assert found.authors == 5


def test_a_press_wave_is_a_handful_of_voices_however_it_is_worded() -> None:
    wave = posts(
        np.linspace(0, 60, 300).tolist(),
        [f"media{i}" for i in range(300)],
        [f"{SAYINGS[i % 5]} http://t.cn/a{i}" for i in range(300)],
    )
    assert count_authors(wave, width=MINUTE)["voices"].sum() <= 2 * 5


def test_a_picture_is_no_link_elsewhere() -> None:
    shots = posts(
        np.linspace(0, 60, 100).tolist(),
        [f"a{i}" for i in range(100)],
        [f"{SAYINGS[i % 5]} pic.twitter.com/{i} https://i.example/{i}.png" for i in range(100)],
    )
    counted = count_authors(shots, width=MINUTE)
    assert counted["voices"].sum() == 100
    assert counted["linked"].sum() == 0


def test_without_authors_nobody_is_called_a_newcomer() -> None:
    surge = crowd(50, 40).drop(columns="author")
    assert character(surge, crowd(100, 80)).newcomers is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=6))
def test_any_text_by_any_author_is_heard_once(texts: list[str]) -> None:
    said = posts([0.5] * len(texts), texts, texts)
    counted = count_authors(said, width=MINUTE)
    assert counted["posts"].sum() == len(texts)
    assert 1 <= counted["voices"].sum() <= len(texts)
