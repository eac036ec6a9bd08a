"""run and check: the scheduled pipeline, and what it would do."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import structlog
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from detector import app, pipeline
from detector.audience import build_audience
from detector.cli.output import print_table, progress
from detector.cli.tables import incident_table
from detector.cli.tree import explained
from detector.domain.times import iso
from detector.ports import Source
from detector.quota import quota_of
from detector.receivers import build_heartbeat
from detector.schedule import Schedule
from detector.settings import FileSourceSettings, Settings, SourceSettings, read_settings
from detector.settings.live import LiveSettings
from detector.sources.scenario import ScenarioSource


def settings_and_base(config: Path | None) -> tuple[Settings, Path, Path]:
    """Return the settings, the folder their relative paths are meant from, and their file."""
    path = config or app.default_config()
    return read_settings(path), Path.cwd() if config is None else path.resolve().parent, path


def shown_location(settings: Settings) -> str:
    """Return the store's place as it may be shown: of a URL, what stands behind the login."""
    scheme, separator, rest = settings.store.location.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if separator else scheme


def run_pipeline(config: Path | None) -> None:
    """Run until told to stop, or until the scenarios' time is over."""
    log_to_stderr()
    settings, base, path = settings_and_base(config)
    running = pipeline.build(settings, base=base, console=sys.stdout)
    log = structlog.get_logger("detector.run")
    with progress("getting ready", "steps"):
        running.warm_up()
    log.info(
        "started",
        config=str(path),
        sources=len(running.sources),
        receivers=len(settings.receivers),
        store=shown_location(settings),
        time=iso(running.clock.now()),
    )
    from detector.cli.serving import WatchedTurns, served_beside  # it needs this module

    watched = WatchedTurns(running)
    schedule = Schedule(
        watched.turn,
        every=settings.schedule.every,
        misfire_grace=settings.schedule.misfire_grace,
    )
    running.stopping = schedule.is_stopping
    try:
        with served_beside(settings, base, watched):
            schedule.run()
    finally:
        incidents = running.store.incidents(limit=20)
        running.close()
    log.info("stopped", turns=running.turns)
    print()
    print_table(*incident_table(reversed(incidents)))
    _where_next(settings, finished_before=running.turns <= 1)


def _where_next(settings: Settings, *, finished_before: bool) -> None:
    print(f"\nstore: {shown_location(settings)}")
    for receiver in settings.receivers:
        if receiver.type == "jsonlines":
            print(f"alerts: {receiver.path}")
    if settings.clock.speed and finished_before:
        print(
            "the scenarios' time was over before: remove the store and the alerts to see them again"
        )
    print("look closer: outage-detector serve, or incidents show ID; docs/ explains every number")


def check_settings(config: Path | None) -> None:
    """Validate everything that can be validated without starting, and say what would be done."""
    settings, base, path = settings_and_base(config)
    plan = app.build_plan(settings)
    sources = app.build_sources(settings, base=base)
    app.build_sinks(settings, base=base, console=sys.stdout)
    build_heartbeat(settings, base=base)
    print(f"{path}: in order")
    pace = f", on a clock {settings.clock.speed:,.0f} times as fast" if settings.clock.speed else ""
    print(f"every {settings.schedule.every.total_seconds():g} s{pace}:")
    for source, part in zip(sources, settings.sources, strict=True):
        what = _what(source, part, base, settings)
        print(f"  pull {source.name} ({part.type}): {what}")
    print(f"follow {', '.join(sorted(plan.services)) or 'no service by name'}", end="")
    if plan.discover_voices is not None:
        print(f", and any service with {plan.discover_voices:g} complaints in an hour", end="")
    print()
    for service in sorted(plan.services):
        options = plan.options_for(service)
        print(
            f"  {service}: at most {options.max_false_pages_per_week:g} false pages a week, "
            f"days in {options.time_zone}"
        )
    for receiver in settings.receivers:
        quiet = f", not in {', '.join(receiver.quiet)}" if receiver.quiet else ""
        print(f"tell {receiver.name} ({receiver.type}) from {receiver.min_severity} on{quiet}")
    for line in explained(build_audience(settings)):
        print(line)
    if not settings.sources:
        print("nothing to listen to: add [[sources]]")
    print(f"remember in {shown_location(settings)}")


def _what(source: Source, part: SourceSettings, base: Path, settings: Settings) -> str:
    """Return what is pulled, in words."""
    if isinstance(source, ScenarioSource):
        return source.scenario.title
    if isinstance(part, LiveSettings):
        return str(quota_of(part, every=settings.schedule.every))
    if isinstance(part, FileSourceSettings):
        place = base / part.path
        return str(place) if place.exists() else f"{place}, which is not there (yet)"
    return part.type


def log_to_stderr() -> None:
    """Let everything that is logged go to the terminal, beside what is printed."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    set_on_retry_hooks([_log_retry])


def _log_retry(details: RetryDetails) -> None:
    log = structlog.get_logger("detector.sources")
    log.info("asking again", error=str(details.caused_by), wait=f"{details.wait_for:.1f} s")
