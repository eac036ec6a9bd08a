"""Phrases with their meanings, found in one pass; and how the files that list them are read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from ahocorasick_rs import AhoCorasick, MatchKind
from msgspec import Struct

from detector.complaints.lexicon import stands_alone
from detector.complaints.normalise import fold, fold_all
from detector.errors import InputError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """Phrases with their meanings.

    Attributes
    ----------
    phrases : folded, distinct, in the order of the automaton's patterns.
    meanings : what each phrase means; several if it is ambiguous, none if it only hides others.
    automaton : finds the leftmost, then longest phrases.
    """

    phrases: tuple[str, ...]
    meanings: tuple[tuple[str, ...], ...]
    automaton: AhoCorasick

    def found(self, folded: str) -> frozenset[str]:
        """Return what the phrases in ``folded`` mean; Latin phrases must stand alone."""
        return frozenset(
            meaning
            for i, start, end in self.automaton.find_matches_as_indexes(folded)
            if stands_alone(folded, start, end)
            for meaning in self.meanings[i]
        )

    def matches(self, folded: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield each phrase in ``folded`` that stands alone, and what it means."""
        for i, start, end in self.automaton.find_matches_as_indexes(folded):
            if self.meanings[i] and stands_alone(folded, start, end):
                yield self.phrases[i], self.meanings[i]

    def hidden_in(self, aside: Iterable[str]) -> Vocabulary:
        """Return the same with more folded phrases that mean nothing and hide others."""
        own = dict(zip(self.phrases, self.meanings, strict=True))
        return _vocabulary(dict.fromkeys(aside, ()) | own)


def build_vocabulary(
    names: Iterable[tuple[str, Iterable[str]]], aside: Iterable[str] = ()
) -> Vocabulary:
    """Return the vocabulary of ``(meaning, phrases)`` pairs; phrases of ``aside`` mean nothing."""
    pairs = [(phrase, meaning) for meaning, phrases in names for phrase in phrases]
    meanings: dict[str, tuple[str, ...]] = dict.fromkeys(fold_phrases(aside), ())
    folded = fold_phrases(phrase for phrase, _ in pairs)
    for phrase, (_, meaning) in zip(folded, pairs, strict=True):
        if meaning not in meanings.setdefault(phrase, ()):
            meanings[phrase] += (meaning,)
    return _vocabulary(meanings)


def _vocabulary(meanings: Mapping[str, tuple[str, ...]]) -> Vocabulary:
    phrases = tuple(meanings)
    automaton = AhoCorasick(phrases, matchkind=MatchKind.LeftmostLongest)
    return Vocabulary(phrases, tuple(meanings.values()), automaton)


def fold_phrases(phrases: Iterable[str]) -> list[str]:
    """Return the phrases as `fold` gives them, all in one pass."""
    given = list(phrases)
    return fold_all(given).split("\n") if given else []


class _NamesFile(Struct, frozen=True, forbid_unknown_fields=True):
    names: dict[str, tuple[str, ...]]
    aside: tuple[str, ...] = ()


def parse_vocabulary(toml_text: str, *, what: str) -> Vocabulary:
    """Return the vocabulary of a file such as ``data/lexicon/regions.toml``.

    A name means itself as well. ``what`` names the file in messages.

    Raises
    ------
    InputError
        If the text is not TOML or has a wrong, missing or unknown key.
    """
    file = read_toml(toml_text, _NamesFile, what=what)
    return build_vocabulary(
        ((name, (name, *words)) for name, words in file.names.items()), file.aside
    )


def read_toml(toml_text: str, shape: type[T], *, what: str) -> T:
    """Return ``toml_text`` as a ``shape``, or raise `InputError` saying where it differs."""
    try:
        tables: Mapping[str, object] = tomllib.loads(toml_text)
        return msgspec.convert(tables, shape)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{what} is not valid TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise InputError(f"{what} is wrong: {error}") from error


def any_of(phrases: Iterable[str]) -> str:
    """Return a pattern for any of the phrases; Latin ones start and end at a word's edge."""
    longest_first = sorted(map(fold, phrases), key=len, reverse=True)
    return f"(?:{'|'.join(map(_edged, longest_first))})"


def _edged(phrase: str) -> str:
    left = r"(?<![^\W_])" if _has_edges(phrase[0]) else ""
    right = r"(?![^\W_])" if _has_edges(phrase[-1]) else ""
    return left + re.escape(phrase) + right


def _has_edges(char: str) -> bool:
    """Return whether words of the script of ``char`` are told apart by spaces."""
    return char.isalpha() and char < "\u2e80"
