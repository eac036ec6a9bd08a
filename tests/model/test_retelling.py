"""The catalogue of documented outages, written in English, is said again in Chinese: all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector import resources
from detector.model.known_outages import parse_catalogue
from detector.text.retelling import Retelling

ZH = resources.retelling("zh")
#: Says "ana is busy until noon: reason" with two blanks.
OWN = Retelling(
    {"{author} is busy until {until}: {comment}": "{author} 忙至 {until}：{comment}", "busy": "忙"},
    {"login": "登录"},
)


def catalogue() -> Iterator[str]:
    for outage in parse_catalogue(resources.text("data/outages.toml")):
        yield outage.title
        yield outage.lasted
        for said in outage.statements:
            yield from (said.where, said.says, *([said.reaction] if said.reaction else []))


ALL = sorted({*catalogue()})


def test_there_is_something_to_say_again() -> None:
    assert len(ALL) > 15


@pytest.mark.parametrize("sentence", ALL)
def test_all_of_it_is_said_again_without_a_word_of_english(sentence: str) -> None:
    said = ZH(sentence)
    assert re.findall(r"[A-Za-z]+", said.replace("iPhone", "")) == [], said


def test_what_nobody_knows_stays_as_it_is() -> None:
    assert ZH("a plug-in has its own words") == "a plug-in has its own words"
    assert resources.retelling("en")("not known") == "not known"


@given(st.text(max_size=300))
def test_strangers_words_are_data(text: str) -> None:
    comment = "".join(text.split("\n"))
    assert OWN(f"ana is busy until noon: {comment}x") == f"ana 忙至 noon：{comment}x"
    Retelling({}, {})(text)


def test_a_sentence_made_to_be_slow_is_not() -> None:
    hostile = "ana is busy" + " until " * 280
    assert OWN(hostile).startswith("ana")
    assert OWN("x: " * 650).startswith("x")
    assert OWN("x; " * 650).startswith("x")
