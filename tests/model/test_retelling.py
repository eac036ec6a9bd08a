"""What is recorded in English is said again in Chinese: all of it that the program writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector import resources
from detector.detection.volume_drop import Fall
from detector.model.alert import NO_NEW_FACTS, Attribution, Because, NewFacts
from detector.model.catalogue import parse_catalogue
from detector.model.decision import Reason
from detector.model.incident import Severity
from detector.model.matcher import parse_matcher
from detector.model.silence import Acknowledgement, Silence
from detector.notify.decide import sentence_of
from detector.notify.inhibit import Inhibition
from detector.notify.mute import in_hand, inhibited, silenced, within_quiet_hours
from detector.notify.mute_times import MuteTimeInterval
from detector.pipeline.health_rules import Look, SourceHealthRules, update
from detector.text.retelling import Retelling
from tests.fakes.outages import NOON, an_alert

HOUR = timedelta(hours=1)
ZH = resources.retelling("zh")
#: What may stay in Latin letters: what the tests call things.
OURS = re.compile(
    r"[a-z]+-\d{8}T\d{4}Z-\w{4}|\d{4}-\d\d-\d\dT[\d:]+Z|"
    r"QQ|weibo|nights|Tencent Cloud|ana|bo|deploy|on it|503|iPhone"
)
LIKELY = [
    Attribution("QQ", "qq-20220722T1200Z-abcd", Because.MENTIONS, share=0.35),
    Attribution(
        "QQ", "qq-20220722T1200Z-abcd", Because.PROVIDER, provider="Tencent Cloud", together=3
    ),
    Attribution("QQ", "qq-20220722T1200Z-abcd", Because.TOGETHER, together=4),
]
NEWS = NewFacts(("login", "payments"), ("Shanghai",), ("weibo",), ("QQ",))


def catalogue() -> Iterator[str]:
    for outage in parse_catalogue(resources.text("data/outages.toml")):
        yield outage.title
        yield outage.lasted
        for said in outage.statements:
            yield from (said.where, said.says, *([said.reaction] if said.reaction else []))


def mutes() -> Iterator[str]:
    labels = {"service": ("QQ",)}
    match = (parse_matcher("service=QQ"),)
    silence = Silence("s", match, NOON, NOON + HOUR, "ana", "deploy")
    window = MuteTimeInterval("nights", frozenset(range(7)), time(0), time(0), ZoneInfo("UTC"))
    for said in (silence, replace(silence, comment=""), replace(silence, author="")):
        yield _sentence(silenced([said], labels, at=NOON))
    yield _sentence(within_quiet_hours({"nights": window}, ["nights"], labels, at=NOON))
    other = {"service": ("weibo",), "incident": ("weibo-20220722T1200Z-abcd",)}
    rule = Inhibition((parse_matcher("service=weibo"),), match, ())
    yield _sentence(inhibited([rule], labels, [other]))
    hand = Acknowledgement("i", NOON, Severity.MAJOR, "bo", "on it")
    for word in (hand, replace(hand, comment=""), replace(hand, author="")):
        yield _sentence(in_hand(word, [an_alert()], Severity.MAJOR))


def _day() -> tuple[object, ...]:
    from datetime import time
    from zoneinfo import ZoneInfo

    return time(0), time(0), ZoneInfo("UTC")


def _sentence(mute: object) -> str:
    sentence = getattr(mute, "sentence", None)
    assert isinstance(sentence, str), mute
    return sentence


def notices() -> Iterator[str]:
    for reason in Reason:
        yield reason.value
        yield sentence_of(reason, None, an_alert(), NEWS)
        for likely in LIKELY:
            yield sentence_of(reason, None, replace(an_alert(), attribution=likely), NEWS)
    for part in ("components", "regions", "sources", "echoes"):
        yield replace(NO_NEW_FACTS, **{part: getattr(NEWS, part)}).sentence


def decisions() -> Iterator[str]:
    for reason in Reason:
        yield reason.value
        yield f"{reason.value}: {NEWS.sentence}"
    for likely in LIKELY:
        yield likely.sentence
        echo = f"likely an echo of {likely.root_id}, for {likely.sentence}"
        yield f"{Reason.OPENED.value}: {echo}"


def feeds() -> Iterator[str]:
    def told(*looks: tuple[float, Look]) -> Iterator[str]:
        health = None
        for hour, look in looks:
            health, _ = update(health, "weibo", look, SourceHealthRules(), now=NOON + hour * HOUR)
            yield health.feed.reason

    seen = Look(((NOON - HOUR, NOON),))
    low = Fall(NOON, NOON, 3.0, 120.0, over=False)
    yield from told((0, Look()), (1, Look()), (2, Look(error="503")))
    yield from told((0, seen), (1, Look()), (2, Look(((NOON + HOUR, NOON + 2 * HOUR),))))
    yield from told((0, seen), (1, Look(error="503")))
    yield from told((0, seen), (0, Look(falls=(low,))))


ALL = sorted({*catalogue(), *mutes(), *notices(), *decisions(), *feeds()})


def test_there_is_something_to_say_again() -> None:
    assert len(ALL) > 80
    assert any(said.startswith("it answers, but brought") for said in ALL)


@pytest.mark.parametrize("sentence", ALL)
def test_all_that_is_recorded_is_said_again_without_a_word_of_english(sentence: str) -> None:
    said = ZH(sentence)
    assert re.findall(r"[A-Za-z]+", OURS.sub("", said)) == [], said


def test_facts_stay_and_names_are_called_as_elsewhere() -> None:
    assert ZH("something new is known: now also login, payments; seen at weibo too") == (
        "有新情况：新增功能：登录、支付；weibo也已观测到"
    )
    assert ZH("silenced by ana until 2022-07-22T13:00:00Z: deploy: part 2") == (
        "ana 已静默至 2022-07-22T13:00:00Z：deploy: part 2"
    )


def test_what_nobody_knows_stays_as_it_is() -> None:
    assert ZH("a plug-in has its own words") == "a plug-in has its own words"
    assert resources.retelling("en")("it ended") == "it ended"


@given(st.text(max_size=300))
def test_strangers_words_are_data(text: str) -> None:
    comment = "".join(text.split("\n"))
    said = ZH(f"silenced by ana until 2022-07-22T13:00:00Z: {comment}x")
    assert said == f"ana 已静默至 2022-07-22T13:00:00Z：{comment}x"
    Retelling({}, {})(text)


def test_a_sentence_made_to_be_slow_is_not() -> None:
    hostile = "silenced by " + " until " * 280
    assert ZH(hostile).startswith("silenced")
    assert ZH("x: " * 650).startswith("x")
    assert ZH("x; " * 650).startswith("x")
