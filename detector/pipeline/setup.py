"""The audience and the plan of what is told, from their settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from detector import resources
from detector.clock import (
    AcceleratedClock,
    Clock,
    WallClock,
)
from detector.complaints.facets import FacetLexicon, parse_facets
from detector.complaints.lexicon import parse_lexicon, parse_services
from detector.complaints.reader import (
    Judge,
    PostReader,
    build_reader,
)
from detector.complaints.reading import Reading
from detector.config.live import LiveSettings, PushSettings
from detector.config.receivers import PluginReceiverSettings
from detector.config.sections import DetectionSettings, Settings
from detector.config.sources import (
    FileSourceSettings,
    PluginSourceSettings,
    ScenarioSourceSettings,
)
from detector.demo.scenario import Scenario, parse_scenario
from detector.detection.options import DetectionOptions, KnownEvent
from detector.errors import ConfigError, InputError
from detector.model.severity import SeverityRules
from detector.model.spans import Spans
from detector.notify.policy import NotificationPolicy, NotificationTiming
from detector.notify.receiver import Receiver, SourceAlertReceiver
from detector.notify.route import ReceiverPolicy
from detector.pipeline.health_rules import SourceHealthRules
from detector.pipeline.plan import PipelinePlan
from detector.receivers.registry import Receivers
from detector.sources.base import Source
from detector.sources.files import FileSource, read_gaps
from detector.sources.push import PushSource
from detector.sources.registry import plugged_sink, plugged_source
from detector.sources.scenario import ScenarioSource
from detector.store.inbox import open_inbox


def build_policy(settings: Settings) -> NotificationPolicy:
    """Return who may be told, of what and how often."""
    alerts = settings.alerts
    return NotificationPolicy(
        receivers=tuple(ReceiverPolicy(r.name, r.least, r.quiet) for r in settings.receivers),
        routes=tuple(route.route() for route in settings.routes),
        windows={window.name: window.window() for window in settings.windows},
        inhibitions=tuple(rule.inhibition() for rule in settings.inhibitions),
        providers=settings.services_by_provider,
        habits=NotificationTiming(
            flaps=alerts.flaps,
            flap_window=alerts.flap_window,
            calm=settings.incidents.regroup,
            echo_wait=alerts.echo_wait,
            echo_grace=alerts.echo_grace,
            max_age=settings.delivery.max_alert_age,
        ),
    )


# What texts are read with: the bundled words, names and model, and those of the settings.


def reader(settings: Settings) -> PostReader:
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
        from detector.complaints.classifier import load_classifier

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


# Composition root: the parts by name, put together from the settings.


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


def build_plan(settings: Settings) -> PipelinePlan:
    """Return what the engine is to do."""
    posts = settings.posts
    return PipelinePlan(
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
        update_every=settings.alerts.update_every,
        providers=settings.services_by_provider,
        feeds=_feed_rules(settings),
    )


def _feed_rules(settings: Settings) -> SourceHealthRules:
    feeds = settings.feeds
    return SourceHealthRules(
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
    from detector.sources.registry import Places

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


def build_sinks(settings: Settings, *, base: Path, console: TextIO) -> dict[str, Receiver]:
    """Return the sinks by receiver.

    Raises
    ------
    ConfigError
        A secret is missing, or a receiver that is to hear of sources cannot.
    """
    bundled = Receivers(settings, base=base, console=console)
    sinks = {
        r.name: plugged_sink(r, base) if isinstance(r, PluginReceiverSettings) else bundled.sink(r)
        for r in settings.receivers
    }
    for name in settings.feeds.receivers:
        if not isinstance(sinks[name], SourceAlertReceiver):
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
