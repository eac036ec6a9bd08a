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
from detector.config.settings import Settings
from detector.pipeline import setup
from detector.pipeline.heartbeat import build_heartbeat
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.setup import build_policy
from detector.sources.base import SourceContext


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """Settings that everything could be built from.

    Attributes
    ----------
    path : their file.
    context : what sources describe themselves with.
    """

    path: Path
    settings: Settings
    plan: PipelinePlan
    context: SourceContext


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
    setup.build_sources(settings, base=base)
    setup.build_receivers(settings, base=base, console=sys.stdout)
    build_heartbeat(settings, base=base)
    return Checked(path, settings, plan, setup.source_context(settings, base=base))


def _lines(checked: Checked) -> Iterator[str]:
    settings = checked.settings
    yield f"{checked.path}: valid"
    pace = f", on a clock {settings.clock.speed:,.0f} times as fast" if settings.clock.speed else ""
    yield f"every {settings.schedule.every.total_seconds():g} s{pace}:"
    for source in settings.sources:
        yield f"  poll {source.name} ({source.type}): {source.describe(checked.context)}"
    yield from _services(checked.plan)
    for receiver in settings.receivers:
        muted = ", ".join(receiver.mute_time_intervals)
        except_for = f", except during {muted}" if muted else ""
        yield (
            f"notify {receiver.name} ({receiver.type}) from severity {receiver.min_severity} on"
            f"{except_for}: {receiver.describe()}"
        )
    yield from explained(build_policy(settings))
    yield _source_health(settings, checked.plan)
    if not settings.sources:
        yield "there are no sources: add [[sources]]"
    yield f"store state and incidents in {shown_location(settings)}"
    if settings.web.enabled:
        yield f"serve the dashboard at {settings.web.url}"


def _services(plan: PipelinePlan) -> Iterator[str]:
    named = f"follow {', '.join(sorted(plan.services)) or 'no service by name'}"
    if plan.discover_authors is None:
        yield named
    else:
        enough = f"{plan.discover_authors:g} authors"
        yield f"{named}, and any service that {enough} complain about within an hour"
    for service in sorted(plan.services):
        options = plan.options_for(service)
        yield (
            f"  {service}: at most {options.max_false_pages_per_week:g} false pages a week, "
            f"daily and weekly baseline in {options.time_zone}"
        )


def _source_health(settings: Settings, plan: PipelinePlan) -> str:
    minutes = plan.feeds.dead_after.total_seconds() / 60
    names = ", ".join(settings.source_health.receivers)
    nobody = "log, but notify nobody (source_health.receivers is empty),"
    whom = f"notify {names}" if names else nobody
    return f"{whom} when a source is down for {minutes:g} min, or degraded"


def _document(checked: Checked) -> dict[str, Any]:
    settings, plan = checked.settings, checked.plan
    options = {name: plan.options_for(name) for name in sorted(plan.services)}
    return {
        "config": str(checked.path),
        "renamed_keys": [{"old": key.old, "new": key.new} for key in settings.renamed],
        "every_seconds": settings.schedule.every.total_seconds(),
        "clock_speed": settings.clock.speed,
        "sources": [
            {
                "name": source.name,
                "type": source.type,
                "polls": source.describe(checked.context),
            }
            for source in settings.sources
        ],
        "services": [
            {
                "service": name,
                "max_false_pages_per_week": own.max_false_pages_per_week,
                "time_zone": own.time_zone,
            }
            for name, own in options.items()
        ],
        "discover_authors": plan.discover_authors,
        "receivers": [
            {
                "name": receiver.name,
                "type": receiver.type,
                "sends": receiver.describe(),
                "min_severity": receiver.min_severity,
                "mute_time_intervals": list(receiver.mute_time_intervals),
            }
            for receiver in settings.receivers
        ],
        "routes": list(explained(build_policy(settings))),
        "store": shown_location(settings),
    }
