"""Facets of posts: what fails, where, on which platform; found by phrases of vocabularies."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import msgspec
import pandas as pd
from ahocorasick_rs import AhoCorasick, MatchKind
from msgspec import Struct

from detector.complaints.lexicon import stands_alone
from detector.complaints.normalise import MENTION, URL, fold, fold_all
from detector.errors import InputError

T = TypeVar("T")

ANY = "any"
"""The kind whose components every service has."""

SEPARATOR = ";"
"""Stands between the values of a facet: ``"pictures;text"``; no value is the empty text."""


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


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The components of one kind of service: what they are called, and what only hints at them."""

    names: Vocabulary
    signs: Vocabulary


class Statements(NamedTuple):
    """The statements of a text that may complain, and those that say that something works."""

    failing: tuple[str, ...]
    working: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Clauses:
    """How a text falls into statements, and which of them are complaints.

    Attributes
    ----------
    breaks : matches between two statements.
    works : matches a statement that something works.
    worries : matches a statement of worry; what is worried about has not failed.
    """

    breaks: re.Pattern[str]
    works: re.Pattern[str]
    worries: re.Pattern[str]

    def read(self, folded: str) -> Statements:
        """Return the statements that may complain, and those that say that something works."""
        failing, working = [], []
        for clause in self.breaks.split(folded):
            if self.works.search(clause):
                working.append(clause)
            elif not self.worries.search(clause):
                failing.append(clause)
        return Statements(tuple(failing), tuple(working))


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Components of all kinds of services.

    Attributes
    ----------
    kind_of : kind by folded service name.
    parts : by kind, components of `ANY` included; key ``""`` holds those of all kinds.
    """

    kind_of: Mapping[str, str]
    parts: Mapping[str, Parts]
    clauses: Clauses

    def of(self, service: str) -> Parts:
        """Return the components that ``service`` has; all there are if its kind is not known."""
        return self.parts[self.kind_of.get(fold(service), "")]


def components_in(said: Statements, parts: Parts) -> frozenset[str]:
    """Return the components that the statements complain about.

    A sign ("won't send") is heard only in a clause without a name ("pictures won't send"), and a
    component that works is not complained about ("voice still works, send voice then").
    """
    found: set[str] = set()
    for clause in said.failing:
        found |= parts.names.found(clause) or parts.signs.found(clause)
    for clause in said.working:
        found -= parts.names.found(clause)
    return frozenset(found)


class _ClausesTable(Struct, frozen=True, forbid_unknown_fields=True):
    breaks: tuple[str, ...]
    works: tuple[str, ...]
    not_works: tuple[str, ...]
    worries: tuple[str, ...]


class _ComponentTable(Struct, frozen=True, forbid_unknown_fields=True):
    names: tuple[str, ...]
    signs: tuple[str, ...] = ()


class _KindTable(Struct, frozen=True, forbid_unknown_fields=True):
    components: dict[str, _ComponentTable]
    services: tuple[str, ...] = ()


class _ComponentsFile(Struct, frozen=True, forbid_unknown_fields=True):
    clauses: _ClausesTable
    kind: dict[str, _KindTable]


Own = Mapping[str, Mapping[str, Iterable[str]]]
"""A user's own components: by service, what each is called."""


def parse_components(toml_text: str, own: Own | None = None) -> Components:
    """Return the components written in ``toml_text`` (see ``data/lexicon/components.toml``).

    A service in ``own`` has those components beside the ones of its kind.

    Raises
    ------
    InputError
        If the text is not TOML or has a wrong, missing or unknown key.
    """
    file = read_toml(toml_text, _ComponentsFile, what="the component lexicon")
    shared = _tables(file.kind, [ANY])
    kinds = {kind: [*_tables(file.kind, [kind]), *shared] for kind in file.kind if kind != ANY}
    kinds[""] = _tables(file.kind, file.kind)
    kind_of = {fold(name): kind for kind, body in file.kind.items() for name in body.services}
    for service, components in (own or {}).items():
        added = [(name, _ComponentTable(tuple(words))) for name, words in components.items()]
        kinds[f"service/{service}"] = [*kinds[kind_of.get(fold(service), "")], *added]
        kind_of[fold(service)] = f"service/{service}"
    parts = {kind: _parts(tables) for kind, tables in kinds.items()}
    return Components(kind_of, parts, _clauses(file.clauses))


def _tables(
    kinds: Mapping[str, _KindTable], wanted: Iterable[str]
) -> list[tuple[str, _ComponentTable]]:
    return [pair for kind in wanted if kind in kinds for pair in kinds[kind].components.items()]


