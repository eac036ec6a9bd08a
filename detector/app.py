"""Composition root: the parts by name, put together from the settings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TextIO

from detector import resources, words
from detector.audience import providers
from detector.clock import AcceleratedClock, Clock, WallClock
from detector.detection.options import DetectionOptions, KnownEvent
from detector.domain.severity import SeverityRules
from detector.domain.spans import Spans
from detector.engine.health import FeedRules
from detector.engine.plan import Plan
from detector.errors import ConfigError
from detector.plugins import plugged_sink, plugged_source
from detector.ports import FeedSink, Sink, Source
from detector.receivers import Receivers
from detector.settings import (
    DetectionSettings,
    FileSourceSettings,
    PluginSinkSettings,
    PluginSourceSettings,
    ScenarioSourceSettings,
    Settings,
)
from detector.settings.live import LiveSettings
from detector.settings.push import PushSettings
from detector.simulation.scenario import Scenario, parse_scenario
from detector.sources.files import FileSource, read_gaps
from detector.sources.push import PushSource
from detector.sources.scenario import ScenarioSource
from detector.stores.inbox import open_inbox

SCENARIOS = "data/scenarios"


def default_config() -> Path:
    """Return the configuration to use when none is named: ours here, else the bundled one."""
    here = Path("config.toml")
    return here if here.is_file() else resources.ROOT / "config.toml"


def scenario_names() -> tuple[str, ...]:
    """Return the names of the bundled scenarios."""
    return resources.names(SCENARIOS, ".toml")


def scenario(name: str) -> Scenario:
    """Return a bundled scenario. Raises `ConfigError` for a name that is none."""
    if name not in scenario_names():
        known = ", ".join(scenario_names())
        raise ConfigError(f"there is no scenario {name!r}; the bundled ones are {known}")
    templates = resources.text("data/templates.toml")
    return parse_scenario(resources.text(f"{SCENARIOS}/{name}.toml"), templates)


def build_plan(settings: Settings) -> Plan:
    """Return what the engine is to do."""
    posts = settings.posts
    return Plan(
        reader=words.reader(settings),
        facets=words.facet_lexicon(settings),
        services=frozenset(settings.services),
        width=posts.width,
        settle=posts.settle,
        complaint_threshold=posts.complaint_threshold,
        discover_voices=posts.discover_voices,
        default_options=_options(settings.detection, DetectionSettings()),
        service_options={
            name: _options(service, settings.detection)
            for name, service in settings.services.items()
        },
        severity=SeverityRules(**settings.severity.model_dump()),
        regroup=settings.incidents.regroup,
        update_every=settings.alerts.update_every,
        providers=providers(settings),
        feeds=_feed_rules(settings),
    )


def _feed_rules(settings: Settings) -> FeedRules:
    feeds = settings.feeds
    return FeedRules(
        dead_after=max(feeds.dead_after, 3 * settings.schedule.every),
        own=feeds.patience,
        silent_share=feeds.silent_share,
    )


def _options(own: DetectionSettings, general: DetectionSettings) -> DetectionOptions:
    """Return the detection options, what is not set in ``own`` taken from ``general``."""
    defaults = DetectionOptions()
    return DetectionOptions(
        max_false_pages_per_week=own.max_false_pages_per_week
        or general.max_false_pages_per_week
        or defaults.max_false_pages_per_week,
        time_zone=own.time_zone or general.time_zone or defaults.time_zone,
        known_events=tuple(
            KnownEvent(e.start, e.end, e.factor) for e in (*general.known_events, *own.known_events)
        ),
    )


def build_sources(settings: Settings, *, base: Path) -> tuple[Source, ...]:
    """Return the sources; relative paths are meant from ``base``."""
    live = _live_sources(settings, base)
    pushed = _pushed_sources(settings, base)
    known = {**live, **pushed}
    return tuple(
        known[source.name]
        if isinstance(source, LiveSettings | PushSettings)
        else _source(source, base)
        for source in settings.sources
    )


def _pushed_sources(settings: Settings, base: Path) -> dict[str, Source]:
    """Return the sources that others hand their rows to, by name; they share an inbox."""
    pushed = [s for s in settings.sources if isinstance(s, PushSettings)]
    if not pushed:
        return {}
    inbox = open_inbox(store_location(settings, base=base))
    return {
        s.name: PushSource(s.name, inbox, s.rows, width=s.width, awaited=s.awaited) for s in pushed
    }


def _live_sources(settings: Settings, base: Path) -> dict[str, Source]:
    """Return the sources that are read over a network, by name; their clients take time to load."""
    live = [s for s in settings.sources if isinstance(s, LiveSettings)]
    if not live:
        return {}
    from detector.places import Places

    places = Places(base)
    return {source.name: places.source(source) for source in live}


def _source(
    settings: ScenarioSourceSettings | FileSourceSettings | PluginSourceSettings, base: Path
) -> Source:
    match settings:
        case PluginSourceSettings():
            return plugged_source(settings, base)
        case ScenarioSourceSettings():
            return ScenarioSource(settings.name, scenario(settings.scenario), settings.seed)
        case FileSourceSettings():
            return FileSource(
                settings.name,
                base / settings.path,
                columns=settings.columns,
                width=settings.width,
                gaps=read_gaps(base / settings.gaps) if settings.gaps else Spans.none(),
                grows=True,
            )


def build_sinks(settings: Settings, *, base: Path, console: TextIO) -> dict[str, Sink]:
    """Return the sinks by receiver.

    Raises
    ------
    ConfigError
        A secret is missing, or a receiver that is to hear of sources cannot.
    """
    bundled = Receivers(settings, base=base, console=console)
    sinks = {
        r.name: plugged_sink(r, base) if isinstance(r, PluginSinkSettings) else bundled.sink(r)
        for r in settings.receivers
    }
    for name in settings.feeds.receivers:
        if not isinstance(sinks[name], FeedSink):
            raise ConfigError(f"feeds.receivers: {name!r} cannot be told about sources")
    return sinks


def store_location(settings: Settings, *, base: Path) -> str | Path:
    """Return where the store is: a database URL as it stands, a file from ``base``."""
    location = settings.store.location
    return location if "://" in location else base / location


def build_clock(
    settings: Settings, sources: Sequence[Source], *, resumed_at: datetime | None
) -> Clock:
    """Return the wall's clock, or one that runs over the scenarios' time."""
    if settings.clock.speed is None:
        return WallClock()
    spans = Spans.of(
        (s.scenario.start, s.scenario.end) for s in sources if isinstance(s, ScenarioSource)
    )
    if not len(spans):
        raise ConfigError("clock.speed: an accelerated clock needs a scenario source")
    return AcceleratedClock(
        spans, settings.clock.speed, leap=settings.clock.leap, resumed_at=resumed_at
    )
