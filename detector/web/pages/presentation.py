"""How a page is presented to one reader: language, theme, time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, available_timezones

from fastapi import Request
from markupsafe import Markup, escape

from detector.config.settings import Settings
from detector.model.times import iso
from detector.text.catalogue import LANGUAGES, Catalogue, catalogue
from detector.text.format import Format
from detector.text.phrasing import Phrasing, phrasing
from detector.web.pages.language import wanted_language

Theme = Literal["auto", "light", "dark"]
THEMES: tuple[Theme, ...] = ("auto", "light", "dark")


@dataclass(frozen=True, slots=True)
class Presentation:
    """What a page must know of the one who reads it.

    Attributes
    ----------
    theme : light, dark, or as the system has it.
    zone : the reader's own (the page's script told us, in a cookie), else that of the settings.
    say : words facts in the reader's language.
    """

    theme: Theme
    zone: ZoneInfo
    say: Phrasing

    @property
    def texts(self) -> Catalogue:
        """All texts of the language."""
        return self.say.texts

    @property
    def format(self) -> Format:
        """Writes times, durations and numbers."""
        return self.say.format

    @property
    def language(self) -> str:
        """The code of the language, as in ``?lang=``."""
        return self.texts.code

    def html(self, key: str, /, **params: object) -> Markup:
        """Return the text of ``key`` as HTML; parameters are escaped unless they are `Markup`."""
        return self.texts.html(key, **params)

    def when(self, instant: datetime, *, reference: datetime | None = None) -> Markup:
        """Return ``instant`` as a ``<time>``, UTC when pointed at.

        The day is left out where it is that of ``reference``.
        """
        if reference is None:
            return self._tag(instant, self.format.instant(instant))
        return self._tag(instant, self.format.relative(instant, reference))

    def _tag(self, instant: datetime, shown: str) -> Markup:
        utc = f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        html = f'<time datetime="{iso(instant)}" title="{utc}">{escape(shown)}</time>'
        return Markup(html)  # noqa: S704 - its parts are escaped, or digits


def presentation_for(request: Request, settings: Settings) -> Presentation:
    """Return what the address, the cookies and the browser ask for."""
    asked, cookies = request.query_params, request.cookies
    zone = _zone(cookies.get("tz"), settings)
    theme = _theme(asked.get("theme")) or _theme(cookies.get("theme")) or "auto"
    return Presentation(theme, zone, phrasing_for(request, zone))


def phrasing_for(request: Request, zone: ZoneInfo) -> Phrasing:
    """Return what words facts in the language that the request asks for."""
    accepted = request.headers.get("accept-language", "")
    code = wanted_language(request.query_params.get("lang"), request.cookies.get("lang"), accepted)
    return phrasing(code, zone)


def own_zone(settings: Settings) -> ZoneInfo:
    """Return the zone of readers whose own is unknown."""
    return ZoneInfo(settings.detection.time_zone or "UTC")


def chosen(request: Request) -> dict[str, str]:
    """Return what the address chooses, to be kept in cookies."""
    asked = request.query_params
    found = {"lang": asked.get("lang"), "theme": _theme(asked.get("theme"))}
    return {name: value for name, value in found.items() if value in (*LANGUAGES, *THEMES)}


def address_with(request: Request, **changes: str) -> str:
    """Return the path and query of this page with some parameters changed."""
    parameters = {**dict(request.query_params), **changes}
    path = request.url.path.lstrip("/")  # two slashes would lead to another host
    return f"/{path}?{urlencode(parameters)}"


@cache
def languages() -> tuple[tuple[str, str, str], ...]:
    """Return code, name and tag (``zh-Hans``) of every language that a page can be read in."""
    found = []
    for code in LANGUAGES:
        texts = catalogue(code)
        found.append((code, texts("language.name"), language_tag(texts)))
    return tuple(found)


def language_tag(texts: Catalogue) -> str:
    """Return the language as HTML names it, with its script where that is not evident."""
    return str(texts.locale).replace("_", "-")


@cache
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(name: str | None, settings: Settings) -> ZoneInfo:
    return ZoneInfo(str(name)) if name in _known_zones() else own_zone(settings)


def _theme(name: str | None) -> Theme | None:
    return next((theme for theme in THEMES if theme == name), None)
