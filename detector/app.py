"""Composition root: the parts by name, put together from the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from detector import resources
from detector.clock import AcceleratedClock, Clock, WallClock, wall_now
from detector.detection.options import DetectionOptions, KnownEvent
from detector.domain.severity import SeverityRules
from detector.domain.spans import Spans
from detector.engine.ingest import Receiver
from detector.engine.plan import Plan
from detector.errors import ConfigError, InputError
from detector.language.complaints import Judge, Reader, build_reader
from detector.language.facets import FacetLexicon, parse_facets
from detector.language.lexicon import parse_lexicon, parse_services
from detector.language.reading import Reading
from detector.ports import Sink, Source
from detector.settings import (
    ConsoleSettings,
    DetectionSettings,
    FileSourceSettings,
    JsonLinesSettings,
    ReceiverSettings,
    ScenarioSourceSettings,
    Settings,
    WebhookSettings,
)
from detector.settings.live import LiveSettings
from detector.settings.secret import named_secret
from detector.simulation.scenario import Scenario, parse_scenario
from detector.sinks.console import ConsoleSink
from detector.sinks.jsonlines import JsonLinesSink
from detector.sinks.webhook import WebhookSink
from detector.sources.files import FileSource, read_gaps
from detector.sources.scenario import ScenarioSource

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
        reader=reader(settings),
        facets=facet_lexicon(settings),
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
    )


def reader(settings: Settings) -> Reader:
    """Return the reader of posts: the bundled lexicon and names, and those of the settings."""
    bundled, weak = parse_services(resources.text("data/lexicon/services.toml"))
    lexicon = parse_lexicon(resources.text("data/lexicon/faults.toml"))
    own = {name: service.aliases for name, service in settings.services.items()}
    return build_reader(merge_names(bundled, own), lexicon, BundledModel(), weak=weak)


class BundledModel:
    """The bundled classifier, loaded when the first text is to be judged.

    Counts are replayed without it; scikit-learn takes seconds to import.
    """

    @cached_property
    def _classifier(self) -> Judge:
        from detector.language.classifier import load_classifier

        model = resources.MODELS / "complaints.skops"
        try:
            return load_classifier(model.read_bytes())
        except InputError as error:
            raise InputError(error.message, path=model) from error
        except OSError as error:
            message = (
                f"the bundled model cannot be read ({error.strerror}); "
                "install the package anew, or write it with `outage-detector train`"
            )
            raise InputError(message, path=model) from error

    def judge(self, readings: Sequence[Reading]) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
        """Return the probability of a complaint and the kind of each reading."""
        return self._classifier.judge(readings)


def facet_lexicon(settings: Settings) -> FacetLexicon:
    """Return the words for components, regions and platforms: the bundled ones and the user's."""
    components, regions, platforms = (
        resources.text(f"data/lexicon/{name}.toml")
        for name in ("components", "regions", "platforms")
    )
    own = {name: s.components for name, s in settings.services.items() if s.components}
    return parse_facets(components, regions, platforms, own)


def merge_names(
    bundled: Mapping[str, Sequence[str]], own: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """Return aliases by service, the user's own names first.

    A bundled service that a user's service calls by its name is that service: naming "微信" as an
    alias of "WeChat" brings all bundled aliases of 微信 along. An alias that the user gives to
    one service is taken from every other.
    """
    owner = {a.casefold(): name for name, aliases in own.items() for a in (name, *aliases)}
    merged = {name: list(aliases) for name, aliases in own.items()}
    for name, aliases in bundled.items():
        free = [alias for alias in aliases if alias.casefold() not in owner]
        merged.setdefault(owner.get(name.casefold(), name), []).extend(free)
    return {name: tuple(aliases) for name, aliases in merged.items()}


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
    return tuple(
        live[source.name] if isinstance(source, LiveSettings) else _source(source, base)
        for source in settings.sources
    )


def _live_sources(settings: Settings, base: Path) -> dict[str, Source]:
    """Return the sources that are read over a network, by name; their clients take time to load."""
    live = [s for s in settings.sources if isinstance(s, LiveSettings)]
    if not live:
        return {}
    from detector.places import Places

    places = Places(base)
    return {source.name: places.source(source) for source in live}


def _source(settings: ScenarioSourceSettings | FileSourceSettings, base: Path) -> Source:
    match settings:
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


def build_receivers(settings: Settings) -> tuple[Receiver, ...]:
    """Return who is told, from which severity on."""
    return tuple(Receiver(r.name, r.least) for r in settings.receivers)


def build_sinks(settings: Settings, *, base: Path, console: TextIO) -> dict[str, Sink]:
    """Return the sinks by receiver. Raises `ConfigError` when a secret is missing."""
    return {r.name: _sink(r, base, console) for r in settings.receivers}


def _sink(settings: ReceiverSettings, base: Path, console: TextIO) -> Sink:
    match settings:
        case ConsoleSettings():
            return ConsoleSink(settings.name, console, zone=ZoneInfo(settings.time_zone))
        case JsonLinesSettings():
            return JsonLinesSink(settings.name, base / settings.path)
        case WebhookSettings():
            return WebhookSink(
                settings.name,
                settings.url,
                clock=wall_now,
                timeout=settings.timeout.total_seconds(),
                token=_secret(settings, "token", base),
                secret=_signing_key(settings, base),
            )


def _signing_key(settings: WebhookSettings, base: Path) -> bytes | None:
    key = _secret(settings, "signing_key", base)
    return None if key is None else key.encode()


def _secret(settings: WebhookSettings, name: str, base: Path) -> str | None:
    return named_secret(settings, name, base, place=f"receivers.{settings.name}")


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
