"""What is particular to a language: its words for faults, names of services, parts, places.

Each language is one folder, ``data/languages/<code>``: ``lexicon.toml``, ``training.txt`` (what the
classifier learns from) and ``test.csv`` (what judges it, written by another hand). Adding a
language is adding a folder and training anew.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from detector.complaints.normalise import fold
from detector.errors import InputError

_LISTS = ("faults", "over")
_TABLES = ("services", "components", "regions", "carriers")
#: Scripts below this code point separate words by blanks, and letters do not glue to a stem.
_SPACED = "\u0530"


@dataclass(frozen=True, slots=True)
class Language:
    """The lexicon of one language.

    Attributes
    ----------
    code : as the folder is called, e.g. ``pt``.
    name : in English.
    written : by whom, when and how the lexicon and the texts were written.
    faults, over : phrases and stems that speak of faults, and of their end.
    services, components, regions, carriers : name to what people write for it.
    """

    code: str
    name: str
    written: str
    faults: tuple[str, ...]
    over: tuple[str, ...]
    services: Mapping[str, tuple[str, ...]]
    components: Mapping[str, tuple[str, ...]]
    regions: Mapping[str, tuple[str, ...]]
    carriers: Mapping[str, tuple[str, ...]]


def parse_language(code: str, toml_text: str) -> Language:
    """Return the lexicon of the language ``code``.

    Raises
    ------
    InputError
        The text is no TOML, or lacks a key, or a value is no list of texts.
    """
    path = f"languages/{code}/lexicon.toml"
    try:
        tables = tomllib.loads(toml_text)
        faults, over = (_phrases(tables[key]) for key in _LISTS)
        named = [{name: _phrases(words) for name, words in tables[key].items()} for key in _TABLES]
        return Language(code, str(tables["name"]), str(tables["written"]), faults, over, *named)
    except tomllib.TOMLDecodeError as wrong:
        raise InputError(f"this is not TOML: {wrong}", path=path) from None
    except KeyError as missing:
        raise InputError(f"the key {missing} is missing", path=path) from None
    except (TypeError, AttributeError) as wrong:
        raise InputError(f"a value is no list of texts: {wrong}", path=path) from None


def _phrases(words: Any) -> tuple[str, ...]:
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise TypeError(repr(words))
    return tuple(words)


class Stems(NamedTuple):
    """What the fault words of all languages say of a text.

    Attributes
    ----------
    faults : where they stand, ``[start, end)`` each, by place.
    over : whether one tells that a fault has ended.
    foreign : whether there are some, and none is English or Chinese.
    """

    faults: tuple[tuple[int, int], ...]
    over: bool
    foreign: bool


NO_STEMS = Stems((), over=False, foreign=False)
#: Languages of which there is ordinary text to learn from: theirs is the rest of the world's.
_MAIN = ("en", "zh", "yue")


@dataclass(frozen=True, slots=True, eq=False)
class FaultStems:
    """The fault words of all languages in one automaton.

    Attributes
    ----------
    phrases : folded, as in ``automaton``.
    over : those of them that tell of an end.
    main : those of them that are English or Chinese.
    """

    phrases: tuple[str, ...]
    over: frozenset[str]
    main: frozenset[str]
    automaton: AhoCorasick

    def found(self, own: str) -> Stems:
        """Return the stems in the folded text ``own``: leftmost, then longest, by place."""
        padded = f" {own} "
        found = [
            (self.phrases[i], start, end)
            for i, start, end in self.automaton.find_matches_as_indexes(padded)
            if begins_a_word(padded, start)
        ]
        if not found:
            return NO_STEMS
        faults = tuple(
            (max(start - 1, 0), min(end - 1, len(own)))
            for phrase, start, end in found
            if phrase not in self.over
        )
        is_over = any(phrase in self.over for phrase, _, _ in found)
        return Stems(faults, is_over, not any(phrase in self.main for phrase, _, _ in found))


def begins_a_word(text: str, start: int) -> bool:
    """Return whether no letter of an alphabet with blanks between words stands before ``start``."""
    first, before = text[start], text[start - 1 : start]
    return not (first.isalnum() and first < _SPACED and before.isalnum() and before < _SPACED)


def build_stems(languages: Iterable[Language]) -> FaultStems:
    """Return the fault words of ``languages``; one that also tells of an end tells of an end."""
    every = tuple(languages)
    over = frozenset(_folded(phrase) for one in every for phrase in one.over) - {""}
    main = frozenset(
        _folded(p) for one in every if one.code in _MAIN for p in (*one.faults, *one.over)
    )
    faults = {_folded(phrase) for one in every for phrase in one.faults} - {""}
    phrases = tuple(sorted(faults | over))
    automaton = AhoCorasick(phrases, matchkind=MatchKind.LeftmostLongest)
    return FaultStems(phrases, over, main, automaton)


def _folded(phrase: str) -> str:
    """Return the folded phrase; blanks at its ends stay: they ask for the edge of a word."""
    folded = fold(phrase)
    return folded if len(folded.strip()) > 1 else ""


_SHORT = re.compile(r"[a-z0-9]{1,4}")


def with_local_names(
    services: Mapping[str, Sequence[str]], weak: Iterable[str], languages: Iterable[Language]
) -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    """Return ``services`` and their weak names with what other languages add to both.

    A name that is an alias of a listed service is that service. A Latin name of up to four letters
    that only a language gives is a word of some other language, and weak.
    """
    owner = {fold(a).strip(): name for name, aliases in services.items() for a in (name, *aliases)}
    listed = frozenset(owner)
    merged = {name: list(aliases) for name, aliases in services.items()}
    for language in languages:
        for name, aliases in language.services.items():
            canonical = owner.setdefault(fold(name).strip(), name)
            known = merged.setdefault(canonical, [])
            known += [
                a for a in aliases if owner.setdefault(fold(a).strip(), canonical) == canonical
            ]
    short = {alias for alias in owner.keys() - listed if _SHORT.fullmatch(alias)}
    names = {name: tuple(dict.fromkeys(aliases)) for name, aliases in merged.items()}
    return names, frozenset(weak) | short
