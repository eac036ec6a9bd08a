"""What stands for a value in ``config.toml``: durations, time zones, instants, column names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BeforeValidator

from detector.domain.bins import width_fault
from detector.domain.tables import OURS

_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*(s|min|h|d)\s*")
_LONGEST = timedelta(days=3660)


def parse_duration(text: object) -> timedelta:
    """Return the duration that ``text`` names: ``30s``, ``1min``, ``2h``, ``1d``; at most 10 years.

    Raises
    ------
    ValueError
        Saying what would be right.
    """
    if isinstance(text, timedelta):
        return text
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write 30s, 1min, 2h or 1d")
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > _LONGEST.total_seconds():
        raise ValueError(f"{text!r} is longer than {_LONGEST.days}d")
    return timedelta(seconds=seconds)


def _judged(width: timedelta) -> timedelta:
    if fault := width_fault(width):
        raise ValueError(fault)
    return width


def parse_width(text: object) -> timedelta:
    """Return the bin width that ``text`` names: whole seconds, at most a day.

    Raises
    ------
    ValueError
        Saying what would be right.
    """
    width = parse_duration(text)
    if width % timedelta(seconds=1) or not timedelta(0) < width <= timedelta(days=1):
        raise ValueError(f"{text!r} is no bin width; write whole seconds, from 1s to 1d")
    return width


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """Return ``did you mean ...?``, or everything known where nothing is near."""
    names = sorted(known)
    close = get_close_matches(wrong, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(names)}"


def _positive(duration: timedelta) -> timedelta:
    if duration <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return duration


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        close = get_close_matches(name, available_timezones(), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "; e.g. 'Asia/Shanghai'"
        raise ValueError(f"{name!r} is not a known time zone{hint}") from None
    return name


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant} needs an offset, e.g. 2026-02-17T00:00:00+08:00")
    return instant


def _ours(columns: Mapping[str, str]) -> Mapping[str, str]:
    for name in columns:
        if name not in OURS:
            raise ValueError(f"{name!r} is no column of ours; {suggestion(name, OURS)}")
    return columns


def _none_if_false(value: object) -> object:
    return None if value is False else value


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
LongDuration = Annotated[Duration, AfterValidator(_positive)]
Width = Annotated[timedelta, BeforeValidator(parse_width)]
#: Of counts, in which outages are looked for.
JudgedWidth = Annotated[Width, AfterValidator(_judged)]
Zone = Annotated[str, AfterValidator(_known_zone)]
Instant = Annotated[datetime, AfterValidator(_aware)]
Columns = Annotated[Mapping[str, str], AfterValidator(_ours)]
#: In front of an optional value: ``false`` switches it off, as TOML has no null.
Optional = BeforeValidator(_none_if_false)
