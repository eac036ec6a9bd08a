"""The running pipeline: its parts put together, its runs, and what is done between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TextIO, TypeVar

import numpy as np
import pandas as pd
import structlog

from detector.clock import Clock, wall_now
from detector.complaints.reader import read_posts
from detector.config.settings import Settings
from detector.detection import live
from detector.errors import DetectorError, LeaseLost, StoreError
from detector.model.health import SourceHealth
from detector.model.incident import Incident
from detector.model.times import iso
from detector.notify.deliver import DeliveryReport, RetryPolicy, deliver
from detector.notify.incident_records import standing_incidents
from detector.notify.mute import Mutes
from detector.notify.policy import NotificationPolicy
from detector.notify.receiver import Receiver
from detector.notify.refresh import refresh
from detector.pipeline import setup
from detector.pipeline.heartbeat import Heartbeat, build_heartbeat
from detector.pipeline.leader import Leader
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.run import Notified, Totals, latest_incidents, run_once
from detector.pipeline.saved_state import load
from detector.pipeline.schedule import Job
from detector.pipeline.setup import build_policy
from detector.pipeline.state import PipelineState
from detector.sources.base import Source
from detector.store.base import Controls, Store
from detector.store.controls import shared_controls
from detector.store.sql_store import open_store

log = structlog.get_logger("detector.pipeline")

T = TypeVar("T")
R = TypeVar("R")

#: A source that is further behind than this is catching up.
BEHIND = timedelta(minutes=15)
#: Signs of life follow a run by no more than this.
SIGNS = timedelta(seconds=5)
#: What is old is dropped from the store so often.
RETENTION = timedelta(days=1)


@dataclass(slots=True)
class CatchUp:
    """Logs the progress of sources that are behind, as long as they move on."""

    _reached: dict[str, datetime] = field(default_factory=dict)

    def log(self, sources: Sequence[SourceHealth], now: datetime) -> None:
        """Log how far each of ``sources`` is at ``now``; nothing of those that keep up."""
        for source in sources:
            before, reached = self._reached.get(source.source), source.observed_until
            if reached is None or reached == before:
                continue
            self._reached[source.source] = reached
            if now - reached > BEHIND:
                left = str(now - reached).partition(".")[0]
                log.info("catching up", source=source.source, until=iso(reached), left=left)
            elif before is not None and now - before > BEHIND:
                log.info("caught up", source=source.source)


@dataclass(eq=False)
class Pipeline:
    """Sources, engine, store and receivers at work.

    Attributes
    ----------
    state : what the last committed run left; after a restart, what the store kept of it.
    term : the leader's term in which `state` was read; in another one the store may know more.
    stopping : whether a stop was asked for: then no further message is begun.
    runs, totals : runs since the start, and how much they took in.
    notified : what receivers knew after the last run; None: the store is to be asked.
    """

    settings: Settings
    plan: PipelinePlan
    sources: Sequence[Source]
    receivers: Mapping[str, Receiver]
    notification_policy: NotificationPolicy
    store: Store
    controls: Controls
    clock: Clock
    state: PipelineState
    policy: RetryPolicy
    heartbeat: Heartbeat
    leadership: Leader
    term: int | None = None
    stopping: Callable[[], bool] = field(default=lambda: False)
    runs: int = field(default=0, init=False)
    totals: Totals = field(default_factory=Totals, init=False)
    notified: Notified | None = field(default=None, init=False)
    _stood_by: bool = field(default=False, init=False)
    _failures: Sequence[str] | None = field(default=None, init=False)
    _catch_up: CatchUp = field(default_factory=CatchUp, init=False)

    def jobs(self) -> Sequence[Job]:
        """Return what is to be done between runs, or beside them."""
        every = self.settings.schedule.every
        jobs = [Job("heartbeat", self.beat, min(every, SIGNS), parallel=True)]
        if (renew_every := self.leadership.renew_every) is not None:
            jobs.append(Job("lease", self.leadership.renew, renew_every, parallel=True))
        if self.settings.clock.speed is not None:
            return jobs  # scenarios of years ago are kept whole, and their runs follow at once
        if every > self.policy.first:
            jobs.append(Job("delivery", self.deliver, self.policy.first))
        if self.settings.store.keep is not None:
            jobs.append(Job("retention", self.drop_old, RETENTION, at_once=True))
        return jobs

    def warm_up(self) -> None:
        """Load the model and compile the kernels, so that the first run is not the slowest."""
        if self.sources:
            sentence = pd.DataFrame({"text": ["微信崩了"]})
            read_posts(self.plan.reader, sentence)
        options, start = self.plan.default_options, wall_now().replace(microsecond=0)
        live.update(live.begin(options, start=start, width=self.plan.width), np.zeros(2))
        self.heartbeat.ready()

    def run(self) -> bool:
        """Poll, count, detect, commit, deliver. Return whether there is more to do.

        While another instance leads, nothing is done but to wait for its end.
        """
        if not self._leads():
            self.heartbeat.standing_by()
            return True
        return self._reading_anew(self._run, otherwise=True)

    def deliver(self) -> None:
        """Send what is due; between runs, so that what failed does not wait for the next one.

        It is the pass over the outbox that every run ends with, and never works beside a run: so
        messages of an incident keep their order, and what is recorded is recorded once.
        """
        if self._still_leads():
            self._reading_anew(self._deliver, otherwise=None)

    def drop_old(self) -> None:
        """Let the store forget what is older than it is to keep."""
        keep = self.settings.store.keep
        if keep is None or not self._still_leads():
            return
        before = self.clock.now() - keep
        gone = self._reading_anew(lambda: self.store.forget(before=before), otherwise=0)
        if gone:
            log.info("old counts and messages dropped", rows=gone)

    def beat(self) -> None:
        """Say that a run was committed, if one was since the last beat, and what failed.

        A pipeline that does not run any more sends none.
        """
        failures, self._failures = self._failures, None
        if failures is None:
            return
        if failure := self.heartbeat.beat(failures):
            log.warning("heartbeat not sent", error=failure)

    def _reading_anew(self, work: Callable[[], T], *, otherwise: R) -> T | R:
        """Return what ``work`` does, or ``otherwise`` where another instance has taken over.

        The state is read anew before the next run where what the store holds is not certain.
        """
        try:
            return work()
        except LeaseLost as error:
            log.warning("another instance has taken over; standing by", error=str(error))
            self.term = None
            return otherwise
        except StoreError:
            self.term = None  # a commit whose answer was lost may have been made: read anew
            raise

    def _still_leads(self) -> bool:
        return self.term is not None and self.leadership.term == self.term

    def _leads(self) -> bool:
        """Return whether we lead; if we did not before, remember what the store has by now."""
        if not self.leadership.wait(self.settings.schedule.every, stopping=self.stopping):
            if self.term is not None or not self._stood_by:
                log.info("another instance writes to the store; standing by")
            self.term, self._stood_by = None, True
            return False
        if self.leadership.term != self.term:
            self.state, self.notified = load(self.store.state()), None
            if self._stood_by:
                log.warning("this instance leads now", term=self.leadership.term)
        self.term = self.leadership.term
        return True

    def _run(self) -> bool:
        now, wall = self.clock.now(), wall_now()
        finished = self.clock.finished
        outcome = run_once(
            self.state,
            self.sources,
            self.store,
            self.plan,
            self.notification_policy,
            now=now,
            wall=wall,
            source_receivers=self.settings.source_health.receivers,
            mutes=self._mutes(wall),
            notified=self.notified,
        )
        self.state, self.notified = outcome.result.state, outcome.notified
        self.runs, self.totals = self.runs + 1, self.totals.plus(outcome.totals)
        for failed in outcome.poll_failures:
            bug = None if isinstance(failed.error, DetectorError) else failed.error
            log.warning(
                "source failed", source=failed.source, error=str(failed.error), exc_info=bug
            )
        for source, rows in outcome.result.late.items():
            log.info("came too late to be counted", source=source, rows=rows)
        for alarm in outcome.result.source_alerts:
            health = alarm.health
            log.warning(
                f"source is {health.state.value}",
                source=health.source,
                reason=health.reason.value,
                **health.params,
            )
        report = self._deliver()
        standing = standing_incidents(
            latest_incidents(self.state), self.notified.incidents, now=now
        )
        unreached = {d.receiver for d in (*report.retried, *report.dead)} | self._refresh(standing)
        self._failures = [
            *(f"source {t.source} failed" for t in outcome.poll_failures),
            *(f"receiver {name} was not reached" for name in sorted(unreached)),
        ]
        if self.settings.clock.speed is None:
            self._catch_up.log(outcome.result.source_health, now)
        return not (finished and not report.retried)

    def _deliver(self) -> DeliveryReport:
        """Send what is due; what was refused for good is not on record any more."""
        report = deliver(
            self.store, self.receivers, now=wall_now(), policy=self.policy, stopping=self.stopping
        )
        if self.notified is not None:
            self.notified = self.notified.without(report.dead)
        _log(report)
        return report

    def _mutes(self, wall: datetime) -> Mutes:
        """Return the silences and acknowledgements of now."""
        acknowledgements = {given.incident_id: given for given in self.controls.acknowledgements()}
        return Mutes(self.controls.silences(ending_after=wall), acknowledgements)

    def _refresh(self, incidents: Iterable[Incident]) -> set[str]:
        """Send again to receivers that forget what is not repeated; return the unreached ones."""
        failures = refresh(self.store, self.receivers, incidents, now=wall_now())
        for receiver, error in failures.items():
            log.warning("alerts not said again", receiver=receiver, error=str(error))
        return set(failures)

    def close(self) -> None:
        """Release the store."""
        self.beat()
        self.heartbeat.stopping()
        self.leadership.close()
        self.store.close()


def build(settings: Settings, *, base: Path, console: TextIO) -> Pipeline:
    """Put the pipeline together and load what it remembers.

    Raises
    ------
    ConfigError, InputError, StoreError
        Before anything was started.
    """
    plan = setup.build_plan(settings)
    sources = setup.build_sources(settings, base=base)
    receivers = setup.build_receivers(settings, base=base, console=console)
    location, ttl = setup.store_location(settings, base=base), settings.store.lease
    store = open_store(location, standby=True, ttl=ttl)
    leadership = Leader(store.lease)
    state = load(store.state())
    return Pipeline(
        settings=settings,
        plan=plan,
        sources=sources,
        receivers=receivers,
        notification_policy=build_policy(settings),
        store=store,
        controls=shared_controls(store),
        clock=setup.build_clock(settings, sources, resumed_at=_resumed_at(state)),
        state=state,
        policy=RetryPolicy(give_up_after=settings.delivery.give_up_after),
        heartbeat=build_heartbeat(settings, base=base),
        leadership=leadership,
        term=leadership.term,
    )


def _resumed_at(state: PipelineState) -> datetime | None:
    """Return up to when the sources were looked at before the restart."""
    ends = [one.observed.pairs()[-1][1] for one in state.progress.values() if len(one.observed)]
    return max(ends, default=None)


def _log(report: DeliveryReport) -> None:
    for delivery in report.retried:
        log.warning(
            "alert not delivered, will be retried",
            receiver=delivery.receiver,
            key=delivery.alert.key,
            error=delivery.error,
            due=iso(delivery.due_at),
        )
    for delivery in report.dead:
        log.error(
            "alert refused",
            receiver=delivery.receiver,
            key=delivery.alert.key,
            error=delivery.error,
        )
