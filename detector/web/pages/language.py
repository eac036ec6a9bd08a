"""Languages of the pages: one table of words each, and which one a reader wants."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

from detector.alerting.speech import Language

LANGUAGES: tuple[Language, ...] = ("en", "zh")
_FOLDER = Path(__file__).parent / "words"


class Words:
    """The words of one language: ``words("incident.since", at=...)`` is safe to show as HTML.

    Parameters
    ----------
    table : texts by key; ``{name}`` in a text is filled in, and escaped unless it is `Markup`.
    """

    def __init__(self, table: Mapping[str, str]) -> None:
        self._table = table

    def __call__(self, key: str, /, **facts: object) -> Markup:
        """Return the text of ``key``. Raises KeyError for a key that no table has."""
        return escape(self._table[key]).format(**facts)

    def text(self, key: str, /, **facts: object) -> str:
        """Return the text of ``key`` as it is: whoever shows it as HTML escapes it."""
        return self._table[key].format(**facts)

    def many(self, key: str, number: int, /, **facts: object) -> Markup:
        """Return the text of ``key``, or of ``key.one`` where there is exactly one."""
        one = number == 1 and f"{key}.one" in self._table
        return self(f"{key}.one" if one else key, number=f"{number:,}", **facts)


@cache
def table_of(language: Language) -> Mapping[str, str]:
    """Return the texts of a language by key, ``section.key``."""
    text = (_FOLDER / f"{language}.toml").read_text(encoding="utf-8")
    return dict(_flat("", tomllib.loads(text)))


def wanted(asked: str | None, cookie: str | None, accepted: str) -> Language:
    """Return the language to use.

    Parameters
    ----------
    asked : ``?lang=`` of the address.
    cookie : what the reader chose before.
    accepted : the browser's ``Accept-Language``.
    """
    for code in (asked, cookie, *_by_preference(accepted)):
        for language in LANGUAGES:
            if code and code.casefold().partition("-")[0] == language:
                return language
    return "en"


def _by_preference(accepted: str) -> list[str]:
    ranked = []
    for place, part in enumerate(accepted.split(",")[:20]):
        code, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality or 1.0)
        except ValueError:
            weight = 0.0
        ranked.append((-weight, place, code))
    return [code for _, _, code in sorted(ranked)]


def _flat(prefix: str, table: Mapping[str, object]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in table.items():
        if isinstance(value, dict):
            found += _flat(f"{prefix}{key}.", value)
        else:
            found.append((f"{prefix}{key}", str(value)))
    return found
