"""The words of a report: English ones are their own keys, other languages have a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from math import isfinite
from types import MappingProxyType

from detector.model.plain_text import plain
from detector.report.chart_frame import WEEKDAYS
from detector.report.chinese import CHINESE

LANGUAGES: Mapping[str, Mapping[str, str]] = MappingProxyType({"en": {}, "zh": CHINESE})


@dataclass(frozen=True, slots=True)
class Phrases:
    """Says things in one language, with times of one zone.

    Attributes
    ----------
    language : a key of `LANGUAGES`.
    zone : of all times that are said.
    names : what components, regions and platforms are called; others keep their names.
    retold : says again what was recorded in English, the catalogue above all.
    """

    language: str
    zone: tzinfo
    names: Mapping[str, str] = field(default_factory=dict)
    retold: Callable[[str], str] = str

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            known = ", ".join(LANGUAGES)
            raise ValueError(f"no language {self.language!r}; there are {known}")

    def __call__(self, english: str, /, **values: object) -> str:
        """Return ``english`` in the language, ``{names}`` replaced by ``values``.

        Values are put on one line without control characters; they are not escaped for anything.
        """
        table = LANGUAGES[self.language]
        said = english if self.language == "en" else table[english]
        return said.format(**{name: plain(str(v), longest=500) for name, v in values.items()})

    def named(self, facets: Sequence[str]) -> list[str]:
        """Return components, regions or platforms as they are called in the language, inert."""
        return [plain(self.names.get(facet, facet)) for facet in facets]

    def many(self, number: int, one: str, more: str) -> str:
        """Return ``one`` or ``more``, whose ``{n}`` is ``number``."""
        return self(one if number == 1 else more, n=f"{number:,}")

    def instant(self, at: datetime) -> str:
        """Return ``Mon 2013-07-22 07:28``."""
        local = at.astimezone(self.zone)
        return f"{self(WEEKDAYS[local.weekday()])} {local:%Y-%m-%d} {self.clock(at)}"

    def clock(self, at: datetime) -> str:
        """Return ``07:28``, with seconds where there are some."""
        local = at.astimezone(self.zone)
        return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"

    def beside(self, reference: datetime, at: datetime) -> str:
        """Return the time of ``at``, with its day where ``reference`` has another one."""
        same = at.astimezone(self.zone).date() == reference.astimezone(self.zone).date()
        return self.clock(at) if same else self.instant(at)

    def offset(self, at: datetime) -> str:
        """Return ``UTC+8``, ``UTC-3:30`` or ``UTC``: the zone's distance from UTC at ``at``."""
        distance = at.astimezone(self.zone).utcoffset() or timedelta(0)
        minutes = round(abs(distance).total_seconds() / 60)
        if not minutes:
            return "UTC"
        rest = f":{minutes % 60:02d}" if minutes % 60 else ""
        return f"UTC{'-' if distance < timedelta(0) else '+'}{minutes // 60}{rest}"

    def duration(self, length: timedelta) -> str:
        """Return ``45 s``, ``47 min``, ``2 h 05 min`` or ``1 d 3 h``, negative ones with ``−``."""
        seconds = round(abs(length).total_seconds())
        minutes, sign = seconds // 60, "−" if seconds and length < timedelta(0) else ""
        if seconds < 60 and seconds:
            return self("{sign}{s} s", sign=sign, s=seconds)
        if minutes < 60:
            return self("{sign}{m} min", sign=sign, m=minutes)
        if minutes < 24 * 60:
            return self("{sign}{h} h {m} min", sign=sign, h=minutes // 60, m=f"{minutes % 60:02d}")
        return self("{sign}{d} d {h} h", sign=sign, d=minutes // 1440, h=minutes % 1440 // 60)

    def count(self, value: float) -> str:
        """Return a number of posts: ``1,234``, ``4.2``, ``0.02``."""
        if not isfinite(value):
            return self("unknown")
        if abs(value) >= 10 or value == int(value):
            return f"{value:,.0f}"
        return f"{value:.2g}"
