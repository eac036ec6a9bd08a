"""run: the scheduled pipeline; and what every command with settings needs of them."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import structlog

from detector.cli.incidents import incident_table
from detector.cli.output import (
    log_to_stderr,
    print_table,
    progress,
    settings_and_base,
    shown_location,
)
from detector.config.settings import Settings
from detector.model.times import iso
from detector.pipeline import runner
from detector.pipeline.runner import Pipeline
from detector.pipeline.schedule import Schedule, terminable
from detector.receivers.jsonlines import JsonLinesSettings


def run_pipeline(config: Path | None) -> None:
    """Run until told to stop, or until the scenarios' time is over."""
    log_to_stderr()
    settings, base, path = settings_and_base(config)
    with terminable():
        running = runner.build(settings, base=base, console=sys.stdout)
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
        if isinstance(receiver, JsonLinesSettings):
            print(f"alerts: {receiver.path}")
    if settings.clock.speed and finished_before:
        print(
            "the scenarios' time was over before: remove the store and the alerts to see them again"
        )
    print("look closer: outage-detector serve, or incidents show ID; docs/ explains every number")
