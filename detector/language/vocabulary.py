"""Vocabularies: phrases and what they mean, found in one pass."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from ahocorasick_rs import AhoCorasick, MatchKind
from msgspec import Struct

from detector.errors import InputError
from detector.language.lexicon import stands_alone
from detector.language.normalise import fold

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


def build_vocabulary(
    names: Iterable[tuple[str, Iterable[str]]], aside: Iterable[str] = ()
) -> Vocabulary:
    """Return the vocabulary of ``(meaning, phrases)`` pairs; phrases of ``aside`` mean nothing."""
    meanings: dict[str, tuple[str, ...]] = {fold(phrase): () for phrase in aside}
    for meaning, phrases in names:
        for phrase in map(fold, phrases):
            if meaning not in meanings.setdefault(phrase, ()):
                meanings[phrase] += (meaning,)
    phrases = tuple(meanings)
    return Vocabulary(
        phrases,
        tuple(meanings.values()),
        AhoCorasick(phrases, matchkind=MatchKind.LeftmostLongest),
    )


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