def _parts(tables: Iterable[tuple[str, _ComponentTable]]) -> Parts:
    rows = list(tables)
    return Parts(
        names=build_vocabulary((name, table.names) for name, table in rows),
        signs=build_vocabulary((name, table.signs) for name, table in rows),
    )


def _clauses(table: _ClausesTable) -> Clauses:
    before = "".join(f"(?<!{re.escape(fold(phrase))})" for phrase in table.not_works)
    return Clauses(
        breaks=re.compile(_either(table.breaks) + "|\n"),
        works=re.compile(before + _either(table.works)),
        worries=re.compile(_either(table.worries)),
    )


def _either(phrases: Iterable[str]) -> str:
    """Return a pattern for any of the phrases; Latin ones start and end at a word's edge."""
    longest_first = sorted(map(fold, phrases), key=len, reverse=True)
    return f"(?:{'|'.join(map(_edged, longest_first))})"


def _edged(phrase: str) -> str:
    left = r"(?<![a-z])" if "a" <= phrase[0] <= "z" else ""
    right = r"(?![a-z])" if "a" <= phrase[-1] <= "z" else ""
    return left + re.escape(phrase) + right


@dataclass(frozen=True, slots=True, eq=False)
class FacetLexicon:
    """The words for components, places and platforms."""

    components: Components
    regions: Vocabulary
    platforms: Vocabulary


class Tags(NamedTuple):
    """What one post says fails, where, and on what; sorted, joined by `SEPARATOR`."""

    component: str
    region: str
    platform: str


def parse_facets(
    components_text: str, regions_text: str, platforms_text: str, own: Own | None = None
) -> FacetLexicon:
    """Return the lexicon of the three files in ``data/lexicon``, and a user's ``own`` components.

    Raises
    ------
    InputError
        If one of the texts is not TOML or has a wrong, missing or unknown key.
    """
    return FacetLexicon(
        components=parse_components(components_text, own),
        regions=parse_vocabulary(regions_text, what="the region lexicon"),
        platforms=parse_vocabulary(platforms_text, what="the platform lexicon"),
    )


def tag(posts: pd.DataFrame, lexicon: FacetLexicon) -> pd.DataFrame:
    """Return the facets of each complaint, on the index of ``posts``.

    Reads ``text`` and, if there, ``service``, ``region`` and ``platform``. Only statements count
    that say something fails: "text won't send, only voice works" is about text. Region and
    platform are those that the text names, else those of the post's own fields, in the words of
    the lexicon (a field in other words is kept as it is).

    Returns
    -------
    DataFrame
        Columns ``component, region, platform``; several values joined by `SEPARATOR`, ``""`` for
        none. Rows do not influence each other.
    """
    services = _column(posts, "service")
    texts = _statements(posts)
    in_text = [_read(text, service, lexicon) for text, service in zip(texts, services, strict=True)]
    tags = pd.DataFrame(in_text, columns=list(Tags._fields), index=posts.index, dtype=str)
    for facet, words in (("region", lexicon.regions), ("platform", lexicon.platforms)):
        named = tags[facet] != ""
        tags[facet] = tags[facet].where(named, _in_own_words(posts, facet, words))
    return tags


def _statements(posts: pd.DataFrame) -> Iterator[str]:
    folded = MENTION.sub(" ", URL.sub(" ", fold_all(posts["text"].fillna("").astype(str))))
    return iter(folded.split("\n")) if len(posts) else iter(())


def _read(folded: str, service: str, lexicon: FacetLexicon) -> Tags:
    said = lexicon.components.clauses.read(folded)
    spoken = "\n".join(said.failing)
    return Tags(
        component=_joined(components_in(said, lexicon.components.of(service))),
        region=_joined(lexicon.regions.found(spoken)),
        platform=_joined(lexicon.platforms.found(spoken)),
    )


def _in_own_words(posts: pd.DataFrame, column: str, words: Vocabulary) -> pd.Series[str]:
    """Return a field in the lexicon's words; each different value is looked up once."""
    shown = pd.Series(_column(posts, column), index=posts.index, dtype=str)
    known = {
        value: _joined(words.found(fold(value))) or value.strip().replace(SEPARATOR, ",")
        for value in shown.unique()
    }
    return shown.map(known)


def _column(posts: pd.DataFrame, name: str) -> list[str]:
    if name not in posts:
        return [""] * len(posts)
    return [str(value) for value in posts[name].fillna("")]


def _joined(values: frozenset[str]) -> str:
    return SEPARATOR.join(sorted(values))
