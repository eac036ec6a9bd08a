"""Where a text says it is: countries, states, provinces, large cities, areas of carriers."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from msgspec import Struct

from detector.complaints.normalise import fold
from detector.complaints.vocabulary import (
    Vocabulary,
    any_of,
    build_vocabulary,
    fold_phrases,
    read_toml,
)
from detector.errors import InputError

MARK = "⌖"
"""Stands before a word that means a place only where it stands: "in ⌖Turkey"."""

_ROUTE = re.compile(
    r"\bfrom [A-Z]\w+(?: [A-Z]\w+)? to [A-Z]\w+(?: [A-Z]\w+)?"
    r"|[\u4e00-\u9fff]{2,3}[到飞至][\u4e00-\u9fff]{2,3}的?(?=机票|航班|高铁|火车|动车|车票|票)"
)
_COLUMNS = ["region", "names"]


class _RegionsFile(Struct, frozen=True, forbid_unknown_fields=True):
    names: dict[str, tuple[str, ...]]
    aside: tuple[str, ...] = ()
    place_words: tuple[str, ...] = ()
    guarded: dict[str, tuple[str, ...]] = {}
    capitals: dict[str, tuple[str, ...]] = {}
    abbreviations: dict[str, str] = {}
    unsafe: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Names of places, and where words that are not only names of places mean one.

    Attributes
    ----------
    in_text : what marked text is searched for.
    in_field : what a field that holds nothing but a place is searched for.
    guarded, abbreviated : match what comes before a word that means a place there.
    """

    in_text: Vocabulary
    in_field: Vocabulary
    guarded: re.Pattern[str]
    abbreviated: re.Pattern[str]

    def marked(self, text: str) -> str:
        """Return ``text``, not folded yet, with `MARK` before words that mean a place there.

        "Nice, it is down in Nice" becomes "Nice, it is down in ⌖Nice". Where somebody travels
        ("from Paris to Rome") goes: it is not where the trouble is.
        """
        stays = _ROUTE.sub(" ", text)
        return self.abbreviated.sub(MARK, self.guarded.sub(rf"\g<0>{MARK}", stays))

    def hidden_in(self, aside: Iterable[str]) -> Places:
        """Return the same with more folded phrases that hide a place inside them."""
        return replace(self, in_text=self.in_text.hidden_in(aside))

    def found(self, folded: str) -> frozenset[str]:
        """Return the regions that a text names that was `marked` and folded."""
        return self.in_text.found(folded)

    def of_field(self, value: str) -> frozenset[str]:
        """Return the regions that a field such as "Austin, TX" names."""
        return self.in_field.found(fold(self.abbreviated.sub(MARK, value)))


def parse_places(regions_text: str, tables: Iterable[str] = ()) -> Places:
    """Return the places of ``data/lexicon/regions.toml`` and of tables such as ``cities.csv``.

    A name means itself as well. What the first file says counts before the tables, an earlier
    table before a later one.

    Raises
    ------
    InputError
        If a text is not TOML or CSV, or has a wrong, missing or unknown key or column.
    """
    file = read_toml(regions_text, _RegionsFile, what="the region lexicon")
    named = [(name, (name, *words)) for name, words in file.names.items()]
    plain = _owned([*named, *(row for table in tables for row in _rows(table))])
    special = _owned([*file.guarded.items(), *file.capitals.items()])
    marked = {f"{MARK}{word}": region for word, region in special.items()}
    marked |= {f"{MARK}{fold(short)}": region for short, region in file.abbreviations.items()}
    return Places(
        in_text=_vocabulary(plain | marked, file.aside),
        in_field=_vocabulary(special | plain | marked, file.aside),
        guarded=_guarded(file),
        abbreviated=_abbreviated(file),
    )


def _owned(named: Iterable[tuple[str, Iterable[str]]]) -> dict[str, str]:
    """Return the region of each folded name; a name claimed twice is the first claimant's."""
    pairs = [(name, region) for region, names in named for name in names]
    folded = fold_phrases(name for name, _ in pairs)
    owner: dict[str, str] = {}
    for name, (_, region) in zip(folded, pairs, strict=True):
        owner.setdefault(name, region)
    return owner


def _vocabulary(owner: Mapping[str, str], aside: Iterable[str]) -> Vocabulary:
    return build_vocabulary(((region, (name,)) for name, region in owner.items()), aside)


def _rows(csv_text: str) -> Iterable[tuple[str, list[str]]]:
    rows = csv.reader(csv_text.splitlines())
    if next(rows, []) != _COLUMNS:
        raise InputError(f"a table of places must begin with {','.join(_COLUMNS)}")
    for line, row in enumerate(rows, start=2):
        if len(row) != len(_COLUMNS):
            raise InputError(f"line {line} of a table of places is not {','.join(_COLUMNS)}")
        yield row[0], row[1].split("|")


def _guarded(file: _RegionsFile) -> re.Pattern[str]:
    """Return a pattern for what comes before a guarded word that means a place.

    A place word ("in", "in the"), or for a word with a capital letter another one and "and".
    """
    words = [word for names in file.guarded.values() for word in names]
    titled = [word.title() for word in words]
    capitals = [word.title() for names in file.capitals.values() for word in names]
    place = rf"(?i:{any_of(file.place_words)}\s+(?:the\s+)?)"
    joined = r"(?<![^\W_])[A-Z]\w+(?:,| and| or| &) "
    return re.compile(
        rf"{place}(?=(?i:{any_of(words)})|{_exactly(capitals)})|{joined}(?={_exactly(titled)})"
    )


def _abbreviated(file: _RegionsFile) -> re.Pattern[str]:
    """Return a pattern for the empty place before an abbreviation that means a state."""
    safe = "|".join(short for short in file.abbreviations if short not in file.unsafe)
    unsafe = "|".join(file.unsafe)
    end = r"(?![\w'])"
    return re.compile(
        rf"(?<=[a-z], )(?=(?:{safe}){end})|(?<=[a-z] )(?=(?:{safe}){end})"
        rf"|(?<=[a-z], )(?=(?:{unsafe})(?:\s*$|[.!?)]|\s+(?:and|area|here|since|right)\b))"
    )


def _exactly(words: Iterable[str]) -> str:
    return rf"(?:{'|'.join(map(re.escape, words)) or '(?!)'})(?![^\W_])"
