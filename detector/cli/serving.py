"""serve: the dashboard and the API, alone or beside ``run``."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import structlog

from detector.cli.language import reader
from detector.cli.output import log_to_stderr, settings_and_base
from detector.clock import wall_now
from detector.config.settings import Settings
from detector.errors import ConfigError
from detector.model.times import from_seconds
from detector.pipeline.runner import Pipeline
from detector.pipeline.saved_state import load
from detector.pipeline.schedule import JobCounts
from detector.pipeline.setup import store_location
from detector.pipeline.state import PipelineState
from detector.store.sql_store import open_store
from detector.web.app import create_app
from detector.web.backend import RunReport, has_file, open_backend
from detector.web.server import WebServer, listening_socket

log = structlog.get_logger("detector.web")


@dataclass(eq=False)
class WatchedRuns:
    """The pipeline's runs, and how they went: for readers in another thread."""

    running: Pipeline
    jobs: Callable[[], JobCounts] = JobCounts
    _report: RunReport = field(init=False)
    _now: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._every = self.running.settings.schedule.every.total_seconds()
        self._report = RunReport(0, None, 0.0, self._every)
        self._now = observed_until(self.running.state) or wall_now()

    def run(self) -> bool:
        """Do one run."""
        began = time.monotonic()
        more = self.running.run()
        seconds = time.monotonic() - began
        self._now = observed_until(self.running.state) or self._now
        self._report = RunReport(
            self.running.runs, wall_now(), seconds, self._every, self.running.totals
        )
        return more

    def report(self) -> RunReport:
        """Return how the last run went."""
        return replace(self._report, jobs=self.jobs())

    def now(self) -> datetime:
        """Return the time of the data: on an accelerated clock, up to where the last run came."""
        accelerated = self.running.settings.clock.speed is not None
        return self._now if accelerated else wall_now()


def observed_until(state: PipelineState) -> datetime | None:
    """Return up to when any source was looked at, None if none ever was."""
    ends = [float(f.observed.ends[-1]) for f in state.progress.values() if len(f.observed)]
    return from_seconds(max(ends)) if ends else None


@contextmanager
def serving_dashboard(settings: Settings, base: Path, watched: WatchedRuns) -> Iterator[None]:
    """Serve the dashboard and the API while the pipeline runs, unless they are switched off.

    Raises
    ------
    ConfigError : it cannot listen where the settings say. At the address that we chose ourselves
        another instance may well listen: then alerts matter more, and it is only told.
    """
    if not settings.web.enabled:
        yield
        return
    if not has_file(settings, base=base):
        log.info("no dashboard: a store in memory cannot be looked at")
        yield
        return
    try:
        listening = listening_socket(settings.web)
    except ConfigError as error:
        if "listen" in settings.web.model_fields_set:
            raise
        log.warning("no dashboard this time", why=str(error))
        yield
        return
    with closing(listening):
        backend = open_backend(settings, base=base, now=watched.now, last_run=watched.report)
        with closing(backend), WebServer(create_app(backend), listening):
            log.info("dashboard", url=backend.url)
            yield


def serve(config: Path | None) -> None:
    """Serve the dashboard and the API over an existing store until stopped."""
    log_to_stderr()
    settings, base, _ = settings_and_base(config)
    now = _time_of(settings, base)
    with closing(listening_socket(settings.web)) as listening:
        backend = open_backend(settings, base=base, now=now)
        with closing(backend), WebServer(create_app(backend), listening):
            print(reader().texts("command.run.serving", url=backend.url), flush=True)
            _wait_for_signal()


def _time_of(settings: Settings, base: Path) -> Callable[[], datetime]:
    """Return what tells the time: where scenarios were run, it stands where they ended."""
    if settings.clock.speed is None:
        return wall_now
    with closing(open_store(store_location(settings, base=base), readonly=True)) as store:
        ended = observed_until(load(store.state()))
    return wall_now if ended is None else lambda: ended


def _wait_for_signal() -> None:
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()
