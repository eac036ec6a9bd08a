"""Mistakes in ``config.toml``: where, what, and what would be right."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from detector.config.routing import routing_mistakes
from detector.config.sections import (
    DetectionSettings,
    Settings,
    SeveritySettings,
)
from detector.fields import suggestion

Loc = tuple[int | str, ...]
_SECRET = ("url", "location")


def explain(error: ErrorDetails, document: Mapping[str, Any]) -> str:
    """Return one line about ``error``: the key, what is wrong, what would be right.

    Parameters
    ----------
    error : as pydantic tells it.
    document : the TOML document; a source or receiver is called by its name in it.
    """
    loc = error["loc"]
    place = _place(loc, document)
    match error["type"]:
        case "extra_forbidden":
            return f"{place}: no such setting; {suggestion(str(loc[-1]), _known(loc))}"
        case "missing":
            return f"{place}: missing"
        case "union_tag_not_found":
            return f"{place}.type: missing; one of {', '.join(sorted(_tags(_at(loc))))}"
        case "union_tag_invalid":
            tag = str(error["ctx"]["tag"])
            return f"{place}.type: no such type {tag!r}; {suggestion(tag, _tags(_at(loc)))}"
    if error["type"] == "string_pattern_mismatch":
        return f"{place}: not a URL; write https://host/path"
    message = error["msg"].removeprefix("Value error, ")
    if message.startswith(repr(error["input"])) or loc[-1] in _SECRET:
        return f"{place}: {message}"
    return f"{place}: {message} (is: {error['input']!r})"


def contradictions(settings: Settings) -> Iterator[str]:
    """Yield what cannot be meant in settings whose every value is right by itself."""
    yield from _names(settings)
    if settings.clock.speed and not all(s.type == "scenario" for s in settings.sources):
        yield "clock.speed: only scenarios can be run on an accelerated clock; remove it"
    yield from _grades(settings.severity)
    yield from routing_mistakes(
        settings.routes,
        settings.windows,
        settings.inhibitions,
        [(receiver.name, receiver.quiet) for receiver in settings.receivers],
    )
    yield from _feeds(settings)
    yield from _events("detection", settings.detection)
    for name, service in settings.services.items():
        yield from _events(f"services.{name}", service)
    for source in settings.sources:
        yield from _secrets(f"sources.{source.name}", source)
        if source.type == "sql" and source.zeros_for and source.reached is None:
            yield f"sources.{source.name}.zeros_for: needs reached, how far the database is filled"
    for receiver in settings.receivers:
        yield from _secrets(f"receivers.{receiver.name}", receiver)


def _grades(severity: SeveritySettings) -> Iterator[str]:
    for unit in ("hours", "ratio", "posts", "heat"):
        major, critical = getattr(severity, f"major_{unit}"), getattr(severity, f"critical_{unit}")
        if critical < major:
            yield f"severity.critical_{unit}: must not be less than major_{unit} ({major:g})"
    if severity.critical_for < severity.major_for:
        yield "severity.critical_for: must not be less than major_for"


def _feeds(settings: Settings) -> Iterator[str]:
    receivers = {receiver.name for receiver in settings.receivers}
    for name in settings.feeds.receivers:
        if name not in receivers:
            known = suggestion(name, receivers) if receivers else "there is none"
            yield f"feeds.receivers: no such receiver {name!r}; {known}"
    sources = {source.name for source in settings.sources}
    for name in settings.feeds.patience:
        if sources and name not in sources:
            yield f"feeds.patience: no such source {name!r}; {suggestion(name, sources)}"


def _secrets(place: str, part: BaseModel) -> Iterator[str]:
    for key in type(part).model_fields:
        secret = key.removesuffix("_env")
        if secret != key and getattr(part, key) and getattr(part, f"{secret}_file"):
            yield f"{place}: give {secret}_env or {secret}_file, not both"


def _names(settings: Settings) -> Iterator[str]:
    for kind, parts in (("sources", settings.sources), ("receivers", settings.receivers)):
        names = [part.name for part in parts]
        for name in sorted({n for n in names if names.count(n) > 1}):
            yield f"{kind}: the name {name!r} is given twice; names must differ"
    owners: dict[str, str] = {}
    for service, part in settings.services.items():
        for alias in dict.fromkeys(name.casefold() for name in (service, *part.aliases)):
            if alias in owners:
                yield f"services.{service}: {alias!r} is a name of {owners[alias]!r} already"
            owners.setdefault(alias, service)


def _events(place: str, part: DetectionSettings) -> Iterator[str]:
    for i, event in enumerate(part.known_events, start=1):
        if event.end <= event.start:
            yield f"{place}.known_events[{i}].end: must be after start"


def _place(loc: Loc, document: Mapping[str, Any]) -> str:
    """Return ``sources.weibo.path``; entries without a name by their number, from 1."""
    place = ""
    node: Any = document
    kind: Any = Settings
    for part in loc:
        following = _step(kind, part)
        if isinstance(part, int):
            entry = node[part] if isinstance(node, Sequence) and part < len(node) else None
            name = entry.get("name") if isinstance(entry, Mapping) else None
            place += f".{name}" if isinstance(name, str) and name else f"[{part + 1}]"
            node = entry if isinstance(entry, Mapping) else {}
        elif not _tags(kind):
            place += f".{part}"
            node = node.get(part, {}) if isinstance(node, Mapping) else {}
        kind = following
    return place.removeprefix(".") or "config"


def _known(loc: Loc) -> list[str]:
    """Return the keys that the part of the configuration around ``loc`` knows."""
    part = _at(loc[:-1])
    return (
        [field.alias or name for name, field in part.model_fields.items()] if _is_part(part) else []
    )


def _at(loc: Loc) -> Any:
    kind: Any = Settings
    for part in loc:
        kind = _step(kind, part)
    return kind


def _step(kind: Any, part: int | str) -> Any:
    """Return the type of what ``part`` leads to in a value of type ``kind``."""
    kind = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if _is_part(kind):
        field = kind.model_fields.get(part)
        return None if field is None else field.annotation
    if _tags(kind):
        return _tags(kind).get(str(part))
    arguments = get_args(kind)
    if get_origin(kind) is tuple:
        return arguments[0]
    return arguments[-1] if arguments else None


def _tags(kind: Any) -> dict[str, Any]:
    """Return the parts that ``kind`` may be, by their ``type``; none if it is no such choice."""
    kind = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if get_origin(kind) not in (Union, types.UnionType):
        return {}
    parts = [part for part in get_args(kind) if _is_part(part)]
    return {get_args(part.model_fields["type"].annotation)[0]: part for part in parts}


def _is_part(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
