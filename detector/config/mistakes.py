"""Mistakes in ``config.toml``: where, what, and what would be right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from detector.config.routing import routing_mistakes
from detector.config.settings import DetectionSettings, Settings, SeveritySettings
from detector.fields import suggestion
from detector.integrations import Integrations
from detector.receivers.registry import RECEIVERS
from detector.sources.registry import SOURCES

Loc = tuple[int | str, ...]
_SECRET = ("url", "location")
_INTEGRATIONS: Mapping[str, Integrations[Any]] = {"sources": SOURCES, "receivers": RECEIVERS}


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
            return f"{place}: no such setting; {suggestion(str(loc[-1]), _known(loc, document))}"
        case "missing":
            return f"{place}: missing"
        case "type_missing" | "type_unknown":
            return f"{place}.type: {error['msg']}"
    if error["type"] == "string_pattern_mismatch":
        return f"{place}: not a URL; write https://host/path"
    message = error["msg"].removeprefix("Value error, ")
    if message.startswith(repr(error["input"])) or loc[-1] in _SECRET:
        return f"{place}: {message}"
    return f"{place}: {message} (is: {error['input']!r})"


def contradictions(settings: Settings) -> Iterator[str]:
    """Yield what cannot be meant in settings whose every value is right by itself."""
    yield from _names(settings)
    if settings.clock.speed and not all(s.simulated for s in settings.sources):
        yield "clock.speed: only scenarios can be run on an accelerated clock; remove it"
    yield from _grades(settings.severity)
    yield from routing_mistakes(
        settings.routes,
        settings.mute_time_intervals,
        settings.inhibitions,
        [(receiver.name, receiver.mute_time_intervals) for receiver in settings.receivers],
    )
    yield from _source_health(settings)
    yield from _events("detection", settings.detection)
    for name, service in settings.services.items():
        yield from _events(f"services.{name}", service)
    for entry in (*settings.sources, *settings.receivers):
        for key, mistake in entry.mistakes():
            yield f"{entry.place}.{key}: {mistake}" if key else f"{entry.place}: {mistake}"


def _grades(severity: SeveritySettings) -> Iterator[str]:
    for unit in ("hours", "ratio", "posts", "heat"):
        major, critical = getattr(severity, f"major_{unit}"), getattr(severity, f"critical_{unit}")
        if critical < major:
            yield f"severity.critical_{unit}: must not be less than major_{unit} ({major:g})"
    if severity.critical_for < severity.major_for:
        yield "severity.critical_for: must not be less than major_for"


def _source_health(settings: Settings) -> Iterator[str]:
    health = settings.source_health
    receivers = {receiver.name for receiver in settings.receivers}
    for name in health.receivers:
        if name not in receivers:
            known = suggestion(name, receivers) if receivers else "there is none"
            yield f"source_health.receivers: no such receiver {name!r}; {known}"
    sources = {source.name for source in settings.sources}
    for name in health.down_after_for:
        if sources and name not in sources:
            known = suggestion(name, sources)
            yield f"source_health.down_after_for: no such source {name!r}; {known}"


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
    for part in loc:
        if isinstance(part, int):
            entry = node[part] if isinstance(node, Sequence) and part < len(node) else None
            name = entry.get("name") if isinstance(entry, Mapping) else None
            place += f".{name}" if isinstance(name, str) and name else f"[{part + 1}]"
            node = entry if isinstance(entry, Mapping) else {}
        else:
            place += f".{part}"
            node = node.get(part, {}) if isinstance(node, Mapping) else {}
    return place.removeprefix(".") or "config"


def _known(loc: Loc, document: Mapping[str, Any]) -> list[str]:
    """Return the keys that the part of the configuration around ``loc`` knows."""
    part = _part_at(loc[:-1], document)
    if part is None:
        return []
    return [field.alias or name for name, field in part.model_fields.items()]


def _part_at(loc: Loc, document: Mapping[str, Any]) -> type[BaseModel] | None:
    if len(loc) >= 2 and loc[0] in _INTEGRATIONS and isinstance(loc[1], int):
        entry = document[str(loc[0])][loc[1]]
        kind, loc = _INTEGRATIONS[str(loc[0])].settings_of(entry["type"]), loc[2:]
    else:
        kind = Settings
    for part in loc:
        kind = _step(kind, part)
    return kind if _is_part(kind) else None


def _step(kind: Any, part: int | str) -> Any:
    """Return the type of what ``part`` leads to in a value of type ``kind``."""
    if _is_part(kind):
        field = kind.model_fields.get(part)
        return None if field is None else field.annotation
    arguments = get_args(kind)
    if get_origin(kind) is tuple:
        return arguments[0]
    return arguments[-1] if arguments else None


def _is_part(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
