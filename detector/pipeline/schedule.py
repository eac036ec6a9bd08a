"""The schedule: when runs and other jobs start; the only user of APScheduler.

Jobs that touch the pipeline's state (the run, deliveries between runs, retention) take turns: one
works at a time. Others (the lease, signs of life) work beside them, on threads of their own.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import FrameType, MappingProxyType

import structlog
from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_EXECUTED,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobEvent,
    JobExecutionEvent,
)
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from detector.clock import wall_now

log = structlog.get_logger("detector.pipeline.schedule")
# What it has to say reaches our listeners; said twice it would bury the alerts.
logging.getLogger("apscheduler").setLevel(logging.CRITICAL)

#: After this many runs in a row that failed, the schedule gives up and says why.
MAX_FAILURES = 5
#: Name of the job that the others serve.
RUN = "run"
#: Executors: for jobs that take turns, and for those beside them.
_SERIAL, _PARALLEL = "default", "beside"


class Outcome(StrEnum):
    """What became of a job that was due."""

    EXECUTED = "executed"
    FAILED = "failed"
    MISSED = "missed"
    SKIPPED = "skipped"


_OUTCOMES = {
    EVENT_JOB_EXECUTED: Outcome.EXECUTED,
    EVENT_JOB_ERROR: Outcome.FAILED,
    EVENT_JOB_MISSED: Outcome.MISSED,
    EVENT_JOB_MAX_INSTANCES: Outcome.SKIPPED,
}


class _NotBegun(Exception):
    """A job was due as the schedule stopped; it counts as nothing."""


@dataclass(frozen=True, slots=True)
class JobCounts:
    """How often jobs were due since the start, by name and outcome.

    A job is `Outcome.MISSED` where it could not start in time, and `Outcome.SKIPPED` where it was
    still at work.
    """

    runs: Mapping[tuple[str, Outcome], int] = field(default_factory=lambda: MappingProxyType({}))

    def plus(self, job: str, outcome: Outcome) -> JobCounts:
        """Return the counts with one more; these are not changed, others may be reading them."""
        return JobCounts({**self.runs, (job, outcome): self.runs.get((job, outcome), 0) + 1})


@dataclass(frozen=True, slots=True)
class Job:
    """What is done again and again.

    Attributes
    ----------
    name : of the job, in metrics and logs.
    work : what is done.
    every : interval on the wall's clock.
    grace : how late it may start; None: however late. (APScheduler's own default of one second
        drops late jobs silently.)
    at_once : whether it is due at the start, or first after an interval.
    parallel : whether it works beside the run, or takes turns with it.
    """

    name: str
    work: Callable[[], object]
    every: timedelta
    grace: timedelta | None = None
    at_once: bool = False
    parallel: bool = False


class Schedule:
    """Runs the pipeline, and what belongs to it, at steady intervals until told to stop.

    One run at a time; runs that are due while one is at work melt into one; a run that is late by
    less than ``misfire_grace`` is made all the same. What fails or is missed is logged and counted.

    Parameters
    ----------
    run : called at once, then once per interval; returns whether there is more to do.
    every : interval on the wall's clock.
    misfire_grace : how late a run may start.
    jobs : what else there is to do.
    """

    def __init__(
        self,
        run: Callable[[], bool],
        *,
        every: timedelta,
        misfire_grace: timedelta,
        jobs: Sequence[Job] = (),
    ) -> None:
        self._run = run
        self._stopped = threading.Event()
        self._serial = threading.Lock()
        self._failures = 0
        self._overran = False
        self._every = every.total_seconds()
        self.failure: BaseException | None = None
        self.counts = JobCounts()
        self._scheduler = BackgroundScheduler(
            executors={
                _SERIAL: ThreadPoolExecutor(1),
                _PARALLEL: ThreadPoolExecutor(max(sum(job.parallel for job in jobs), 1)),
            },
            job_defaults={"coalesce": True, "max_instances": 1},
            timezone="UTC",
        )
        self._scheduler.add_listener(self._count, sum(_OUTCOMES))
        for job in (Job(RUN, self._once, every, misfire_grace, at_once=True), *jobs):
            self._add(job)

    def _add(self, job: Job) -> None:
        grace = None if job.grace is None else max(1, round(job.grace.total_seconds()))
        now = wall_now()
        self._scheduler.add_job(
            job.work if job.parallel else self._serially(job.work),
            "interval",
            seconds=job.every.total_seconds(),
            id=job.name,
            name=job.name,
            executor=_PARALLEL if job.parallel else _SERIAL,
            misfire_grace_time=grace,
            next_run_time=now if job.at_once else now + job.every,
        )

    def _serially(self, work: Callable[[], object]) -> Callable[[], None]:
        def one_at_a_time() -> None:
            with self._serial:
                if self._stopped.is_set():
                    raise _NotBegun
                work()

        return one_at_a_time

    def run(self) -> None:
        """Run until there is no more to do, `stop` is called, or a signal says so.

        A run that is at work is finished, it is one transaction; what works beside it goes on
        until then, so that the lease lasts. Raises what made the last of `MAX_FAILURES` runs in a
        row fail.
        """
        with _signals(self.stop):
            self._scheduler.start()
            try:
                self._stopped.wait()
                self._finish_run()
            finally:
                self._scheduler.shutdown(wait=True)
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        """Stop after the run that is at work."""
        self._stopped.set()

    def is_stopping(self) -> bool:
        """Return whether a stop was asked for."""
        return self._stopped.is_set()

    def _finish_run(self) -> None:
        """Let nothing begin any more that takes turns, and wait for what is at work."""
        for job in self._scheduler.get_jobs():
            if job.executor == _SERIAL:
                job.remove()
        with self._serial:
            pass

    def _once(self) -> None:
        began = time.monotonic()
        more = self._run()
        self._failures = 0
        if time.monotonic() - began < self._every:
            self._overran = False
        if not more:
            self.stop()

    def _count(self, event: JobEvent) -> None:
        """Count what became of a job, and log it where it did not do its work."""
        outcome = _OUTCOMES[event.code]
        if outcome is Outcome.FAILED and isinstance(event.exception, _NotBegun):
            return
        self.counts = self.counts.plus(event.job_id, outcome)
        if outcome is Outcome.FAILED:
            self._failed(event)
        elif outcome is Outcome.MISSED:
            due = event.scheduled_run_time.isoformat()
            log.warning(f"{event.job_id} missed", due=due)
        elif outcome is Outcome.SKIPPED and event.job_id == RUN and not self._overran:
            self._overran = True  # said once, until a run does not take so long
            log.info("run takes longer than the interval; the next ones wait")

    def _failed(self, event: JobExecutionEvent) -> None:
        if event.job_id != RUN:
            log.error(f"{event.job_id} failed", exc_info=event.exception)
            return
        self._failures += 1
        log.error("run failed", in_a_row=self._failures, exc_info=event.exception)
        if self._failures >= MAX_FAILURES:
            self.failure = event.exception
            self.stop()


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

    A second Ctrl-C does not wait for the run at work: killing it loses nothing either. SIGTERM
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
