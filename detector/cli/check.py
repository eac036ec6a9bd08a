"""check: what the settings make the detector do, without starting it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from detector.cli.language import reader
from detector.cli.notifications import explained
from detector.cli.output import settings_and_base, shown_location
from detector.config.settings import Settings
from detector.pipeline import setup
from detector.pipeline.heartbeat import build_heartbeat
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.setup import build_policy
from detector.receivers.base import ReceiverSettings
from detector.sources.base import SourceContext
from detector.text.phrasing import Phrasing, phrasing


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
    for line in _lines(checked, reader()):
        print(line)


def _checked(config: Path | None) -> Checked:
    settings, base, path = settings_and_base(config)
    plan = setup.build_plan(settings)
    setup.build_sources(settings, base=base)
    setup.build_receivers(settings, base=base, console=sys.stdout)
    build_heartbeat(settings, base=base)
    return Checked(path, settings, plan, setup.source_context(settings, base=base))


def _lines(checked: Checked, say: Phrasing) -> Iterator[str]:
    settings = checked.settings
    yield _line(say, "valid", path=checked.path)
    yield _pace(settings, say)
    yield from _polls(checked, say)
    yield from _services(checked.plan, say)
    yield from (_notified(receiver, say) for receiver in settings.receivers)
    yield from explained(build_policy(settings), say)
    yield _source_health(settings, checked.plan, say)
    if not settings.sources:
        yield _line(say, "no_sources")
    yield _line(say, "store", place=shown_location(settings))
    if settings.web.enabled:
        yield _line(say, "web", url=settings.web.url)


def _line(say: Phrasing, key: str, **params: object) -> str:
    return say.texts(f"command.check.{key}", **params)


def _pace(settings: Settings, say: Phrasing) -> str:
    seconds = f"{settings.schedule.every.total_seconds():g}"
    if not settings.clock.speed:
        return _line(say, "every", seconds=seconds)
    speed = say.format.number(round(settings.clock.speed))
    return _line(say, "every_fast", seconds=seconds, speed=speed)


def _polls(checked: Checked, say: Phrasing) -> Iterator[str]:
    for source in checked.settings.sources:
        what = source.describe(checked.context, say)
        yield "  " + _line(say, "poll", name=source.name, type=source.type, what=what)


def _services(plan: PipelinePlan, say: Phrasing) -> Iterator[str]:
    names = ", ".join(sorted(plan.services))
    followed = _line(say, "follow", names=names) if names else _line(say, "follow_none")
    if plan.discover_authors is not None:
        followed = _line(say, "discover", followed=followed, number=plan.discover_authors)
    yield followed
    for service in sorted(plan.services):
        options = plan.options_for(service)
        allowed = f"{options.max_false_pages_per_week:g}"
        line = _line(say, "service", service=service, allowed=allowed, zone=options.time_zone)
        yield f"  {line}"


def _notified(receiver: ReceiverSettings, say: Phrasing) -> str:
    muted = ", ".join(receiver.mute_time_intervals)
    return _line(
        say,
        "notify_muted" if muted else "notify",
        name=receiver.name,
        type=receiver.type,
        severity=say.severity(receiver.min_severity),
        what=receiver.describe(say),
        **({"muted": muted} if muted else {}),
    )


def _source_health(settings: Settings, plan: PipelinePlan, say: Phrasing) -> str:
    length = say.format.duration(plan.health_rules.down_after)
    names = ", ".join(settings.source_health.receivers)
    if not names:
        return _line(say, "source_health_nobody", length=length)
    return _line(say, "source_health", names=names, length=length)


def _document(checked: Checked) -> dict[str, Any]:
    settings, plan = checked.settings, checked.plan
    say = phrasing("en", UTC)  # what machines read is the same in every language
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
                "polls": source.describe(checked.context, say),
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
                "sends": receiver.describe(say),
                "min_severity": receiver.min_severity,
                "mute_time_intervals": list(receiver.mute_time_intervals),
            }
            for receiver in settings.receivers
        ],
        "routes": list(explained(build_policy(settings), say)),
        "store": shown_location(settings),
    }
