"""What one receiver has heard of one incident, as the outbox remembers it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from detector.model.alert import (
    NO_NEW_FACTS,
    Alert,
    AlertKind,
    NewFacts,
)
from detector.model.decision import Reason
from detector.model.delivery import Delivery, DeliveryStatus
from detector.model.incident import Severity
from detector.notify.mute import Mute
from detector.notify.policy import NotificationTiming


@dataclass(frozen=True, slots=True)
class Heard:
    """What a receiver knows.

    Attributes
    ----------
    messages : how many messages were written for it, refused ones included.
    tried : the sequence of the last alert that was written for it.
    sequence : the sequence of the last alert that it took, or that is on its way; 0: none.
    at : when the last message was decided, refused or not.
    severity : the severity it knows of; None: it heard nothing.
    ended : whether it knows that the incident ended.
    echoes : services that it was told are echoes.
    """

    messages: int = 0
    tried: int = 0
    sequence: int = 0
    at: datetime | None = None
    severity: Severity | None = None
    ended: bool = False
    echoes: frozenset[str] = frozenset()

    @property
    def anything(self) -> bool:
        """Whether it has heard of the incident at all."""
        return self.severity is not None

    def refused(self, alert: Alert) -> bool:
        """Return whether it refused what ``alert`` says, so that saying it again is no use."""
        return self.tried >= alert.sequence > self.sequence

    def plus(self, alert: Alert, *, refused: bool = False) -> Heard:
        """Return what is known after ``alert``."""
        written = replace(self, messages=self.messages + 1, tried=alert.sequence, at=alert.at)
        if refused:
            return written
        return replace(
            written,
            sequence=alert.sequence,
            severity=alert.incident.severity,
            ended=alert.kind is AlertKind.RESOLVED,
            echoes=self.echoes | set(alert.new_facts.related),
        )


NOTHING = Heard()


def heard_of(deliveries: Iterable[Delivery]) -> Heard:
    """Return what the receiver of ``deliveries``, all about one incident, has heard.

    What it refused for good it has not heard; what is on its way it will have.
    """
    heard = NOTHING
    for delivery in sorted(deliveries, key=lambda d: d.alert.place):
        if isinstance(delivery.alert, Alert):
            refused = delivery.status is DeliveryStatus.DEAD
            heard = heard.plus(delivery.alert, refused=refused)
    return heard


# Whether one receiver is told of an incident now, and why: a pure decision.
#
# What there is to tell was decided before, the same for everybody (`detector.notify.news`).


@dataclass(frozen=True, slots=True)
class Case:
    """What there is to tell one receiver of one incident.

    Attributes
    ----------
    alert : the latest there is to tell of it, the incident as it stands.
    heard : what the receiver knows.
    fresh : whether the alert is of this very moment.
    barred : why it is not for this receiver (`NOT_ROUTED`, `BELOW_SEVERITY`), or too late
        for anybody (`TOO_OLD`, `NOT_OBSERVED`); None if it is.
    mute : why nobody is to be told now (`SILENCED`, `INHIBITED`, `MUTE_TIME`,
        `ACKNOWLEDGED`).
    fold : for one that likely echoes another: `GROUPED`, `EXCEEDS_ROOT` or `OUTLASTS_ROOT`.
    new_facts : whether something was learnt that the receiver was not told.
    echoes : whether services echo it of which the receiver was not told.
    flaps : whether it begins again and again.
    """

    alert: Alert
    heard: Heard
    fresh: bool = False
    barred: Reason | None = None
    mute: Reason | None = None
    fold: Reason | None = None
    new_facts: bool = False
    echoes: bool = False
    flaps: bool = False


def reason_to_notify(
    case: Case,
    *,
    now: datetime,
    repeat_every: timedelta | None = None,
    echo_wait: timedelta = timedelta(0),
    calm: timedelta = timedelta(0),
) -> Reason:
    """Return why the receiver of ``case`` is told at ``now``, or why not.

    A receiver that never heard of an incident is not told that it ended; one that did is told,
    however late. What is muted is told after the mute if it still goes on.

    Parameters
    ----------
    repeat_every : after so long without a message what goes on is told again; None: never.
    echo_wait : echoes are told this long after the last message at the earliest.
    calm : how long one that flaps must have stayed ended.
    """
    if case.heard.refused(case.alert):
        return Reason.REFUSED
    if not case.alert.incident.is_open:
        return _at_the_end(case, now, calm)
    if not case.heard.anything:
        return _at_the_beginning(case)
    return _in_its_course(case, now, repeat_every, echo_wait)


def _at_the_end(case: Case, now: datetime, calm: timedelta) -> Reason:
    if not case.heard.anything:
        return Reason.NEVER_NOTIFIED if case.fold is None else Reason.GROUPED
    if case.heard.ended:
        return Reason.NO_CHANGE
    if case.mute is not None and case.mute is not Reason.ACKNOWLEDGED:
        return case.mute
    resolved = case.alert.incident.resolved_at
    if case.flaps and resolved is not None and now - resolved < calm:
        return Reason.FLAPPING
    return Reason.RESOLVED


def _at_the_beginning(case: Case) -> Reason:
    if hindrance := case.barred or case.mute:
        return hindrance
    if case.fold is not None:
        return case.fold
    return Reason.OPENED if case.fresh else Reason.CAUGHT_UP


def _in_its_course(
    case: Case, now: datetime, repeat_every: timedelta | None, echo_wait: timedelta
) -> Reason:
    alert, heard = case.alert, case.heard
    late = case.barred in (Reason.TOO_OLD, Reason.NOT_OBSERVED)
    if hindrance := (case.barred if late else None) or case.mute:
        return hindrance
    if heard.ended:
        return Reason.REOPENED
    if heard.severity is not None and alert.incident.severity > heard.severity:
        return Reason.ESCALATED
    if case.new_facts and alert.sequence > heard.sequence:
        return Reason.UPDATED
    if case.flaps and alert.sequence > heard.sequence:
        return Reason.FLAPPING
    quiet_for = timedelta.max if heard.at is None else now - heard.at
    if case.echoes and quiet_for >= echo_wait:
        return Reason.RELATED
    if repeat_every is not None and quiet_for >= repeat_every:
        return Reason.REMINDER
    return Reason.NO_CHANGE


# The message that one receiver gets, and the parameters of the reason.


_ABOUT_A_ROOT = (Reason.GROUPED, Reason.EXCEEDS_ROOT, Reason.OUTLASTS_ROOT)


def news_since(alerts: Sequence[Alert], heard: Heard) -> NewFacts:
    """Return all the news that the receiver missed, as one."""
    missed = [
        alert.new_facts for alert in alerts if alert.sequence > heard.sequence and alert.new_facts
    ]

    def all_of(name: str) -> tuple[str, ...]:
        return tuple(sorted({value for news in missed for value in getattr(news, name)}))

    return (
        NewFacts(all_of("components"), all_of("regions"), all_of("sources"))
        if missed
        else NO_NEW_FACTS
    )


def message(case: Case, reason: Reason, news: NewFacts, at: datetime) -> Alert:
    """Return what the receiver is sent: the alert itself where it says just that.

    Everything else is a message of its own, with a key of its own that is the same whatever
    crashed in between: its number among those to this receiver.
    """
    if reason.kind is None:
        raise ValueError(f"{reason} sends nothing")
    if reason.kind is case.alert.kind and (case.fresh or reason is Reason.RESOLVED):
        return case.alert
    told = news if reason in (Reason.UPDATED, Reason.RELATED) else NO_NEW_FACTS
    number = case.heard.messages + 1
    return replace(case.alert, kind=reason.kind, at=at, new_facts=told, notice=number)


def params_of(
    reason: Reason, case: Case, *, mute: Mute | None, news: NewFacts, least: Severity
) -> Mapping[str, Any]:
    """Return the parameters of ``reason``.

    Parameters
    ----------
    mute : who or what wants quiet, None if nobody does.
    news : what was learnt that the receiver was not told.
    least : severity that the receiver asks for.
    """
    alert = case.alert
    if mute is not None and reason is mute.reason:
        return mute.params
    if reason in (Reason.UPDATED, Reason.RELATED):
        return news.params
    if reason in _ABOUT_A_ROOT and alert.attribution is not None:
        return alert.attribution.params
    if reason is Reason.ESCALATED:
        return {"severity": alert.incident.severity.label}
    return {"least": least.label} if reason is Reason.BELOW_SEVERITY else {}


# Flapping: an incident that ends and begins again, over and over.


def flaps(alerts: Iterable[Alert], habits: NotificationTiming, *, now: datetime) -> bool:
    """Return whether the incident that ``alerts`` are about began again too often of late."""
    again = [a for a in alerts if a.kind is AlertKind.REOPENED]
    return sum(now - a.at < habits.flap_window for a in again) >= habits.flaps
