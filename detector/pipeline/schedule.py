"""The schedule: APScheduler turns the pipeline, the only room it lives in."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType

import structlog
from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobExecutionEvent,
    JobSubmissionEvent,
)
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from detector.clock import wall_now

log = structlog.get_logger("detector.pipeline.schedule")
# What it has to say reaches our listeners; said twice it would bury the alerts.
logging.getLogger("apscheduler").setLevel(logging.CRITICAL)

#: After this many turns in a row that failed, the schedule gives up and says why.
MAX_FAILURES = 5


class Schedule:
    """Turns the pipeline at a steady interval until told to stop.

    One turn at a time; turns that are due while one runs melt into one; a turn that is late by
    less than ``misfire_grace`` is run all the same (APScheduler's own default of one second drops
    late runs silently). Missed and failed turns are logged.

    Parameters
    ----------
    turn : called at once, then once per interval; returns whether there is more to do.
    every : interval on the wall clock.
    misfire_grace : how late a turn may start.
    """

    def __init__(
        self, turn: Callable[[], bool], *, every: timedelta, misfire_grace: timedelta
    ) -> None:
        self._turn = turn
        self._stopped = threading.Event()
        self._failures = 0
        self._overran = False
        self._every = every.total_seconds()
        self.failure: BaseException | None = None
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={
                "coalesce": True,
                "max_instances": 1,
                "misfire_grace_time": max(1, round(misfire_grace.total_seconds())),
            },
            timezone="UTC",
        )
        self._scheduler.add_listener(self._failed, EVENT_JOB_ERROR)
        self._scheduler.add_listener(_missed, EVENT_JOB_MISSED)
        self._scheduler.add_listener(self._overrun, EVENT_JOB_MAX_INSTANCES)
        self._scheduler.add_job(
            self._once,
            "interval",
            seconds=every.total_seconds(),
            id="turn",
            name="turn",
            next_run_time=wall_now(),
        )

    def run(self) -> None:
        """Turn until there is no more to do, `stop` is called, or a signal says so.

        A running turn is finished: it is one transaction. Raises what made the last of
        `MAX_FAILURES` turns in a row fail.
        """
        with _signals(self.stop):
            self._scheduler.start()
            try:
                self._stopped.wait()
            finally:
                self._scheduler.shutdown(wait=True)
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        """Stop after the turn that is running."""
        self._stopped.set()

    def is_stopping(self) -> bool:
        """Return whether a stop was asked for."""
        return self._stopped.is_set()

    def _once(self) -> None:
        if not self._stopped.is_set():
            began = time.monotonic()
            more = self._turn()
            self._failures = 0
            if time.monotonic() - began < self._every:
                self._overran = False
            if not more:
                self.stop()

    def _failed(self, event: JobExecutionEvent) -> None:
        self._failures += 1
        log.error("turn failed", in_a_row=self._failures, exc_info=event.exception)
        if self._failures >= MAX_FAILURES:
            self.failure = event.exception
            self.stop()

    def _overrun(self, _event: JobSubmissionEvent) -> None:
        """Say that turns take longer than the interval, once until one does not."""
        if not self._overran:
            self._overran = True
            log.info("turn takes longer than the interval; the next ones wait")


def _missed(event: JobExecutionEvent) -> None:
    log.warning("turn missed", due=event.scheduled_run_time.isoformat())


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM leave the block as an exit, so that what was opened in it is put away.

    A running schedule takes the signal over for its time.
    """

    def leave(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """Let SIGTERM and Ctrl-C stop in good order; put back what was there before.

    A second Ctrl-C does not wait for the running turn: killing it loses nothing either. SIGTERM
    may come twice from one sender (to the process and to its group), and means the same.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        stop()
        if number == signal.SIGINT:
            signal.signal(number, signal.SIG_DFL)

    before = {s: signal.signal(s, handle) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
