"""The bundled list of services: what they are called, of what kind they are, where they work."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import NamedTuple

from detector.errors import InputError

COLUMNS = ("category", "name", "aliases", "countries")
_BETWEEN = "|"
_WORD = "~"


class ListedService(NamedTuple):
    """One service of the list.

    Attributes
    ----------
    aliases : other names, as written.
    words : those of its names that are ordinary words too, as written.
    category : its kind, as in ``data/lexicon/components.toml``.
    countries : ISO 3166 codes of where it mostly works; none if everywhere or not known.
    """

    aliases: tuple[str, ...]
    words: tuple[str, ...]
    category: str
    countries: tuple[str, ...]


ServiceList = Mapping[str, ListedService]
"""Listed services by canonical name."""


def parse_service_list(csv_text: str) -> dict[str, ListedService]:
    """Return the services in ``csv_text`` (see ``data/lexicon/services.csv``), in its order.

    Aliases and countries are separated by ``|``; a name after ``~`` is an ordinary word too.

    Raises
    ------
    InputError
        The header differs, a row has too few or too many fields, no name, or a name given before.
    """
    rows = csv.reader(csv_text.splitlines())
    if tuple(next(rows, ())) != COLUMNS:
        raise InputError(f"the list of services must begin with {','.join(COLUMNS)}")
    listed: dict[str, ListedService] = {}
    for line, row in enumerate(rows, start=2):
        name, service = _service(row, line)
        if name in listed:
            raise InputError(f"line {line} of the list of services names {name} again")
        listed[name] = service
    return listed


def _service(row: list[str], line: int) -> tuple[str, ListedService]:
    if len(row) != len(COLUMNS) or not row[1].removeprefix(_WORD):
        raise InputError(f"line {line} of the list of services is not {','.join(COLUMNS)}")
    category, name, aliases, countries = row
    names = f"{name}{_BETWEEN}{aliases}".rstrip(_BETWEEN).split(_BETWEEN)
    words = [n.removeprefix(_WORD) for n in names if n.startswith(_WORD)]
    bare = [n.removeprefix(_WORD) for n in names] if words else names
    where = tuple(countries.split(_BETWEEN)) if countries else ()
    return bare[0], ListedService(tuple(bare[1:]), tuple(words), category, where)
