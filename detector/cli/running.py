"""run: the scheduled pipeline."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import structlog

from detector.cli.incidents import incident_table
from detector.cli.language import reader
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
from detector.text.phrasing import Phrasing


def run_pipeline(config: Path | None) -> None:
    """Run until stopped, or until the scenarios are over."""
    log_to_stderr()
    settings, base, path = settings_and_base(config)
    with terminable():
        running = runner.build(settings, base=base, console=sys.stdout)
        try:
            _run_until_stopped(running, settings, base, path)
        finally:
            # A second SIGTERM means the same as the first: what is open is still put away.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            incidents = running.store.incidents(limit=20)
            running.close()
    structlog.get_logger("detector.run").info("stopped", runs=running.runs)
    print()
    say = reader()
    print_table(*incident_table(reversed(incidents), say))
    _print_where_next(settings, say, finished_before=running.runs <= 1)


def _run_until_stopped(running: Pipeline, settings: Settings, base: Path, path: Path) -> None:
    log = structlog.get_logger("detector.run")
    with progress(reader(), "starting", "steps"):
        running.warm_up()
    log.info(
        "started",
        config=str(path),
        sources=len(running.sources),
        receivers=len(settings.receivers),
        store=shown_location(settings),
        time=iso(running.clock.now()),
    )
    from detector.cli.serving import WatchedRuns, serving_dashboard  # it needs this module

    watched = WatchedRuns(running)
    schedule = Schedule(
        watched.run,
        every=settings.schedule.every,
        misfire_grace=settings.schedule.misfire_grace,
        jobs=running.jobs(),
    )
    watched.jobs = lambda: schedule.counts
    running.stopping = schedule.is_stopping
    with serving_dashboard(settings, base, watched):
        schedule.run()


def _print_where_next(settings: Settings, say: Phrasing, *, finished_before: bool) -> None:
    print()
    print(say.texts("command.run.store", place=shown_location(settings)))
    for receiver in settings.receivers:
        if isinstance(receiver, JsonLinesSettings):
            print(say.texts("command.run.alerts", place=receiver.path))
    if settings.clock.speed and finished_before:
        print(say.texts("command.run.over"))
    print(say.texts("command.run.next"))
