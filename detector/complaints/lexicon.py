"""The lexicon: fault words in named groups, and what they say without a model."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from detector.complaints.discovered_names import SubjectWords, parse_subject_words
from detector.complaints.normalise import fold, fold_all
from detector.complaints.service_list import parse_service_list
from detector.errors import InputError

Services = Mapping[str, Sequence[str]]
"""Canonical name to aliases."""


# What a text with fault words is when it is no complaint.
_QUIET = (("aside", "unrelated"), ("over", "recovered"), ("report", "report"))


class Hit(NamedTuple):
    """One lexicon phrase in a text: its group and its place ``[start, end)`` in characters."""

    group: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Group:
    """One group of phrases.

    Attributes
    ----------
    weight : log-odds that one hit adds, 0 for words that only separate kinds.
    names : whether what stands right before a hit may be the subject that fails.
    phrases : folded, sorted, without repetition.
    """

    weight: float
    names: bool
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """Fault words by group, with an automaton that finds them all in one pass.

    Attributes
    ----------
    groups : by name.
    bias, service_weight : log-odds of a text without hits, and what a named service adds.
    subject : where the name of an unlisted service begins and ends.
    phrases, group_of : every phrase of ``automaton`` and the group that it belongs to.
    """

    groups: Mapping[str, Group]
    bias: float
    service_weight: float
    subject: SubjectWords
    phrases: tuple[str, ...]
    group_of: tuple[str, ...]
    automaton: AhoCorasick

    def hits(self, own: str) -> tuple[Hit, ...]:
        """Return the phrases in the folded text ``own``: leftmost, then longest, by place."""
        found = self.automaton.find_matches_as_indexes(own)
        return tuple(
            Hit(self.group_of[i], start, end)
            for i, start, end in found
            if stands_alone(own, start, end)
        )

    def probability(self, hits: Iterable[Hit], *, has_service: bool) -> float:
        """Return what the words alone say: a logistic sum in which each group counts once."""
        seen = {hit.group for hit in hits}
        score = self.bias + sum(self.groups[name].weight for name in seen)
        if any(self.groups[name].weight > 0 for name in seen) and has_service:
            score += self.service_weight
        return 1.0 / (1.0 + math.exp(-score))

    def kind(self, hits: Sequence[Hit], probability: float) -> str:
        """Return what the words alone suggest: outage, recovered, report or unrelated."""
        if probability >= 0.5:
            return "outage"
        seen = {hit.group for hit in hits}
        if not any(self.groups[name].weight > 0 for name in seen):
            return "unrelated"
        return next((kind for group, kind in _QUIET if group in seen), "unrelated")


def stands_alone(text: str, start: int, end: int) -> bool:
    """Return whether ``text[start:end]`` is no part of a longer word.

    Chinese has no spaces, so a Latin name beside Chinese characters stands alone ("用keep崩了").
    A word in katakana ends where the katakana ends, and Korean hangs particles on names.

    Examples
    --------
    >>> stands_alone("online", 2, 6), stands_alone("打开line了", 2, 6)
    (False, True)
    >>> stands_alone("オンライン", 2, 5), stands_alone("카톡이", 0, 2), stands_alone("내카톡", 1, 3)
    (False, True, False)
    """
    first, last = _script(text[start]), _script(text[end - 1])
    if first and start and _script(text[start - 1]) == first:
        return False
    return not (last and last != _HANGUL and end < len(text) and _script(text[end]) == last)


_SPACED, _KATAKANA, _HANGUL = 1, 2, 3


def _script(char: str) -> int:
    """Return which script with words that can be told apart ``char`` is of, 0 for the others."""
    if char < "\u2e80":
        return _SPACED if char.isalnum() else 0
    if "\u30a1" <= char <= "\u30fc":
        return _KATAKANA if char != "・" else 0
    return _HANGUL if "\uac00" <= char <= "\ud7a3" else 0


def parse_lexicon(toml_text: str) -> Lexicon:
    """Return the lexicon written in ``toml_text`` (see ``data/lexicon/faults.toml``).

    Raises
    ------
    InputError
        The text is no TOML or a key is missing or of the wrong type.
    """
    tables = _tables(toml_text)
    try:
        prior = tables["prior"]
        groups = {name: _group(body) for name, body in tables["group"].items()}
        subject = parse_subject_words(tables["subject"])
        return build_lexicon(groups, subject, float(prior["bias"]), float(prior["service"]))
    except KeyError as missing:
        raise InputError(f"the lexicon lacks the key {missing}") from None
    except (TypeError, ValueError, AttributeError) as wrong:
        raise InputError(f"the lexicon has a value of the wrong type: {wrong}") from None


def build_lexicon(
    groups: Mapping[str, Group], subject: SubjectWords, bias: float, service_weight: float
) -> Lexicon:
    """Return a lexicon of ``groups``; a phrase in several groups belongs to the last one."""
    owner = {phrase: name for name, group in groups.items() for phrase in group.phrases}
    phrases = tuple(owner)
    automaton = AhoCorasick(phrases, matchkind=MatchKind.LeftmostLongest)
    owners = tuple(owner.values())
    return Lexicon(groups, bias, service_weight, subject, phrases, owners, automaton)


def _group(body: Mapping[str, Any]) -> Group:
    phrases = tuple(sorted({fold(phrase).strip() for phrase in body["phrases"]} - {""}))
    return Group(float(body["weight"]), bool(body.get("names", False)), phrases)


def parse_services(csv_text: str) -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    """Return canonical names with their aliases, and the names that are ordinary words too.

    Raises
    ------
    InputError
        ``csv_text`` is no list of services, see `detector.complaints.service_list`.
    """
    listed = parse_service_list(csv_text)
    words = [word for service in listed.values() for word in service.words]
    services = {name: service.aliases for name, service in listed.items()}
    return services, frozenset(fold_all(words).split("\n")) - {""}


def _tables(toml_text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(toml_text)
    except tomllib.TOMLDecodeError as wrong:
        raise InputError(f"the lexicon is not TOML: {wrong}") from None
