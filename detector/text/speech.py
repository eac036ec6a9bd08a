"""How times, durations, numbers and lists are said, in English and in Chinese."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal, Protocol

from detector.text.phrasing import Phrasing, phrasing
from detector.text.retelling import Retelling

Language = Literal["en", "zh"]

_MOST = 8  # names in a list, before it says how many more there are


class Speech(Protocol):
    """What messages are made of, in one language and for one time zone."""

    def day(self, instant: datetime) -> str:
        """Return the date of ``instant`` with its weekday."""

    def clock(self, instant: datetime) -> str:
        """Return the time of day; seconds only where there are any."""

    def offset(self, instant: datetime) -> str:
        """Return the zone's offset at ``instant``, ``UTC`` if there is none."""

    def full(self, instant: datetime) -> str:
        """Return day, time and offset, and the time in UTC where that is another one."""

    def beside(self, instant: datetime, reference: datetime) -> str:
        """Return the time of ``instant``, with its day where ``reference`` has another one."""

    def lasting(self, length: timedelta) -> str:
        """Return a duration, to the minute."""

    def number(self, value: float) -> str:
        """Return a number, with a decimal only where it is small."""

    def percent(self, share: float) -> str:
        """Return a share as whole per cent."""

    def listed(self, names: Sequence[str]) -> str:
        """Return names as a list, cut where it grows long."""

    def called(self, name: str) -> str:
        """Return what a component, region or platform is called."""

    def retold(self, sentence: str) -> str:
        """Return a sentence of the documented outages, as far as it can be said again."""

    @property
    def say(self) -> Phrasing:
        """What words reasons, from the text catalogue of this language."""


class English:
    """English for one time zone."""

    # Not strftime's: those follow the machine's language.
    _WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def day(self, instant: datetime) -> str:
        """Return ``Sat 2022-07-23``."""
        local = instant.astimezone(self._zone)
        return f"{self._WEEKDAYS[local.weekday()]} {local:%Y-%m-%d}"

    def clock(self, instant: datetime) -> str:
        """Return ``03:06`` or ``03:06:30``."""
        return _clock(instant, self._zone)

    def offset(self, instant: datetime) -> str:
        """Return ``+08:00`` or ``UTC``."""
        return _offset(instant, self._zone)

    def full(self, instant: datetime) -> str:
        """Return ``Sat 2022-07-23 03:06 +08:00 (Fri 19:06 UTC)``."""
        shown = f"{self.day(instant)} {self.clock(instant)} {self.offset(instant)}"
        local, utc = instant.astimezone(self._zone), instant.astimezone(UTC)
        if not local.utcoffset():
            return shown
        # The weekday is repeated only where it differs: it is easily overlooked.
        day = "" if local.date() == utc.date() else f"{self._WEEKDAYS[utc.weekday()]} "
        return f"{shown} ({day}{_clock(instant, UTC)} UTC)"

    def beside(self, instant: datetime, reference: datetime) -> str:
        """Return ``03:06``, or ``Sat 2022-07-23 03:06`` beside another day."""
        same = _same_day(instant, reference, self._zone)
        return self.clock(instant) if same else f"{self.day(instant)} {self.clock(instant)}"

    def lasting(self, length: timedelta) -> str:
        """Return ``45 s``, ``47 min``, ``2 h 05 min`` or ``1 d 3 h``."""
        seconds = round(length.total_seconds())
        minutes = seconds // 60
        if seconds < 60:
            return f"{seconds} s"
        if minutes < 60:
            return f"{minutes} min"
        if minutes < 24 * 60:
            return f"{minutes // 60} h {minutes % 60:02d} min"
        return f"{minutes // 1440} d {minutes % 1440 // 60} h"

    def number(self, value: float) -> str:
        """Return ``412``, ``3.5`` or ``1,403``."""
        return _number(value)

    def percent(self, share: float) -> str:
        """Return ``4%``."""
        return f"{share:.0%}"

    def listed(self, names: Sequence[str]) -> str:
        """Return ``a, b``, or the first eight and ``and 3 more``."""
        more = len(names) - _MOST
        return ", ".join(names[:_MOST]) + (f" and {more} more" if more > 0 else "")

    def called(self, name: str) -> str:
        """Return ``name``: the words that we work with are English."""
        return name

    def retold(self, sentence: str) -> str:
        """Return ``sentence``: what is recorded is English."""
        return sentence

    @property
    def say(self) -> Phrasing:
        """What words reasons in English."""
        return phrasing("en", self._zone)


