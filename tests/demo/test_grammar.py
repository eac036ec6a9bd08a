from __future__ import annotations

from itertools import count, repeat

import pytest

from detector.demo.grammar import parse_grammar
from detector.errors import InputError

SYMBOLS = {
    "down": ["{service} is {state} in {PLACE}", "{PHONE} broken?"],
    "service": ["WeChat"],
    "state": ["down", "dead"],
}
AUTHOR = {"PLACE": ["Harbin"], "PHONE": ["iPhone", "iPad"]}


def test_the_dice_choose_in_order_of_reading() -> None:
    grammar = parse_grammar(SYMBOLS, key="grammar.en")
    assert grammar.grow("down", iter([0, 0, 1, 0]), AUTHOR) == "WeChat is dead in Harbin"


def test_what_the_author_has_comes_from_the_author() -> None:
    grammar = parse_grammar(SYMBOLS, key="grammar.en")
    assert grammar.grow("down", iter([1, 3]), AUTHOR) == "iPad broken?"


def test_every_phrase_can_be_said() -> None:
    grammar = parse_grammar(SYMBOLS, key="grammar.en")
    said = {grammar.grow("state", repeat(roll), AUTHOR) for roll in range(2)}
    assert said == {"down", "dead"}


@pytest.mark.parametrize(
    ("symbols", "message"),
    [
        pytest.param({"a": []}, "grammar.en.a", id="nothing to say"),
        pytest.param({"a": ["{b}"]}, r"\{b\} is not a symbol", id="an unknown symbol"),
        pytest.param({"a": ["{b}"], "b": ["{a}"]}, "back to themselves: a, b", id="a circle"),
    ],
)
def test_a_wrong_grammar_is_refused(symbols: dict[str, list[str]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_grammar(symbols, key="grammar.en")


def test_a_text_ends_however_the_dice_fall() -> None:
    grammar = parse_grammar(SYMBOLS, key="grammar.en")
    assert grammar.grow("down", count(), AUTHOR)
