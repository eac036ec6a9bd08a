"""Sources and sinks that other packages bring, found by entry points.

A package announces a source under ``detector.sources`` or a sink under ``detector.sinks``: a
callable ``(name, options) -> Source`` or ``-> Sink``. ``docs/plugins.md`` shows one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from detector.errors import ConfigError
from detector.ports import Sink, Source
from detector.settings.receivers import PluginSinkSettings
from detector.settings.secret import with_secrets
from detector.settings.sources import PluginSourceSettings
from detector.sources.guarded import GuardedSource

SOURCES = "detector.sources"
SINKS = "detector.sinks"


def plugged_source(settings: PluginSourceSettings, base: Path) -> Source:
    """Return the source that ``settings`` ask for; its pulls are held to the contract.

    Raises
    ------
    ConfigError : no such plug-in is installed, it cannot be loaded, or it refuses its options.
    """
    place = f"sources.{settings.name}"
    source = _make(SOURCES, settings.plugin, settings.name, settings.options, base, place)
    _must_have(source, "pull", place)
    return GuardedSource(settings.name, source)


def plugged_sink(settings: PluginSinkSettings, base: Path) -> Sink:
    """Return the sink that ``settings`` ask for. Raises as `plugged_source`."""
    place = f"receivers.{settings.name}"
    sink: Sink = _make(SINKS, settings.plugin, settings.name, settings.options, base, place)
    _must_have(sink, "send", place)
    return sink


def _make(
    group: str, plugin: str, name: str, options: Mapping[str, Any], base: Path, place: str
) -> Any:
    factory = _factory(group, plugin, place)
    known = with_secrets(options, base, place=f"{place}.options")
    try:
        return factory(name, known)
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        # The message alone: an option may be a secret, and a traceback would show it.
        why = type(error).__name__
        raise ConfigError(f"{place}.options: the plug-in {plugin!r} refuses them ({why})") from None


def _factory(group: str, plugin: str, place: str) -> Callable[[str, Mapping[str, Any]], Any]:
    found = {point.name: point for point in entry_points(group=group)}
    if plugin not in found:
        known = ", ".join(sorted(found)) or "none"
        raise ConfigError(
            f"{place}.plugin: no plug-in {plugin!r} is installed under {group!r}; there is: {known}"
        )
    return _loaded(found[plugin], place)


def _loaded(point: EntryPoint, place: str) -> Callable[[str, Mapping[str, Any]], Any]:
    try:
        factory: Callable[[str, Mapping[str, Any]], Any] = point.load()
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"{place}.plugin: {point.name!r} ({point.value}) cannot be loaded: {error}"
        ) from error
    return factory


def _must_have(made: object, method: str, place: str) -> None:
    if not callable(getattr(made, method, None)):
        kind = type(made).__name__
        raise ConfigError(f"{place}.plugin: it made a {kind}, which has no {method}()")
