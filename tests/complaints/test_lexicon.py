from __future__ import annotations

import pytest

from detector.complaints.lexicon import parse_lexicon
from detector.complaints.normalise import fold
from detector.errors import InputError
from tests.complaints import rigs


def groups(text: str) -> list[str]:
    return [hit.group for hit in rigs.lexicon().hits(fold(text))]


def test_an_innocent_phrase_hides_the_fault_word_inside_it() -> None:
    assert groups("泪崩了") == ["aside"]
    assert groups("服务崩了") == ["collapse"]


def test_a_latin_phrase_must_stand_alone() -> None:
    assert groups("terrors") == []
    assert "down" in groups("an error")


def test_every_phrase_is_found_where_it_stands_alone() -> None:
    lexicon = rigs.lexicon()
    for phrase, group in zip(lexicon.phrases, lexicon.group_of, strict=True):
        assert [hit.group for hit in lexicon.hits(phrase)] == [group], phrase


def test_words_without_a_model_still_tell_a_fault_from_its_end() -> None:
    lexicon = rigs.lexicon()
    fails = lexicon.probability(lexicon.hits("微信崩了"), has_service=True)
    works = lexicon.probability(lexicon.hits("微信崩了现在恢复正常"), has_service=True)
    assert fails > 0.5 > works


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        pytest.param("[prior", "not TOML", id="no TOML"),
        pytest.param("[prior]\nbias = 1.0\nservice = 1.0", "lacks the key 'group'", id="no groups"),
        pytest.param(
            '[prior]\nbias = 1.0\nservice = 1.0\n[group.a]\nweight = "much"\nphrases = ["x"]',
            "wrong type",
            id="a weight that is no number",
        ),
    ],
)
def test_a_broken_lexicon_is_refused_with_a_reason(toml: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_lexicon(toml)