class Chinese:
    """Chinese for one time zone.

    Parameters
    ----------
    zone : the reader's.
    names : what the bundled components, regions and platforms are called; others stay as they are.
    retelling : says recorded sentences again.
    """

    _WEEKDAYS = "一二三四五六日"

    def __init__(self, zone: tzinfo, names: Mapping[str, str], retelling: Retelling) -> None:
        self._zone = zone
        self._names = names
        self._retelling = retelling

    def day(self, instant: datetime) -> str:
        """Return ``2022-07-23（周六）``."""
        local = instant.astimezone(self._zone)
        return f"{local:%Y-%m-%d}（周{self._WEEKDAYS[local.weekday()]}）"

    def clock(self, instant: datetime) -> str:
        """Return ``03:06`` or ``03:06:30``."""
        return _clock(instant, self._zone)

    def offset(self, instant: datetime) -> str:
        """Return ``UTC+8``, ``UTC-3:30`` or ``UTC``."""
        text = _offset(instant, self._zone)
        if text == "UTC":
            return text
        hours, minutes = text[1:].split(":")
        return f"UTC{text[0]}{int(hours)}" + (f":{minutes}" if minutes != "00" else "")

    def full(self, instant: datetime) -> str:
        """Return ``2022-07-23（周六）03:06 UTC+8（UTC 07-22 19:06）``."""
        shown = f"{self.day(instant)}{self.clock(instant)} {self.offset(instant)}"
        local, utc = instant.astimezone(self._zone), instant.astimezone(UTC)
        if not local.utcoffset():
            return shown
        date = "" if local.date() == utc.date() else f"{utc:%m-%d} "
        return f"{shown}（UTC {date}{_clock(instant, UTC)}）"

    def beside(self, instant: datetime, reference: datetime) -> str:
        """Return ``03:06``, or ``2022-07-23（周六）03:06`` beside another day."""
        same = _same_day(instant, reference, self._zone)
        return self.clock(instant) if same else f"{self.day(instant)}{self.clock(instant)}"

    def lasting(self, length: timedelta) -> str:
        """Return ``45 秒``, ``47 分钟``, ``2 小时 5 分钟`` or ``1 天 3 小时``."""
        seconds = round(length.total_seconds())
        days, hours, minutes = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60
        if seconds < 60:
            return f"{seconds} 秒"
        if seconds < 3600:
            return f"{minutes} 分钟"
        if not days:
            return f"{hours} 小时" + (f" {minutes} 分钟" if minutes else "")
        return f"{days} 天" + (f" {hours} 小时" if hours else "")

    def number(self, value: float) -> str:
        """Return ``412``, ``3.5`` or ``1,403``."""
        return _number(value)

    def percent(self, share: float) -> str:
        """Return ``4%``."""
        return f"{share:.0%}"

    def listed(self, names: Sequence[str]) -> str:
        """Return ``甲、乙``, or the first eight and ``等 11 项``."""
        more = len(names) > _MOST
        return "、".join(names[:_MOST]) + (f" 等 {len(names)} 项" if more else "")

    def called(self, name: str) -> str:
        """Return the Chinese name where there is one."""
        return self._names.get(name, name)

    def retold(self, sentence: str) -> str:
        """Return ``sentence`` in Chinese where the table has it, else as it is."""
        return self._retelling(sentence)

    @property
    def say(self) -> Phrasing:
        """What words reasons in Chinese."""
        return phrasing("zh", self._zone)


def _clock(instant: datetime, zone: tzinfo) -> str:
    local = instant.astimezone(zone)
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def _offset(instant: datetime, zone: tzinfo) -> str:
    offset = instant.astimezone(zone).strftime("%z")
    return "UTC" if offset == "+0000" else f"{offset[:3]}:{offset[3:5]}"


def _same_day(instant: datetime, reference: datetime, zone: tzinfo) -> bool:
    return instant.astimezone(zone).date() == reference.astimezone(zone).date()


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "?"
    return f"{value:,.1f}" if abs(value) < 10 and value != int(value) else f"{value:,.0f}"
