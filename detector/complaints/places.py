"""Where a text says it is: countries, states, provinces, large cities, areas of carriers."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from msgspec import Struct

from detector.complaints.normalise import fold
from detector.complaints.vocabulary import Vocabulary, any_of, build_vocabulary, read_toml
from detector.errors import InputError

MARK = "⌖"
"""Stands before a word that means a place only where it stands: "in ⌖Turkey"."""

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

        "Nice, it is down in Nice" becomes "Nice, it is down in ⌖Nice".
        """
        return self.abbreviated.sub(MARK, self.guarded.sub(rf"\g<0>{MARK}", text))

    def found(self, folded: str) -> frozenset[str]:
        """Return the regions that a text names that was `marked` and folded."""
        return self.in_text.found(folded)

    def of_field(self, value: str) -> frozenset[str]:
        """Return the regions that a field such as "Austin, TX" names."""
        return self.in_field.found(fold(self.abbreviated.sub(MARK, value)))


def parse_places(regions_text: str, tables: Iterable[str] = (), aside: Iterable[str] = ()) -> Places:
    """Return the places of ``data/lexicon/regions.toml`` and of tables such as ``cities.csv``.

    A name means itself as well. What the first file says counts before the tables, an earlier
    table before a later one. ``aside`` lists more phrases that hide a place inside them.

    Raises
    ------
    InputError
        If a text is not TOML or CSV, or has a wrong, missing or unknown key or column.
    """
    file = read_toml(regions_text, _RegionsFile, what="the region lexicon")
    owner: dict[str, str] = {}
    _claim(owner, ((name, (name, *words)) for name, words in file.names.items()))
    for table in tables:
        _claim(owner, _rows(table))
    special = dict(owner)
    words = [*file.guarded.items(), *file.capitals.items()]
    _claim(special, words)
    marked = {f"{MARK}{fold(word)}": region for region, all_ in words for word in all_}
    marked |= {f"{MARK}{fold(short)}": region for short, region in file.abbreviations.items()}
    hides = [*file.aside, *aside]
    return Places(
        in_text=build_vocabulary(_pairs(owner | marked), hides),
        in_field=build_vocabulary(_pairs(special | marked), hides),
        guarded=_guarded(file),
        abbreviated=_abbreviated(file),
    )


def _claim(owner: dict[str, str], named: Iterable[tuple[str, Iterable[str]]]) -> None:
    for region, names in named:
        for name in names:
            owner.setdefault(fold(name), region)


def _pairs(owner: Mapping[str, str]) -> Iterable[tuple[str, tuple[str]]]:
    return ((region, (phrase,)) for phrase, region in owner.items())


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
