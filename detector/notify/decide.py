"""Whether one receiver is notified of an incident now, and why: stages, of which the first decides.

What there is to say was decided before, the same for everybody (`detector.notify.news`). Every
stage is a pure function that returns its reason, or None where it has nothing to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from detector.model.alert import NO_NEW_FACTS, Alert, AlertKind, NewFacts
from detector.model.decision import Decision, Reason
from detector.model.incident import Severity
from detector.notify.mute import Mute
from detector.notify.policy import NotificationTiming
from detector.notify.state import NotificationState


@dataclass(frozen=True, slots=True)
class Notification:
    """An alert addressed to one receiver, with the facts that the stages need.

    Attributes
    ----------
    alert : the latest there is to say, the incident as it stands.
    receiver : its name.
    at : now; for what is fresh, when that was decided.
    fresh : whether the alert is of this very moment.
    barred : why it is not for this receiver (`NOT_ROUTED`, `BELOW_SEVERITY`), or too late
        for anybody (`TOO_OLD`, `NOT_OBSERVED`); None if it is.
    mute : who or what wants quiet now.
    fold : for one that probably comes from a root: `GROUPED`, `EXCEEDS_ROOT` or `OUTLASTS_ROOT`.
    new_facts : what was learnt that the receiver was not told.
    related : services that have it as their root, of which the receiver was not told.
    flaps : whether it begins again and again.
    least : the severity that the receiver asks for.
    reminder_every : after so long without a message it is reminded; None: never.
    timing : how often people are told.
    """

    alert: Alert
    receiver: str
    at: datetime
    fresh: bool = False
    barred: Reason | None = None
    mute: Mute | None = None
    fold: Reason | None = None
    new_facts: NewFacts = NO_NEW_FACTS
    related: tuple[str, ...] = ()
    flaps: bool = False
    least: Severity = Severity.MINOR
    reminder_every: timedelta | None = None
    timing: NotificationTiming = field(default_factory=NotificationTiming)

    @property
    def is_open(self) -> bool:
        """Whether the incident goes on."""
        return self.alert.incident.is_open


Stage = Callable[[Notification, NotificationState], Reason | None]


def refused(what: Notification, known: NotificationState) -> Reason | None:
    """Say nothing again that the receiver refused."""
    return Reason.REFUSED if known.refused(what.alert) else None


def over(what: Notification, known: NotificationState) -> Reason | None:
    """Tell of an end only who knows of a beginning and not of the end."""
    if what.is_open:
        return None
    if not known.knows:
        return Reason.NEVER_NOTIFIED if what.fold is None else Reason.GROUPED
    return Reason.NO_CHANGE if known.ended else None


def not_routed(what: Notification, known: NotificationState) -> Reason | None:
    """Begin nothing that is not for this receiver; what it knows of goes on to the end."""
    ours = what.barred in (Reason.NOT_ROUTED, Reason.BELOW_SEVERITY)
    return what.barred if ours and what.is_open and not known.knows else None


def too_late(what: Notification, _: NotificationState) -> Reason | None:
    """Tell only the end of what was found too late, or is not observed any more."""
    late = what.barred in (Reason.TOO_OLD, Reason.NOT_OBSERVED)
    return what.barred if late and what.is_open else None


def muted(what: Notification, _: NotificationState) -> Reason | None:
    """Let wait what is muted; that an acknowledged incident ended is told all the same."""
    if what.mute is None or (what.mute.reason is Reason.ACKNOWLEDGED and not what.is_open):
        return None
    return what.mute.reason


def grouped(what: Notification, known: NotificationState) -> Reason | None:
    """Leave to the root, if the receiver knows of it, what probably comes from it."""
    return what.fold if what.is_open and not known.knows else None


def begun(what: Notification, known: NotificationState) -> Reason | None:
    """Tell who does not know of it that it began."""
    if not what.is_open or known.knows:
        return None
    return Reason.OPENED if what.fresh else Reason.CAUGHT_UP


def changed(what: Notification, known: NotificationState) -> Reason | None:
    """Tell that it began again, became more severe, or that more is known."""
    if not what.is_open:
        return None
    if known.ended:
        return Reason.REOPENED
    if known.severity is not None and what.alert.incident.severity > known.severity:
        return Reason.ESCALATED
    is_news = what.new_facts and what.alert.sequence > known.sequence
    return Reason.UPDATED if is_news else None


def flapping(what: Notification, known: NotificationState) -> Reason | None:
    """Let the end of what begins again and again wait until it stays ended."""
    if not what.flaps:
        return None
    resolved = what.alert.incident.resolved_at
    if resolved is not None:
        return Reason.FLAPPING if what.at - resolved < what.timing.calm else None
    return Reason.FLAPPING if what.alert.sequence > known.sequence else None


def ended(what: Notification, _: NotificationState) -> Reason | None:
    """Tell that it ended."""
    return None if what.is_open else Reason.RESOLVED


def due(what: Notification, known: NotificationState) -> Reason | None:
    """Tell, after a while, of related services together, or again of what goes on."""
    quiet_for = timedelta.max if known.at is None else what.at - known.at
    if what.related and quiet_for >= what.timing.echo_wait:
        return Reason.RELATED
    if what.reminder_every is not None and quiet_for >= what.reminder_every:
        return Reason.REMINDER
    return None


STAGES: tuple[Stage, ...] = (
    refused,
    over,
    not_routed,
    too_late,
    muted,
    grouped,
    begun,
    changed,
    flapping,
    ended,
    due,
)
"""In their order: the first that has a reason decides."""


def reason_to_notify(what: Notification, known: NotificationState) -> Reason:
    """Return why the receiver is notified, or why not: the reason of the first stage that has one.

    A receiver that knows nothing of an incident is not told that it ended; one that does is told,
    however late. What is muted is told after the mute if it still goes on.
    """
    reasons = (stage(what, known) for stage in STAGES)
    return next((reason for reason in reasons if reason is not None), Reason.NO_CHANGE)


def decide(what: Notification, known: NotificationState) -> Decision:
    """Return the decision about ``what`` for a receiver that knows what is ``known``."""
    reason = reason_to_notify(what, known)
    one = what.alert.incident.id
    return Decision(one, what.at, reason, params_of(reason, what), reason.kind, what.receiver)


# The message that one receiver gets, and the parameters of the reason.


_ABOUT_A_ROOT = (Reason.GROUPED, Reason.EXCEEDS_ROOT, Reason.OUTLASTS_ROOT)


def facts_since(alerts: Sequence[Alert], known: NotificationState) -> NewFacts:
    """Return all the new facts that the receiver missed, as one."""
    missed = [
        alert.new_facts for alert in alerts if alert.sequence > known.sequence and alert.new_facts
    ]

    def all_of(name: str) -> tuple[str, ...]:
        return tuple(sorted({value for facts in missed for value in getattr(facts, name)}))

    return (
        NewFacts(all_of("components"), all_of("regions"), all_of("sources"))
        if missed
        else NO_NEW_FACTS
    )


def facts_told(reason: Reason, what: Notification) -> NewFacts:
    """Return the new facts that a message for ``reason`` tells."""
    if reason is Reason.UPDATED:
        return what.new_facts
    return NewFacts(related=what.related) if reason is Reason.RELATED else NO_NEW_FACTS


def message(reason: Reason, what: Notification, known: NotificationState) -> Alert:
    """Return what the receiver is sent: the alert itself where it says just that.

    Everything else is a message of its own, with a key of its own that is the same whatever
    crashed in between: its number among those to this receiver.
    """
    if reason.kind is None:
        raise ValueError(f"{reason} sends nothing")
    if reason.kind is what.alert.kind and (what.fresh or reason is Reason.RESOLVED):
        return what.alert
    told, number = facts_told(reason, what), known.messages + 1
    return replace(what.alert, kind=reason.kind, at=what.at, new_facts=told, notice=number)


def params_of(reason: Reason, what: Notification) -> Mapping[str, Any]:
    """Return the parameters of ``reason``."""
    if what.mute is not None and reason is what.mute.reason:
        return what.mute.params
    if reason in (Reason.UPDATED, Reason.RELATED):
        return facts_told(reason, what).params
    if reason in _ABOUT_A_ROOT and what.alert.attribution is not None:
        return what.alert.attribution.params
    if reason is Reason.ESCALATED:
        return {"severity": what.alert.incident.severity.label}
    return {"least": what.least.label} if reason is Reason.BELOW_SEVERITY else {}


# Flapping: an incident that ends and begins again, over and over.


def flaps(alerts: Iterable[Alert], habits: NotificationTiming, *, now: datetime) -> bool:
    """Return whether the incident that ``alerts`` are about began again too often of late."""
    again = [a for a in alerts if a.kind is AlertKind.REOPENED]
    return sum(now - a.at < habits.flap_window for a in again) >= habits.flaps
