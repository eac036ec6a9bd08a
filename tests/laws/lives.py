"""Lives of the whole notification: scripted incidents, run by run, through a real store.

Surges come from a script, everything behind them is the real thing: what there is to tell, who is
told, the outbox, its delivery, and the receivers that are told again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path

import pytest

from detector.complaints.archive import Archive
from detector.errors import Rejected, Unreachable
from detector.model.alert import Alert, AlertKind
from detector.model.delivery import DeliveryStatus
from detector.model.incident import Incident
from detector.model.silence import Acknowledgement, Silence
from detector.notify.deliver import RetryPolicy, deliver
from detector.notify.incident_records import standing_incidents
from detector.notify.mute import Mutes
from detector.notify.policy import NotificationPolicy
from detector.notify.refresh import refresh
from detector.pipeline.incident_updates import SurgeChange, update_incidents
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.run import Notified, latest_incidents, run_once
from detector.pipeline.saved_state import load
from detector.pipeline.state import PipelineState
from detector.pipeline.step import RunResult
from detector.receivers.alertmanager import AlertmanagerReceiver
from detector.store.outbox import open_dead_letters
from detector.store.sql_store import SqlStore, open_store
from tests.fakes.alertmanager import FakeAlertmanager
from tests.fakes.words import a_writer

HOLD = timedelta(minutes=15)
Mood = str


class Crash(BaseException):
    """The process dies."""


class Heard(Enum):
    """How a receiver heard of something."""

    SENT = "sent"
    AGAIN = "told again"
    OFFERED = "offered, and perhaps refused"


@dataclass
class Seen:
    """What a receiver heard, in order; of what it was offered only that something began again."""

    heard: list[tuple[Alert, Heard]] = field(default_factory=list)

    @property
    def sent(self) -> list[Alert]:
        """The messages that it took, what was only told again left out."""
        return [alert for alert, how in self.heard if how is Heard.SENT]

    @property
    def last(self) -> dict[str, Alert]:
        """The last that it took about each incident."""
        return {a.incident.id: a for a, how in self.heard if how is not Heard.OFFERED}


@dataclass
class MoodyReceiver:
    """Takes messages, refuses them, is away, or we die right after it took one.

    ``unsure`` holds the incidents of which it took a message that we do not know it took.
    """

    name: str
    seen: Seen = field(default_factory=Seen)
    mood: Mood = "takes"
    unsure: set[str] = field(default_factory=set)

    def send(self, alert: Alert) -> None:
        if alert.kind is AlertKind.REOPENED:
            self.seen.heard.append((alert, Heard.OFFERED))
        self._stand_up()
        self.take(alert)
        self.seen.heard.append((alert, Heard.SENT))
        self.unsure.discard(alert.incident.id)
        if self.mood == "crashes":
            self.unsure.add(alert.incident.id)
            self.mood = "takes"
            raise Crash

    def take(self, alert: Alert) -> None:
        """Do with it what the receiver is for."""

    def _stand_up(self) -> None:
        if self.mood == "away":
            raise Unreachable(f"{self.name}: no answer")
        if self.mood == "refuses":
            raise Rejected(f"{self.name}: 400")


@dataclass
class MoodyAlertmanager(MoodyReceiver):
    """The real adapter before a fake Alertmanager."""

    wall: Callable[[], datetime] = field(kw_only=True)
    world: FakeAlertmanager = field(default_factory=FakeAlertmanager)

    def __post_init__(self) -> None:
        self._adapter = AlertmanagerReceiver(
            self.name, "http://am.example", writer=a_writer(), clock=self.wall, hold=HOLD
        )
        self._adapter._poster = self.world  # type: ignore[assignment]

    def take(self, alert: Alert) -> None:
        self._adapter.send(alert)

    def refresh(self, alerts: Sequence[Alert], *, now: datetime) -> None:
        self._stand_up()
        self._adapter.refresh(alerts, now=now)
        self.seen.heard += [(alert, Heard.AGAIN) for alert in alerts]


@dataclass(eq=False)
class Life:
    """A detector that runs, dies and runs again, over one store.

    Attributes
    ----------
    path : the store.
    arrivals : when each change of a surge is known (time of the data), in order.
    offset : the wall clock is so far ahead of the data's.
    """

    path: Path
    plan: PipelinePlan
    policy: NotificationPolicy
    arrivals: Sequence[tuple[datetime, SurgeChange]]
    now: datetime
    offset: timedelta
    silences: dict[str, Silence] = field(default_factory=dict)
    acknowledged: dict[str, Acknowledgement] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.am = MoodyAlertmanager("am", wall=lambda: self.wall)
        self.receivers = {"am": self.am, "pager": MoodyReceiver("pager")}
        self.store: SqlStore = open_store(self.path)
        self.state = PipelineState()
        self.notified: Notified | None = None
        self._known_until = self.now - timedelta(days=1)
        self._refreshed = False

    @property
    def wall(self) -> datetime:
        return self.now + self.offset

    def restart(self) -> None:
        """Forget all but what the store has."""
        self.store.close()
        self.store = open_store(self.path)
        self.state, self.notified = load(self.store.state()), None

    def run(self, wait: timedelta, *, dies: bool = False) -> None:
        """Take a turn after ``wait``; one that ``dies`` commits and sends nothing."""
        self.now += wait
        mutes = Mutes(tuple(self.silences.values()), dict(self.acknowledged))
        with self._scripted():
            turn = run_once(
                self.state,
                [],
                self.store,
                self.plan,
                self.policy,
                now=self.now,
                wall=self.wall,
                mutes=mutes,
                notified=self.notified,
            )
        self._known_until = self.now
        self.state, self.notified = turn.result.state, turn.notified
        self._refreshed = False
        if dies:
            self.restart()
            return
        try:
            self._deliver(turn.notified)
        except Crash:
            self.restart()

    def _deliver(self, notified: Notified) -> None:
        retries = RetryPolicy(give_up_after=timedelta(minutes=40))
        report = deliver(self.store, self.receivers, now=self.wall, policy=retries)
        self.notified = left = notified.without(report.dead)
        standing = standing_incidents(latest_incidents(self.state), left.incidents, now=self.now)
        self._refreshed = not refresh(self.store, self.receivers, standing, now=self.wall)

    @contextmanager
    def _scripted(self) -> Iterator[None]:
        def cycle(state: PipelineState, *_: object, now: datetime, **__: object) -> RunResult:
            new = [change for at, change in self.arrivals if self._known_until < at <= now]
            told = update_incidents(
                state.incidents, sorted(new, key=lambda c: c[:3]), Archive(), self.plan
            )
            after = replace(state, incidents=told.latest)
            return RunResult(after, (), (), told.incidents, told.alerts, told.decisions)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("detector.pipeline.run.cycle", cycle)
            yield

    def latest(self) -> list[Incident]:
        """Return the latest incident of each service of which there was something to tell."""
        return list(latest_incidents(self.state))

    def retry_dead_letters(self) -> None:
        """Somebody lets them be sent again from outside."""
        outbox = open_dead_letters(self.path)
        for dead in outbox.with_status(DeliveryStatus.DEAD):
            outbox.retry(dead.receiver, dead.alert.key, at=self.wall)
        outbox.close()

    def check(self) -> None:
        """Try the law on everything that was seen so far."""
        for receiver in self.receivers.values():
            check_last_word(receiver.seen)
        if self._refreshed:
            check_agreement(self)


def check_last_word(seen: Seen) -> None:
    """After an end nothing says otherwise, until the receiver was told that it began again."""
    ended: dict[str, bool] = {}
    for alert, how in seen.heard:
        one, over = alert.incident.id, alert.kind is AlertKind.RESOLVED
        if how is Heard.OFFERED:
            ended[one] = False
        elif over:
            assert one in ended, f"{alert.key}: an end of what was never told"
            ended[one] = True
        else:
            assert not ended.get(one), f"{alert.key} {how.value} after the end"
            ended[one] = False


def check_agreement(life: Life) -> None:
    """What Alertmanager takes to go on is what it was told, and not that it ended."""
    firing = life.am.world.firing(life.wall)
    told = life.am.seen.last
    for one, alert in told.items():
        if alert.kind is AlertKind.RESOLVED:
            assert not [f for f in firing if f[0] == one], f"{one} ended and still fires"
    for incident in life.latest():
        last = told.get(incident.id)
        if incident.id in life.am.unsure:
            continue
        if incident.is_open and last is not None and last.kind is not AlertKind.RESOLVED:
            severity = last.incident.severity.label
            found = {level for one, level in firing if one == incident.id}
            assert found == {severity}, f"{found} fire after {last.key}"
