"""Whether receivers are notified of incidents now, and why: stages, of which the first decides.

What there is to say was decided before, the same for everybody (`detector.notify.alerts`). Every
stage is a pure function that returns its decision, or None where it has nothing to say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from detector.model.alert import NO_NEW_FACTS, Alert, AlertKind, NewFacts
from detector.model.decision import Decision, Reason
from detector.model.delivery import Delivery, DeliveryStatus
from detector.model.incident import Severity
from detector.model.matcher import Labels
from detector.notify.group import exceeds_root, grouped, outlasts_root
from detector.notify.incident_records import IncidentRecord
from detector.notify.inhibit import inhibited
from detector.notify.mute import NO_MUTES, Mutes, acknowledged, mute_time, silenced
from detector.notify.notification import Notification, RootNotification
from detector.notify.notification_state import NOTHING, NotificationState
from detector.notify.policy import NotificationPolicy, NotificationTiming, ReceiverPolicy
from detector.notify.route import below_severity, labels_of, not_routed, route_matches

Stage = Callable[[Notification, NotificationState], Decision | None]


def refused(what: Notification, known: NotificationState) -> Decision | None:
    """Say nothing again that the receiver refused."""
    return what.decision(Reason.REFUSED) if known.refused(what.alert) else None


def over(what: Notification, known: NotificationState) -> Decision | None:
    """Send an end only to who knows of a beginning and not of the end."""
    if what.is_open:
        return None
    if not known.knows:
        return grouped(what, known) or what.decision(Reason.NEVER_NOTIFIED)
    return what.decision(Reason.NO_CHANGE) if known.ended else None


def too_old(what: Notification, _: NotificationState) -> Decision | None:
    """Send only the end of what was found too late."""
    late = what.fresh and what.is_long_ago(what.alert.at)
    return what.decision(Reason.TOO_OLD) if late and what.is_open else None


def not_observed(what: Notification, _: NotificationState) -> Decision | None:
    """Send only the end of what nobody observes any more."""
    gone = not what.fresh and what.is_unobserved
    return what.decision(Reason.NOT_OBSERVED) if gone and what.is_open else None


def begun(what: Notification, known: NotificationState) -> Decision | None:
    """Notify who does not know of it that it began."""
    if not what.is_open or known.knows:
        return None
    return what.decision(Reason.OPENED if what.fresh else Reason.CAUGHT_UP)


def changed(what: Notification, known: NotificationState) -> Decision | None:
    """Notify that it began again, became more severe, or that more is known."""
    if not what.is_open:
        return None
    if known.ended:
        return what.decision(Reason.REOPENED)
    severity = what.alert.incident.severity
    if known.severity is not None and severity > known.severity:
        return what.decision(Reason.ESCALATED, severity=severity.label)
    facts = facts_since(what.until_now, known)
    return what.decision(Reason.UPDATED, **facts.params) if facts else None


def flapping(what: Notification, known: NotificationState) -> Decision | None:
    """Let the end of what begins again and again wait until it stays ended."""
    timing = what.policy.timing
    if not flaps(what.until_now, timing, now=what.at):
        return None
    resolved = what.alert.incident.resolved_at
    if resolved is None:
        waits = what.alert.sequence > known.sequence
    else:
        waits = what.at - resolved < timing.calm
    return what.decision(Reason.FLAPPING) if waits else None


def ended(what: Notification, _: NotificationState) -> Decision | None:
    """Notify that it ended."""
    return None if what.is_open else what.decision(Reason.RESOLVED)


def due(what: Notification, known: NotificationState) -> Decision | None:
    """Notify, after a while, of related services together, or again of what is open."""
    since_last = timedelta.max if known.at is None else what.at - known.at
    if what.related and since_last >= what.policy.timing.related_wait:
        return what.decision(Reason.RELATED, **NewFacts(related=what.related).params)
    every = None if what.route is None else what.route.reminder_every
    if every is not None and since_last >= every:
        return what.decision(Reason.REMINDER)
    return None


STAGES: tuple[Stage, ...] = (
    refused,
    over,
    too_old,
    not_observed,
    not_routed,
    below_severity,
    silenced,
    inhibited,
    mute_time,
    acknowledged,
    outlasts_root,
    exceeds_root,
    grouped,
    begun,
    changed,
    flapping,
    ended,
    due,
)
"""In their order: the first that has a decision decides."""


def decide(what: Notification, known: NotificationState) -> Decision:
    """Return the decision about ``what`` for a receiver that knows what is ``known``.

    A receiver that knows nothing of an incident is not notified that it ended; one that does is,
    however late. What is muted is sent after the mute if it is still open.
    """
    decisions = (stage(what, known) for stage in STAGES)
    found = next((one for one in decisions if one is not None), None)
    return found or what.decision(Reason.NO_CHANGE)


def facts_since(alerts: Sequence[Alert], known: NotificationState) -> NewFacts:
    """Return all the new facts that the receiver missed, as one."""
    missed = [
        alert.new_facts for alert in alerts if alert.sequence > known.sequence and alert.new_facts
    ]

    def all_of(name: str) -> tuple[str, ...]:
        return tuple(sorted({value for facts in missed for value in getattr(facts, name)}))

    if not missed:
        return NO_NEW_FACTS
    return NewFacts(all_of("components"), all_of("regions"), all_of("sources"))


def flaps(alerts: Iterable[Alert], timing: NotificationTiming, *, now: datetime) -> bool:
    """Return whether the incident that ``alerts`` are about began again too often of late."""
    again = [a for a in alerts if a.kind is AlertKind.REOPENED]
    return sum(now - a.at < timing.flap_window for a in again) >= timing.flaps


def message(reason: Reason, what: Notification, known: NotificationState) -> Alert:
    """Return what the receiver is sent: the alert itself where it says just that.

    Everything else is a message of its own, with a key of its own that is the same whatever
    crashed in between: its number among those to this receiver.
    """
    if reason.kind is None:
        raise ValueError(f"{reason} sends nothing")
    if reason.kind is what.alert.kind and (what.fresh or reason is Reason.RESOLVED):
        return what.alert
    facts, number = _facts_sent(reason, what, known), known.messages + 1
    return replace(what.alert, kind=reason.kind, at=what.at, new_facts=facts, notice=number)


def _facts_sent(reason: Reason, what: Notification, known: NotificationState) -> NewFacts:
    if reason is Reason.UPDATED:
        return facts_since(what.until_now, known)
    return NewFacts(related=what.related) if reason is Reason.RELATED else NO_NEW_FACTS


@dataclass(frozen=True, slots=True)
class Decided:
    """What is to be sent, and why or why not. Reasons that did not change are left out.

    Attributes
    ----------
    deliveries, decisions : in the order in which they were decided.
    states : what receivers know afterwards, by incident and receiver.
    """

    deliveries: tuple[Delivery, ...]
    decisions: tuple[Decision, ...]
    states: Mapping[str, Mapping[str, NotificationState]]


def decide_all(
    records: Sequence[IncidentRecord],
    policy: NotificationPolicy,
    mutes: Mutes = NO_MUTES,
    *,
    now: datetime,
    wall: datetime,
) -> Decided:
    """Decide for every receiver and incident.

    First what is fresh, alert by alert in order of time; then, at ``now``, what may have become
    due without anything happening: a mute that ended, a reminder, an end that stayed.

    Parameters
    ----------
    records : of the incidents of which there may be something to say.
    now : time of the data; ``wall`` : time of the deliveries and of what people asked for.
    """
    run = _Run(policy, mutes, now, wall, {record.incident.id: record for record in records})
    fresh = [alert for record in records for alert in record.fresh]
    for alert in sorted(fresh, key=lambda a: (a.at, a.incident.id, a.sequence)):
        run.decide_about(alert, fresh=True)
    last = [replace(r.all_alerts[-1], incident=r.incident) for r in records if r.all_alerts]
    # Related incidents first: the alert of their root names them.
    for alert in sorted(last, key=lambda alert: alert.attribution is None):
        run.decide_about(alert, fresh=False)
    return Decided(tuple(run.deliveries), tuple(run.decisions), run.states)


@dataclass(slots=True, eq=False)
class _Run:
    """The incidents as they stand while one alert after the other is decided about.

    Attributes
    ----------
    latest : the last alert of each incident that was decided about.
    labels : of these incidents.
    related : ids of the incidents that have one as their root.
    grouped : services that were left to a root, by receiver and root.
    """

    policy: NotificationPolicy
    mutes: Mutes
    now: datetime
    wall: datetime
    records: Mapping[str, IncidentRecord]
    deliveries: list[Delivery] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    states: dict[str, dict[str, NotificationState]] = field(default_factory=dict)
    latest: dict[str, Alert] = field(default_factory=dict)
    labels: dict[str, Labels] = field(default_factory=dict)
    related: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    grouped: defaultdict[tuple[str, str], set[str]] = field(
        default_factory=lambda: defaultdict(set)
    )

    def __post_init__(self) -> None:
        for one, record in self.records.items():
            self.states[one] = dict(record.states)
            if record.alerts:
                self._stand(record.alerts[-1])
            if record.all_alerts and (root := record.all_alerts[-1].attribution) is not None:
                self.related[root.root_id].add(one)

    def decide_about(self, alert: Alert, *, fresh: bool) -> None:
        """Decide about ``alert`` for every receiver."""
        self._stand(alert)
        one = alert.incident.id
        for what in self._notifications(alert, fresh=fresh):
            known = self._known(what.receiver, one)
            decision = decide(what, known)
            if decision.reason is Reason.GROUPED and alert.attribution is not None and not fresh:
                root = (what.receiver.name, alert.attribution.root_id)
                self.grouped[root].add(alert.incident.service)
            self._record(decision, what, known)

    def _record(self, decision: Decision, what: Notification, known: NotificationState) -> None:
        reason, receiver = decision.reason, decision.receiver
        if reason.kind is not None:
            alert = message(reason, what, known)
            known = known.plus(alert)
            self.deliveries.append(
                Delivery(receiver, alert, DeliveryStatus.PENDING, attempts=0, due_at=self.wall)
            )
        elif reason is Reason.NO_CHANGE or decision.repeats(known.decided):
            return
        elif reason is Reason.NEVER_NOTIFIED and not what.fresh:
            return  # recorded when it ended
        self.states[decision.incident_id][receiver] = known.after(decision)
        self.decisions.append(decision)

    def _stand(self, alert: Alert) -> None:
        one = alert.incident.id
        self.latest[one] = alert
        self.labels[one] = labels_of(alert.incident, alert.details, self.policy.providers)

    def _known(self, receiver: ReceiverPolicy, one: str) -> NotificationState:
        return self.states.get(one, {}).get(receiver.name, NOTHING)

    def _notifications(self, alert: Alert, *, fresh: bool) -> Iterable[Notification]:
        """Yield ``alert`` addressed to each receiver."""
        one, root = alert.incident.id, None
        record, labels = self.records[one], self.labels[one]
        routed = route_matches(self.policy.routes, self.policy.receivers, labels)
        if alert.attribution is not None:
            root = self.latest.get(alert.attribution.root_id)
        roots = {} if root is None else self._roots(root)
        open_labels = self._open_labels()
        for receiver in self.policy.receivers:
            related = self.grouped.get((receiver.name, one), set())
            yield Notification(
                alert,
                receiver,
                self.policy,
                routed.get(receiver.name),
                labels,
                self.now,
                self.wall,
                fresh=fresh,
                alerts=record.all_alerts,
                observed_until=record.observed_until,
                open_labels=open_labels,
                silences=self.mutes.silences,
                acknowledgement=self.mutes.acknowledgements.get(one),
                root=roots.get(receiver.name),
                related=tuple(sorted(related - self._known(receiver, one).related)),
            )

    def _roots(self, alert: Alert) -> Mapping[str, RootNotification]:
        """Return by receiver how it stands to the root that ``alert`` is about."""
        return {
            what.receiver.name: RootNotification(
                what,
                self._known(what.receiver, alert.incident.id),
                self._worst_known(what.receiver, alert),
            )
            for what in self._notifications(replace(alert, attribution=None), fresh=False)
        }

    def _worst_known(self, receiver: ReceiverPolicy, root: Alert) -> Severity:
        known = [self._known(receiver, one).severity for one in self.related[root.incident.id]]
        return max([root.incident.severity, *(s for s in known if s is not None)])

    def _open_labels(self) -> Sequence[Labels]:
        if not self.policy.inhibitions:
            return ()
        return [self.labels[one] for one, a in self.latest.items() if a.incident.is_open]
