"""Facets of posts: what fails, where, on which platform; found by phrases of vocabularies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd
from ahocorasick_rs import AhoCorasick, MatchKind
from msgspec import Struct

from detector.complaints.lexicon import stands_alone
from detector.complaints.normalise import MENTION, URL, fold, fold_all
from detector.complaints.places import Places, parse_places
from detector.complaints.service_list import ServiceList
from detector.complaints.statements import Clauses, ClausesTable, Statements, build_clauses
from detector.complaints.vocabulary import (
    Vocabulary,
    build_vocabulary,
    fold_phrases,
    parse_vocabulary,
    read_toml,
)

ANY = "any"
"""The kind whose components every service has."""

SEPARATOR = ";"
"""Stands between the values of a facet: ``"pictures;text"``; no value is the empty text."""


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The components of one kind of service: what they are called, and what only hints at them."""

    names: Vocabulary
    signs: Vocabulary


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Components of all kinds of services.

    Attributes
    ----------
    kind_of : kind by folded service name.
    tables : by kind, components of `ANY` included; key ``""`` holds those of all kinds.
    aside : folded phrases that name no component, and hide those inside them.
    clauses : how a text falls into statements.
    built : the vocabularies of the kinds that were asked for; few are in any run.
    """

    kind_of: Mapping[str, str]
    tables: Mapping[str, Sequence[tuple[str, _ComponentTable]]]
    aside: tuple[str, ...]
    clauses: Clauses
    built: dict[str, Parts] = field(default_factory=dict)

    def of(self, service: str) -> Parts:
        """Return the components that ``service`` has; all there are if its kind is not known."""
        kind = self.kind_of.get(fold(service), "")
        if kind not in self.built:
            self.built[kind] = _parts(self.tables[kind], self.aside)
        return self.built[kind]


def components_in(said: Statements, parts: Parts) -> frozenset[str]:
    """Return the components that the statements complain about.

    A sign ("won't send") is heard only in a clause without a name ("pictures won't send"), and
    what is said to work is not complained about ("voice still works, send voice then"), but what
    is called otherwise is ("payments work, refunds fail").
    """
    works = {phrase for clause in said.working for phrase, _ in parts.names.matches(clause)}
    found: set[str] = set()
    for clause in said.failing:
        named = list(parts.names.matches(clause))
        for phrase, meanings in named:
            if not any(phrase in other or other in phrase for other in works):
                found.update(meanings)
        if not named:
            found |= parts.signs.found(clause)
    return frozenset(found)


class _ComponentTable(Struct, frozen=True, forbid_unknown_fields=True):
    names: tuple[str, ...]
    signs: tuple[str, ...] = ()


class _KindTable(Struct, frozen=True, forbid_unknown_fields=True):
    components: dict[str, _ComponentTable]
    services: tuple[str, ...] = ()


class _ComponentsFile(Struct, frozen=True, forbid_unknown_fields=True):
    clauses: ClausesTable
    kind: dict[str, _KindTable]


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """What the list of services says to the facets.

    Attributes
    ----------
    kinds : category by folded name.
    """

    kinds: Mapping[str, str] = field(default_factory=dict)

    def hiding(self, phrases: Iterable[str]) -> tuple[str, ...]:
        """Return the names inside which one of ``phrases`` is only a part of the name.

        支付 is a part of 支付宝, and "america" of "bank of america"; but what is left of 微信支付
        and "google pay" is a service too: there the phrase says which part of it.
        """
        automaton = AhoCorasick(fold_phrases(phrases), matchkind=MatchKind.LeftmostLongest)
        return tuple(name for name in self.kinds if self._hides(name, automaton))

    def _hides(self, name: str, automaton: AhoCorasick) -> bool:
        for _, start, end in automaton.find_matches_as_indexes(name):
            rest = f"{name[:start]} {name[end:]}".strip(" .")
            if rest and rest not in self.kinds and stands_alone(name, start, end):
                return True
        return False


NOTHING_LISTED = Listed()


def listed_for_facets(services: ServiceList) -> Listed:
    """Return what the facets need of the list of services."""
    called = [
        (name, service.category)
        for canonical, service in services.items()
        for name in (canonical, *service.aliases)
    ]
    folded = fold_phrases(name for name, _ in called)
    return Listed({name: kind for name, (_, kind) in zip(folded, called, strict=True)})


Own = Mapping[str, Mapping[str, Iterable[str]]]
"""A user's own components: by service, what each is called."""


