"""Languages of the pages: one table of words each, and which one a reader wants."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, available_timezones

from fastapi import Request
from markupsafe import Markup, escape

from detector import resources
from detector.config.settings import Settings
from detector.model.times import iso
from detector.text.speech import (
    Chinese,
    English,
    Language,
    Speech,
)

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


# Who reads a page: language, theme, time zone; and how times are shown to them.


Theme = Literal["auto", "light", "dark"]
_THEMES: tuple[Theme, ...] = ("auto", "light", "dark")


@dataclass(frozen=True, slots=True)
class Reader:
    """What a page must know of the one who reads it.

    Attributes
    ----------
    zone : the reader's own (the page's script told us, in a cookie), else that of the settings.
    words : texts of the page.
    speech : how times, durations and numbers are said.
    """

    language: Language
    theme: Theme
    zone: ZoneInfo
    words: Words
    speech: Speech

    def when(self, instant: datetime, *, beside: datetime | None = None) -> Markup:
        """Return ``instant`` as a ``<time>``, UTC when pointed at.

        The day is left out where it is that of ``beside``.
        """
        speech = self.speech
        if beside is not None:
            return self._tag(instant, speech.beside(instant, beside))
        gap = "" if self.language == "zh" else " "
        return self._tag(instant, f"{speech.day(instant)}{gap}{speech.clock(instant)}")

    def clock(self, instant: datetime) -> Markup:
        """Return the time of day of ``instant`` as a ``<time>``, day and UTC when pointed at."""
        return self._tag(instant, self.speech.clock(instant))

    def _tag(self, instant: datetime, shown: str) -> Markup:
        utc = f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        html = f'<time datetime="{iso(instant)}" title="{utc}">{escape(shown)}</time>'
        return Markup(html)  # noqa: S704 - its parts are escaped, or digits


def reader_of(request: Request, settings: Settings) -> Reader:
    """Return who reads, from the address, the cookies and what the browser accepts."""
    asked, cookies = request.query_params, request.cookies
    language = wanted(
        asked.get("lang"), cookies.get("lang"), request.headers.get("accept-language", "")
    )
    zone = _zone(cookies.get("tz"), settings)
    speech: Speech = _chinese(zone) if language == "zh" else English(zone)
    theme = _theme(asked.get("theme")) or _theme(cookies.get("theme")) or "auto"
    return Reader(language, theme, zone, Words(table_of(language)), speech)


def chosen(request: Request) -> dict[str, str]:
    """Return what the address chooses, to be kept in cookies."""
    asked = request.query_params
    found = {"lang": asked.get("lang"), "theme": _theme(asked.get("theme"))}
    return {name: value for name, value in found.items() if value in ("en", "zh", *_THEMES)}


def address_with(request: Request, **changes: str) -> str:
    """Return the path and query of this page with some parameters changed."""
    parameters = {**dict(request.query_params), **changes}
    path = request.url.path.lstrip("/")  # two slashes would lead to another host
    return f"/{path}?{urlencode(parameters)}"


def _chinese(zone: ZoneInfo) -> Chinese:
    return Chinese(zone, resources.called("zh"), resources.retelling("zh"))


@cache
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(name: str | None, settings: Settings) -> ZoneInfo:
    if name in _known_zones():
        return ZoneInfo(str(name))
    return ZoneInfo(settings.detection.time_zone or "UTC")


def _theme(name: str | None) -> Theme | None:
    return next((theme for theme in _THEMES if theme == name), None)
