"""Composition root: the parts of the pipeline, made and put together from the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from detector import resources
from detector.clock import AcceleratedClock, Clock, WallClock
from detector.complaints.facets import FacetLexicon, parse_facets
from detector.complaints.languages import Language, parse_language
from detector.complaints.lexicon import parse_lexicon, parse_services
from detector.complaints.reader import Judge, PostReader, build_reader
from detector.complaints.reading import Reading
from detector.complaints.service_list import parse_service_list
from detector.config.settings import Settings
from detector.errors import ConfigError, InputError
from detector.model.severity import SeverityRules
from detector.model.spans import Spans
from detector.notify.policy import NotificationPolicy, NotificationTiming, ReceiverPolicy
from detector.notify.receiver import Receiver, SourceAlertReceiver
from detector.pipeline.health_rules import SourceHealthRules
from detector.pipeline.plan import PipelinePlan
from detector.receivers import registry as receiver_registry
from detector.receivers.base import ReceiverContext
from detector.sources import registry as source_registry
from detector.sources.base import Source, SourceContext
from detector.sources.scenario import ScenarioSource
from detector.store.inbox import open_inbox


def build_policy(settings: Settings) -> NotificationPolicy:
    """Return who may be notified, of what and how often."""
    alerts = settings.alerts
    return NotificationPolicy(
        receivers=tuple(
            ReceiverPolicy(r.name, r.least, r.mute_time_intervals) for r in settings.receivers
        ),
        routes=tuple(route.route() for route in settings.routes),
        mute_time_intervals={one.name: one.interval() for one in settings.mute_time_intervals},
        inhibitions=tuple(rule.inhibition() for rule in settings.inhibitions),
        providers=settings.services_by_provider,
        timing=NotificationTiming(
            flaps=alerts.flaps,
            flap_window=alerts.flap_window,
            calm=settings.incidents.reopen_window,
            related_wait=alerts.related_wait,
            related_grace=alerts.related_grace,
            max_age=settings.delivery.max_alert_age,
        ),
    )


def reader(settings: Settings) -> PostReader:
    """Return the reader of posts: the bundled lexicon and names, and those of the settings."""
    bundled, weak = parse_services(resources.text("data/lexicon/services.csv"))
    lexicon = parse_lexicon(resources.text("data/lexicon/faults.toml"))
    own = {name: service.aliases for name, service in settings.services.items()}
    return build_reader(
        merge_names(bundled, own), lexicon, BundledModel(), weak=weak, languages=languages()
    )


@cache
def languages() -> tuple[Language, ...]:
    """Return the bundled lexicon of every language, by code."""
    folder = resources.DATA / "languages"
    return tuple(
        parse_language(path.name, (path / "lexicon.toml").read_text(encoding="utf-8"))
        for path in sorted(folder.iterdir())
    )


class BundledModel:
    """The bundled classifier, loaded when the first text is to be judged.

    Counts are replayed without it; scikit-learn takes seconds to import.
    """

    @cached_property
    def _classifier(self) -> Judge:
        from detector.complaints.classification.classifier import load_classifier

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
    places = [resources.text(f"data/lexicon/{name}.csv") for name in ("cities", "world")]
    listed = parse_service_list(resources.text("data/lexicon/services.csv"))
    own = {name: s.components for name, s in settings.services.items() if s.components}
    return parse_facets(components, regions, platforms, own, places=places, services=listed)


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


def default_config() -> Path:
    """Return the configuration to use when none is named: ours here, else the bundled one."""
    here = Path("config.toml")
    return here if here.is_file() else resources.ROOT / "config.toml"


def build_plan(settings: Settings) -> PipelinePlan:
    """Return what a run of the pipeline is to do."""
    posts = settings.posts
    return PipelinePlan(
        reader=reader(settings),
        facets=facet_lexicon(settings),
        services=frozenset(settings.services),
        width=posts.width,
        allowed_lateness=posts.allowed_lateness,
        complaint_threshold=posts.complaint_threshold,
        discover_authors=posts.discover_authors,
        default_options=settings.detection.options(),
        service_options={
            name: service.options(settings.detection) for name, service in settings.services.items()
        },
        severity=SeverityRules(**settings.severity.model_dump()),
        reopen_window=settings.incidents.reopen_window,
        update_every=settings.alerts.update_every,
        providers=settings.services_by_provider,
        health_rules=_health_rules(settings),
    )


def _health_rules(settings: Settings) -> SourceHealthRules:
    health = settings.source_health
    return SourceHealthRules(
        down_after=max(health.down_after, 3 * settings.schedule.every),
        own=health.down_after_for,
        degraded_share=health.degraded_share,
    )


def source_context(settings: Settings, *, base: Path) -> SourceContext:
    """Return what sources are built from; relative paths start at ``base``."""
    location = store_location(settings, base=base)
    inbox = cache(lambda: open_inbox(location))
    return SourceContext(base, settings.schedule.every, settings.web.url, inbox)


def build_sources(settings: Settings, *, base: Path) -> tuple[Source, ...]:
    """Return the sources; relative paths start at ``base``."""
    return source_registry.build_sources(settings.sources, source_context(settings, base=base))


def receiver_context(settings: Settings, *, base: Path, console: TextIO) -> ReceiverContext:
    """Return what receivers are built from; relative paths start at ``base``."""
    return ReceiverContext(base, console, settings.web.public_url, settings.links, settings.wording)


def build_receivers(settings: Settings, *, base: Path, console: TextIO) -> dict[str, Receiver]:
    """Return the receivers by name.

    Raises
    ------
    ConfigError
        A secret is missing, or a receiver that is to be notified of source health cannot be.
    """
    context = receiver_context(settings, base=base, console=console)
    receivers = receiver_registry.build_receivers(settings.receivers, context)
    for name in settings.source_health.receivers:
        if not isinstance(receivers[name], SourceAlertReceiver):
            raise ConfigError(
                f"source_health.receivers: {name!r} cannot be notified of source health"
            )
    return receivers


def store_location(settings: Settings, *, base: Path) -> str | Path:
    """Return where the store is: a database URL as it stands, a file from ``base``."""
    location = settings.store.location
    return location if "://" in location else base / location


def build_clock(
    settings: Settings, sources: Sequence[Source], *, resumed_at: datetime | None
) -> Clock:
    """Return the real clock, or an accelerated one that runs over the scenarios' time."""
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
