"""Who reads a page: language, theme, time zone; and how times are shown to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, available_timezones

from fastapi import Request
from markupsafe import Markup, escape

from detector import resources
from detector.alerting.speech import Chinese, English, Language, Speech
from detector.domain.times import iso
from detector.settings import Settings
from detector.web.pages.language import Words, table_of, wanted

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