def parse_components(
    toml_text: str, own: Own | None = None, listed: Listed = NOTHING_LISTED
) -> Components:
    """Return the components written in ``toml_text`` (see ``data/lexicon/components.toml``).

    A service in ``own`` has those components beside the ones of its kind. A ``listed`` service is
    of the kind of its category.

    Raises
    ------
    InputError
        If the text is not TOML or has a wrong, missing or unknown key.
    """
    file = read_toml(toml_text, _ComponentsFile, what="the component lexicon")
    shared = _tables(file.kind, [ANY])
    kinds = {kind: [*_tables(file.kind, [kind]), *shared] for kind in file.kind if kind != ANY}
    kinds[""] = _tables(file.kind, file.kind)
    kind_of = {name: kind for name, kind in listed.kinds.items() if kind in kinds}
    kind_of |= {fold(name): kind for kind, body in file.kind.items() for name in body.services}
    for service, components in (own or {}).items():
        added = [(name, _ComponentTable(tuple(words))) for name, words in components.items()]
        kinds[f"service/{service}"] = [*kinds[kind_of.get(fold(service), "")], *added]
        kind_of[fold(service)] = f"service/{service}"
    phrases = {phrase for _, table in kinds[""] for phrase in (*table.names, *table.signs)}
    return Components(kind_of, kinds, listed.hiding(phrases), build_clauses(file.clauses))


def _tables(
    kinds: Mapping[str, _KindTable], wanted: Iterable[str]
) -> list[tuple[str, _ComponentTable]]:
    return [pair for kind in wanted if kind in kinds for pair in kinds[kind].components.items()]


def _parts(tables: Iterable[tuple[str, _ComponentTable]], aside: Iterable[str]) -> Parts:
    rows = list(tables)
    return Parts(
        names=build_vocabulary(((name, table.names) for name, table in rows), aside),
        signs=build_vocabulary((name, table.signs) for name, table in rows),
    )


@dataclass(frozen=True, slots=True, eq=False)
class FacetLexicon:
    """The words for components, places and platforms."""

    components: Components
    regions: Places
    platforms: Vocabulary


class Tags(NamedTuple):
    """What one post says fails, where, and on what; sorted, joined by `SEPARATOR`."""

    component: str
    region: str
    platform: str


def parse_facets(
    components_text: str,
    regions_text: str,
    platforms_text: str,
    own: Own | None = None,
    *,
    places: Iterable[str] = (),
    services: ServiceList | None = None,
) -> FacetLexicon:
    """Return the lexicon of the files in ``data/lexicon``, and a user's ``own`` components.

    ``places`` are tables such as ``cities.csv``. ``services`` is the list of services: its
    categories say what components a service may have, its names hide words inside them.

    Raises
    ------
    InputError
        If one of the texts is not TOML or has a wrong, missing or unknown key.
    """
    listed = listed_for_facets(services) if services else NOTHING_LISTED
    regions = parse_places(regions_text, places)
    platforms = parse_vocabulary(platforms_text, what="the platform lexicon")
    return FacetLexicon(
        components=parse_components(components_text, own, listed),
        regions=regions.hidden_in(listed.hiding(regions.in_text.phrases)),
        platforms=platforms.hidden_in(listed.hiding(platforms.phrases)),
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
    texts = _folded(posts, lexicon.regions)
    in_text = [_read(text, service, lexicon) for text, service in zip(texts, services, strict=True)]
    tags = pd.DataFrame(in_text, columns=list(Tags._fields), index=posts.index, dtype=str)
    shown = {
        "region": lexicon.regions.of_field,
        "platform": lambda value: lexicon.platforms.found(fold(value)),
    }
    for facet, read in shown.items():
        named = tags[facet] != ""
        tags[facet] = tags[facet].where(named, _in_own_words(posts, facet, read))
    return tags


def _folded(posts: pd.DataFrame, places: Places) -> Iterator[str]:
    texts = (places.marked(text) for text in posts["text"].fillna("").astype(str))
    folded = MENTION.sub(" ", URL.sub(" ", fold_all(texts)))
    return iter(folded.split("\n")) if len(posts) else iter(())


def _read(folded: str, service: str, lexicon: FacetLexicon) -> Tags:
    said = lexicon.components.clauses.read(folded)
    spoken = "\n".join(said.failing)
    return Tags(
        component=_joined(components_in(said, lexicon.components.of(service))),
        region=_joined(lexicon.regions.found(spoken)),
        platform=_joined(lexicon.platforms.found(spoken)),
    )


def _in_own_words(
    posts: pd.DataFrame, column: str, read: Callable[[str], frozenset[str]]
) -> pd.Series[str]:
    """Return a field in the lexicon's words; each different value is looked up once."""
    shown = pd.Series(_column(posts, column), index=posts.index, dtype=str)
    known = {
        value: _joined(read(value)) or value.strip().replace(SEPARATOR, ",")
        for value in shown.unique()
    }
    return shown.map(known)


def _column(posts: pd.DataFrame, name: str) -> list[str]:
    if name not in posts:
        return [""] * len(posts)
    return [str(value) for value in posts[name].fillna("")]


def _joined(values: frozenset[str]) -> str:
    return SEPARATOR.join(sorted(values))
