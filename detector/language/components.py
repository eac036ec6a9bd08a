"""Which part of a service a complaint is about: names and signs, by kind of service."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from msgspec import Struct

from detector.language.normalise import fold
from detector.language.vocabulary import Vocabulary, build_vocabulary, read_toml

ANY = "any"
"""The kind whose components every service has."""


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
