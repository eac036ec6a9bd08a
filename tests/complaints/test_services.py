from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.complaints.lexicon import stands_alone
from detector.complaints.normalise import fold
from detector.complaints.reading import Reading, read
from detector.complaints.service_names import build_names
from tests.complaints import rigs


def reading(text: str, given: str = "") -> Reading:
    return read(fold(text), given, names=rigs.names(), lexicon=rigs.lexicon())


@pytest.mark.parametrize(
    ("text", "service"),
    [
        pytest.param("WeChat is down", "微信", id="another script"),
        pytest.param("微信又崩了", "微信", id="the name itself"),
        pytest.param("QQ音乐闪退", "QQ音乐", id="the longest name, not QQ"),
        pytest.param("用keep的时候崩了", "Keep", id="Latin beside Chinese stands alone"),
        pytest.param("I keep crashing on the sofa", "", id="an ordinary word is no service"),
        pytest.param("online shopping is fun", "", id="no name inside a longer word"),
        pytest.param("@SpotifyCares it stopped", "Spotify", id="the handle of its support"),
        pytest.param("#WeChatDown again", "微信", id="a hashtag with a fault glued on"),
        pytest.param("来微博看看是不是微信崩了", "微信", id="not the place where people look"),
        pytest.param(
            "wechat is down, back to weibo", "微信", id="the nearer one, before the fault"
        ),
        pytest.param("can't log in to WeChat on my iPhone", "微信", id="named after the fault"),
        pytest.param("微信朋友圈崩了", "微信", id="a part belongs to the whole"),
        pytest.param("微信小程序崩了", "微信", id="mini programs are a part of WeChat"),
        pytest.param("支付宝小程序打不开", "支付宝", id="those of Alipay one of Alipay"),
        pytest.param("抖音直播间崩了", "抖音", id="a part in Chinese"),
        pytest.param("淘宝网页版打不开", "淘宝", id="the web version"),
        pytest.param("whatsapp web is down", "WhatsApp", id="the web version, in English"),
        pytest.param("the Gmail app keeps crashing", "Gmail", id="the app of a service"),
        pytest.param("Google Play Store not loading", "Google Play", id="its store"),
        pytest.param("Xbox Live party chat is down", "Xbox Live", id="its chat"),
        pytest.param("难怪有一会儿我微博崩了", "微博", id="running text before it is no name"),
        pytest.param("ツイッターが落ちてる", "X", id="as it is written in Japanese"),
        pytest.param("카톡이 안 돼요", "KakaoTalk", id="with a Korean particle"),
        pytest.param("オンラインが落ちてる", "", id="LINE is no part of a word in katakana"),
        pytest.param("вотсап не работает", "WhatsApp", id="in Russian"),
        pytest.param("Orange is down", "Orange", id="an ordinary word beside a fault"),
        pytest.param("I like orange juice on the table", "", id="an ordinary word alone"),
    ],
)
def test_a_text_names_the_service_that_the_fault_is_about(text: str, service: str) -> None:
    assert reading(text).service == service
    assert not reading(text).discovered


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        pytest.param("画图宝又崩了", "画图宝", id="X又崩了"),
        pytest.param("画图宝服务器", "画图宝", id="X服务器"),
        pytest.param("画图宝回应系统崩了", "画图宝", id="its operator answers"),
        pytest.param(
            "南方考试报名系统崩了", "南方考试报名系统", id="a system, whatever stands before"
        ),
        pytest.param("微信占卜崩了", "微信占卜", id="a longer name than the listed one"),
        pytest.param("is blorp down?", "blorp", id="is X down"),
        pytest.param("blorp is down again", "blorp", id="X is down"),
        pytest.param("#blorpdown", "blorp", id="#Xdown"),
    ],
)
def test_an_unlisted_service_is_discovered_by_its_fault(text: str, subject: str) -> None:
    assert reading(text).service == subject
    assert reading(text).discovered


@pytest.mark.parametrize(
    "text",
    [
        "心态崩了",
        "股价崩了",
        "人设崩了",
        "我的牙崩了",
        "谈崩了",
        "整个人都崩了",
        "is it down?",
        "calm down",
    ],
)
def test_moods_prices_and_people_are_no_service(text: str) -> None:
    assert reading(text).service == ""


def test_a_given_service_is_kept() -> None:
    assert reading("微信崩了", given="支付宝").service == "支付宝"


NAMES = st.lists(st.text("abc微信", min_size=1, max_size=3), min_size=1, max_size=5, unique=True)


@given(NAMES, st.text("abc微信 ", max_size=20))
def test_matching_agrees_with_looking_everywhere(names: list[str], text: str) -> None:
    found = build_names(dict.fromkeys(names, ())).found(text, ())
    spans = [
        (start, start + len(name), name)
        for name in names
        for start in range(len(text))
        if text.startswith(name, start) and stands_alone(text, start, start + len(name))
    ]
    kept: list[tuple[int, int, str]] = []
    for start, end, name in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end, name))
    assert [(n.start, n.end, n.service) for n in found] == kept
