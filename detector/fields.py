"""What every part of ``config.toml`` is made of: values, secrets, what holds if one is missing.

Durations, time zones, instants and column names stand for values. Secrets are named in the
settings and kept in the environment or in a file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from detector.errors import ConfigError
from detector.model.columns import OURS
from detector.model.series import width_fault

Name = Annotated[str, Field(min_length=1)]
Positive = Annotated[float, Field(gt=0)]
T = TypeVar("T")


class Part(BaseModel):
    """A part of the configuration; a key that it does not know is a mistake."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )


_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*(s|min|h|d)\s*")
_LONGEST = timedelta(days=3660)


def inherited(own: T | None, general: T) -> T:
    """Return ``own`` if it was given, else ``general``.

    The rule for every setting that can be made in several places, from the most particular to the
    default: ``inherited(own, inherited(general, default))``. An empty list that was given counts.
    """
    return general if own is None else own


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
#: Of counts that outages are detected in.
JudgedWidth = Annotated[Width, AfterValidator(_judged)]
Zone = Annotated[str, AfterValidator(_known_zone)]
Instant = Annotated[datetime, AfterValidator(_aware)]
Columns = Annotated[Mapping[str, str], AfterValidator(_ours)]
#: In front of an optional value: ``false`` switches it off, as TOML has no null.
Optional = BeforeValidator(_none_if_false)


def named_secret(settings: Part, name: str, base: Path, *, place: str) -> str | None:
    """Return the secret that ``NAME_env`` or ``NAME_file`` of ``settings`` names, None if neither.

    Parameters
    ----------
    base : a relative path is meant from here.
    place : what the settings are called in an error.

    Raises
    ------
    ConfigError : the variable is not set, the file cannot be read, or the secret is empty.
    """
    variable: str | None = getattr(settings, f"{name}_env", None)
    file: Path | None = getattr(settings, f"{name}_file", None)
    if variable is None and file is None:
        return None
    return _secret(variable, file, base, f"{place}.{name}_{'env' if variable else 'file'}")


def with_secrets(options: Mapping[str, Any], base: Path, *, place: str) -> dict[str, Any]:
    """Return ``options``, each ``X_env`` or ``X_file`` in it replaced by ``X``, the secret.

    Parameters and errors are those of `named_secret`.
    """
    known: dict[str, Any] = {}
    for key, value in options.items():
        name, _, kind = key.rpartition("_")
        if name and kind in {"env", "file"}:
            known[name] = _named(kind, value, base, f"{place}.{key}")
        else:
            known[key] = value
    return known


def _named(kind: str, value: object, base: Path, place: str) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{place}: the name of {'a variable' if kind == 'env' else 'a file'}")
    if kind == "env":
        return _secret(value, None, base, place)
    return _secret(None, Path(value), base, place)


def _secret(variable: str | None, file: Path | None, base: Path, place: str) -> str:
    try:
        secret = os.environ[variable] if variable else _written_in(base, file)
    except KeyError:
        raise ConfigError(f"{place}: the environment variable {variable} is not set") from None
    except OSError as error:
        raise ConfigError(f"{place}: {file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{place}: {file} is not UTF-8") from None
    if not secret:
        raise ConfigError(f"{place}: the secret is empty")
    return secret


def _written_in(base: Path, file: Path | None) -> str:
    return "" if file is None else (base / file).read_text("utf-8").strip()
