"""The settings as understood; what could be a secret is never shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from detector.model.token import Scope
from detector.web.access import Asking, needs
from detector.web.backend import AskedBackend
from detector.web.pages.rendering import page

router = APIRouter(include_in_schema=False)
# Names of variables and files may be shown, what they hold is not read here. An address can hold
# a login or be a secret itself, as a webhook's is.
_NAMED = re.compile(r"(_env|_file)$")
_SECRET = re.compile(
    r"url|location|token|secret|password|(^|_)key|login|cookie|header|credential|dsn|option",
    re.IGNORECASE,
)
_OPEN = frozenset({"public_url", "session"})


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One key.

    Attributes
    ----------
    secret : whether something is set that is not shown.
    is_default : whether the configuration says nothing about it.
    about : what it means, in English.
    """

    key: str
    value: str
    secret: bool
    is_default: bool
    about: str


@dataclass(frozen=True, slots=True)
class Section:
    """A section of ``config.toml``."""

    name: str
    rows: tuple[SettingRow, ...]


@router.get("/settings", dependencies=[needs(Scope.READ)])
def settings(request: Request, backend: AskedBackend, visitor: Asking) -> Response:
    """Show every setting that holds, and who you are."""
    sections = list(sections_of(backend.settings))
    return page(request, backend, "settings.html", sections=sections, visitor=visitor)


def sections_of(settings: BaseModel, prefix: str = "") -> Iterator[Section]:
    """Yield the sections of ``settings``, each with its keys, in the order of the classes."""
    for name, _ in _fields(settings):
        value = getattr(settings, name)
        place = f"{prefix}{name}"
        for inner_place, part in _parts(place, value):
            rows = tuple(_rows(part))
            if rows:
                yield Section(f"[{inner_place}]", rows)
            yield from sections_of(part, f"{inner_place}.")


def _parts(place: str, value: object) -> Iterator[tuple[str, BaseModel]]:
    """Yield the parts that ``value`` is or holds, with their places."""
    match value:
        case BaseModel():
            yield place, value
        case Mapping():
            for key, part in value.items():
                if isinstance(part, BaseModel):
                    yield f"{place}.{key}", part
        case tuple():
            for number, part in enumerate(value, start=1):
                if isinstance(part, BaseModel):
                    yield f"{place}.{getattr(part, 'name', number)}", part


def _rows(part: BaseModel) -> Iterator[SettingRow]:
    for name, field in _fields(part):
        value = getattr(part, name)
        if any(_parts(name, value)):
            continue
        about = re.sub(r"`+", "", " ".join((field.description or "").split()))
        secret = _is_secret(name, value)
        shown = "" if secret else _shown(value)
        yield SettingRow(name, shown, secret, name not in part.model_fields_set, about)


def _fields(part: BaseModel) -> Sequence[tuple[str, FieldInfo]]:
    return tuple(type(part).model_fields.items())


def _is_secret(name: str, value: object) -> bool:
    if name in _OPEN or _NAMED.search(name) or value in (None, "", (), {}):
        return False
    if isinstance(value, bool | int | float | timedelta):
        return False
    text = str(value)
    if name == "location":
        return "://" in text
    return bool(_SECRET.search(name)) or ("://" in text and "@" in text)


def _shown(value: Any) -> str:
    match value:
        case None:
            return "-"
        case timedelta():
            return _duration(value.total_seconds())
        case bool():
            return str(value).lower()
        case Mapping():
            return ", ".join(f"{key} = {_shown(inner)}" for key, inner in value.items()) or "-"
        case tuple() | list() | frozenset():
            return ", ".join(map(_shown, value)) or "-"
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _duration(seconds: float) -> str:
    """Return a duration as it is written in ``config.toml``."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds / length:g}{unit}"
    return f"{seconds:g}s"
