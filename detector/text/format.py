"""Times, durations, numbers and lists for one language and one time zone.

What differs between languages comes from CLDR, through Babel, and from the section ``format`` of
the catalogue. Times of day have 24 hours and dates are ISO 8601 everywhere: nobody who is on call
should have to ask which number is the month.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent, parse_pattern
from babel.units import format_unit

from detector.text.catalogue import Catalogue

_MOST = 8  # names in a list, before it says how many more there are
_WHOLE, _TWO_DIGITS = parse_pattern("#,##0"), parse_pattern("@#")
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


class Format:
    """Writes values the way readers of one language, in one time zone, expect them.

    Parameters
    ----------
    texts : of the language; its locale gives everything that CLDR knows.
    zone : of all times but those marked UTC.
    """

    def __init__(self, texts: Catalogue, zone: tzinfo) -> None:
        self.zone = zone
        self._texts = texts
        self._locale = texts.locale

    def day(self, instant: datetime) -> str:
        """Return ``Sat 2022-07-23``, in Chinese ``2022-07-23（周六）``."""
        return self._date(instant, "format.day", self.zone)

    def clock(self, instant: datetime) -> str:
        """Return ``03:06``, or ``03:06:30`` where there are seconds."""
        return _clock(instant, self.zone)

    def offset(self, instant: datetime) -> str:
        """Return the zone's distance from UTC at ``instant``: ``+08:00``, or ``UTC``."""
        text = instant.astimezone(self.zone).strftime("%z")
        if text == "+0000":
            return "UTC"
        return self._texts("format.offset", offset=f"{text[:3]}:{text[3:5]}")

    def instant(self, instant: datetime) -> str:
        """Return day and time: ``Sat 2022-07-23 03:06``."""
        return self._texts("format.instant", day=self.day(instant), clock=self.clock(instant))

    def zoned(self, instant: datetime) -> str:
        """Return day, time and offset: ``Sat 2022-07-23 03:06 +08:00``."""
        offset = self.offset(instant)
        return self._texts("format.zoned", instant=self.instant(instant), offset=offset)

    def relative_zoned(self, instant: datetime, reference: datetime) -> str:
        """Return the time as `relative` does, and the offset: ``03:06 +08:00``."""
        shown, offset = self.relative(instant, reference), self.offset(instant)
        return self._texts("format.zoned", instant=shown, offset=offset)

    def full(self, instant: datetime) -> str:
        """Return ``Sat 2022-07-23 03:06 +08:00 (Fri 19:06 UTC)``.

        The day in UTC stands there only where it is another one, since it is easily overlooked.
        """
        local, utc = instant.astimezone(self.zone), instant.astimezone(UTC)
        if not local.utcoffset():
            return self.zoned(instant)
        in_utc = _clock(instant, UTC)
        if local.date() != utc.date():
            day = self._date(instant, "format.utc_day", UTC)
            in_utc = self._texts("format.utc_instant", day=day, clock=in_utc)
        shown, offset = self.instant(instant), self.offset(instant)
        return self._texts("format.full", instant=shown, offset=offset, utc=in_utc)

    def relative(self, instant: datetime, reference: datetime) -> str:
        """Return the time of ``instant``, with its day where ``reference`` has another one."""
        day, other = (t.astimezone(self.zone).date() for t in (instant, reference))
        return self.clock(instant) if day == other else self.instant(instant)

    def duration(self, length: timedelta) -> str:
        """Return ``45 sec``, ``47 min``, ``2 hr 13 min`` or ``2 days 5 hr``.

        At most two neighbouring units, cut, not rounded, below the minute only where there is
        nothing above; negative ones have the sign in front.
        """
        seconds = round(abs(length.total_seconds()))
        sign = "−" if seconds and length < timedelta(0) else ""
        parts = list(self._parts(seconds))
        if len(parts) == 1:
            return sign + parts[0]
        return sign + self._texts("format.duration", larger=parts[0], smaller=parts[1])

    def number(self, value: float, *, digits: int | None = None) -> str:
        """Return ``1,403``, or two significant digits of what is small: ``3.5``, ``0.02``.

        A value that is not finite is ``?``.

        Parameters
        ----------
        digits : so many decimals of what is not whole, ``12.346``.
        """
        if not math.isfinite(value):
            return "?"
        if digits is not None and value != int(value):
            decimals = parse_pattern(f"#,##0.{'0' * digits}")
            return format_decimal(value, format=decimals, locale=self._locale)
        whole = abs(value) >= 10 or value == int(value)
        return format_decimal(value, format=_WHOLE if whole else _TWO_DIGITS, locale=self._locale)

    def percent(self, share: float, *, digits: int = 0) -> str:
        """Return a share in [0, 1] as per cent, ``4%``; ``?`` where it is not finite.

        Parameters
        ----------
        digits : at most so many decimals, ``99.9%``.
        """
        if not math.isfinite(share):
            return "?"
        if not digits:
            return format_percent(share, locale=self._locale)
        rounded = Decimal(f"{share:.{digits + 2}f}").normalize()
        return format_percent(rounded, locale=self._locale, decimal_quantization=False)

    def list(self, names: Sequence[str], most: int = _MOST) -> str:
        """Return ``a, b, and c``; of more than ``most`` the first ones, and how many more."""
        more = len(names) - most
        if more <= 0:
            return format_list(list(names), locale=self._locale)
        first = self._joined(names[:most])
        return self._texts(
            "format.cut", names=first, more=self.number(more), all=self.number(len(names))
        )

    def weekdays(self) -> tuple[str, ...]:
        """Return the short names of the weekdays, Monday first."""
        names = self._locale.days["format"]["abbreviated"]
        return tuple(names[day] for day in range(7))

    def _date(self, instant: datetime, key: str, zone: tzinfo) -> str:
        local = instant.astimezone(zone)
        return format_date(local, self._texts.template(key), locale=self._locale)

    def _parts(self, seconds: int) -> Iterator[str]:
        """Yield the largest unit that fits, and the next one where there is any of it."""
        place = next((i for i, (_, size) in enumerate(_UNITS) if seconds >= size), len(_UNITS) - 1)
        (unit, size), rest = _UNITS[place], _UNITS[place + 1 : place + 2]
        yield self._unit(seconds // size, unit)
        for smaller, width in rest:
            if smaller != "second" and (left := seconds % size // width):
                yield self._unit(left, smaller)

    def _unit(self, value: int, unit: str) -> str:
        return format_unit(value, f"duration-{unit}", "short", locale=self._locale)

    def _joined(self, names: Sequence[str]) -> str:
        """Return the names joined as in the middle of a longer list, without a last ``and``."""
        pattern = self._locale.list_patterns["standard"]["start"]
        joined = names[0]
        for name in names[1:]:
            joined = pattern.format(joined, name)
        return joined


def _clock(instant: datetime, zone: tzinfo) -> str:
    local = instant.astimezone(zone)
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
