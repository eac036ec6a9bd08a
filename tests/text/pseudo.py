"""A language nobody speaks: English in accents, made by the same rules as any other language.

On a page, a screen or a report in it, whatever stands there in plain letters was never localised:
its locale is Greek, so that weekdays, units and the "and" of lists have no plain letters either.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC
from pathlib import Path

from detector.text.catalogue import Catalogue, catalogue
from detector.text.format import Format

CODE = "qps"

_PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ACCENTED = "áƀçðéƒğĥíĵķļɱñóþɋřšţúṽŵẋýžÁƁÇÐÉƑĞĤÍĴĶĻḾÑÓÞɊŘŠŢÚṼŴẊÝŽ"
_ACCENTS = str.maketrans(_PLAIN, _ACCENTED)
_PARAMETER = re.compile(r"(\{[^{}]*\})")
#: What the machine reads, not people.
_UNTOUCHED = ("language.", "format.day", "format.utc_day")
_WORD = re.compile(r"[A-Za-z]{2,}")
#: The same in every language.
_UTC = re.compile(r"\bUTC\b")


def pseudo(folder: Path) -> Catalogue:
    """Return the pseudo-language, loaded from its file, which is written into ``folder``."""
    english = catalogue("en")
    lines = [f"{_dotted(key)} = {json.dumps(_text(english, key))}" for key in english]
    (folder / f"{CODE}.toml").write_text("\n".join(lines), encoding="utf-8")
    return catalogue(CODE, folder)


def pseudo_format(texts: Catalogue) -> Format:
    return Format(texts, UTC)


def unlocalised(shown: str, known: Iterable[str] = ()) -> list[str]:
    """Return the words in ``shown`` that no catalogue made.

    Parameters
    ----------
    shown : text, without markup.
    known : names and other texts that are rightly the same in every language.
    """
    for name in sorted(known, key=len, reverse=True):
        shown = shown.replace(name, " ")
    return _WORD.findall(_UTC.sub(" ", shown))


def accented(english: str) -> str:
    """Return ``english`` in accents, its ``{parameters}`` as they are."""
    return "".join(
        part if _PARAMETER.fullmatch(part) else part.translate(_ACCENTS)
        for part in _PARAMETER.split(english)
    )


def _text(english: Catalogue, key: str) -> str:
    if key == "language.locale":
        return "el"
    text = english.template(key)
    return text if key.startswith(_UNTOUCHED) else accented(text)


def _dotted(key: str) -> str:
    return ".".join(map(json.dumps, _path(key)))


def _path(key: str) -> Iterator[str]:
    """Yield the tables of a key; names and sentences of outages may have dots in them."""
    table, _, rest = key.partition(".")
    yield from (table, rest) if table in ("name", "outage") else key.split(".")
