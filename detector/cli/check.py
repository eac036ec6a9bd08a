"""check: what the settings make the detector do, without starting it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.cli.notifications import explained
from detector.cli.output import settings_and_base, shown_location
from detector.config.live import LiveSettings, PushSettings
from detector.config.sections import Settings
from detector.config.sources import FileSourceSettings, SourceSettings
from detector.pipeline import setup
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.setup import build_policy
from detector.receivers.registry import build_heartbeat
from detector.sources.base import Source
from detector.sources.registry import quota_of
from detector.sources.scenario import ScenarioSource


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """Settings that are in order.

    Attributes
    ----------
    path : their file.
    sources : name, type and what is polled, in words.
    """

    path: Path
    settings: Settings
    plan: PipelinePlan
    sources: tuple[tuple[str, str, str], ...]


def check_settings(config: Path | None, *, as_json: bool = False) -> None:
    """Validate everything that can be validated without starting, and say what would be done."""
    checked = _checked(config)
    if as_json:
        print(json.dumps(_document(checked), ensure_ascii=False))
        return
    for line in _lines(checked):
        print(line)


def _checked(config: Path | None) -> Checked:
    settings, base, path = settings_and_base(config)
    plan = setup.build_plan(settings)
    sources = setup.build_sources(settings, base=base)
    setup.build_sinks(settings, base=base, console=sys.stdout)
    build_heartbeat(settings, base=base)
    polled = tuple(
        (source.name, part.type, _what(source, part, base, settings))
        for source, part in zip(sources, settings.sources, strict=True)
    )
    return Checked(path, settings, plan, polled)


def _lines(checked: Checked) -> Iterator[str]:
    settings, plan = checked.settings, checked.plan
    yield f"{checked.path}: in order"
    pace = f", on a clock {settings.clock.speed:,.0f} times as fast" if settings.clock.speed else ""
    yield f"every {settings.schedule.every.total_seconds():g} s{pace}:"
    for name, kind, what in checked.sources:
        yield f"  poll {name} ({kind}): {what}"
    yield _followed(plan)
    for service in sorted(plan.services):
        options = plan.options_for(service)
        yield (
            f"  {service}: at most {options.max_false_pages_per_week:g} false pages a week, "
            f"days in {options.time_zone}"
        )
    for receiver in settings.receivers:
        quiet = f", not in {', '.join(receiver.quiet)}" if receiver.quiet else ""
        yield f"tell {receiver.name} ({receiver.type}) from {receiver.min_severity} on{quiet}"
    yield from explained(build_policy(settings))
    yield _feeds(settings, plan)
    if not settings.sources:
        yield "nothing to listen to: add [[sources]]"
    yield f"remember in {shown_location(settings)}"
    if settings.web.enabled:
        yield f"show it at {settings.web.url}"


def _feeds(settings: Settings, plan: PipelinePlan) -> str:
    minutes = plan.feeds.dead_after.total_seconds() / 60
    told = ", ".join(settings.feeds.receivers)
    whom = f"tell {told}" if told else "say in the log, and tell nobody (feeds.receivers is empty),"
    return f"{whom} of sources that are dead for {minutes:g} min, or silent"


def _followed(plan: PipelinePlan) -> str:
    named = f"follow {', '.join(sorted(plan.services)) or 'no service by name'}"
    if plan.discover_voices is None:
        return named
    return f"{named}, and any service with {plan.discover_voices:g} complaints in an hour"


def _document(checked: Checked) -> dict[str, Any]:
    settings, plan = checked.settings, checked.plan
    options = {name: plan.options_for(name) for name in sorted(plan.services)}
    return {
        "config": str(checked.path),
        "every_seconds": settings.schedule.every.total_seconds(),
        "clock_speed": settings.clock.speed,
        "sources": [
            {"name": name, "type": kind, "polls": what} for name, kind, what in checked.sources
        ],
        "services": [
            {
                "service": name,
                "max_false_pages_per_week": own.max_false_pages_per_week,
                "time_zone": own.time_zone,
            }
            for name, own in options.items()
        ],
        "discover_voices": plan.discover_voices,
        "receivers": [
            {
                "name": receiver.name,
                "type": receiver.type,
                "min_severity": receiver.min_severity,
                "quiet": list(receiver.quiet),
            }
            for receiver in settings.receivers
        ],
        "routes": list(explained(build_policy(settings))),
        "store": shown_location(settings),
    }


def _what(source: Source, part: SourceSettings, base: Path, settings: Settings) -> str:
    """Return what is polled, in words."""
    if isinstance(source, ScenarioSource):
        return source.scenario.title
    if isinstance(part, LiveSettings):
        return str(quota_of(part, every=settings.schedule.every))
    if isinstance(part, FileSourceSettings):
        place = base / part.path
        return str(place) if place.exists() else f"{place}, which is not there (yet)"
    if isinstance(part, PushSettings):
        return f"what is handed in at {settings.web.url}/v1/{part.rows}"
    return part.type
