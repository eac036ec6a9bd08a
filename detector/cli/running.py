"""run: the scheduled pipeline; and what every command with settings needs of them."""

from __future__ import annotations

import logging
import signal
import sys
from pathlib import Path

import structlog
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from detector import app, pipeline
from detector.cli.output import print_table, progress
from detector.cli.tables import incident_table
from detector.domain.times import iso
from detector.pipeline import Pipeline
from detector.schedule import Schedule, terminable
from detector.settings import Settings, read_settings


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
    with terminable():
        running = pipeline.build(settings, base=base, console=sys.stdout)
        try:
            _turn_until_told(running, settings, base, path)
        finally:
            # A second SIGTERM means the same as the first: what is open is still put away.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            incidents = running.store.incidents(limit=20)
            running.close()
    structlog.get_logger("detector.run").info("stopped", turns=running.turns)
    print()
    print_table(*incident_table(reversed(incidents)))
    _where_next(settings, finished_before=running.turns <= 1)


def _turn_until_told(running: Pipeline, settings: Settings, base: Path, path: Path) -> None:
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
    with served_beside(settings, base, watched):
        schedule.run()


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
