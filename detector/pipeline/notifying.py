"""Who is told of what in one turn: a pure function of what is on record and what people wish.

An alert says what there is to tell; here it is routed, muted, deduplicated and addressed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from detector.model.alert import Alert
from detector.model.decision import Decision, Reason
from detector.model.delivery import Delivery, DeliveryStatus
from detector.model.incident import Incident, Severity
from detector.model.matcher import Labels
from detector.notify.decide import Notification, decide, facts_since, flaps, message
from detector.notify.mute import Mute, Wishes, in_hand, inhibited, silenced, within_quiet_hours
from detector.notify.policy import NotificationPolicy
from detector.notify.route import ReceiverPolicy, Way, labels_of, ways
from detector.notify.state import NOTHING, NotificationState
from detector.pipeline.shelf import Dossier


@dataclass(frozen=True, slots=True)
class Notified:
    """What is to be sent, and why or why not. Reasons that did not change are left out."""

    deliveries: tuple[Delivery, ...]
    decisions: tuple[Decision, ...]


def notify(
    dossiers: Sequence[Dossier],
    audience: NotificationPolicy,
    wishes: Wishes,
    *,
    now: datetime,
    wall: datetime,
) -> Notified:
    """Decide for every receiver and incident.

    First what is fresh, alert by alert in order of time; then, at ``now``, what may have become
    due without anything happening: a mute that ended, a reminder, an end that stayed.

    Parameters
    ----------
    dossiers : what is on record of the incidents that may have something to tell.
    now : time of the data; ``wall`` : time of the deliveries and of what people at the desk say.
    """
    desk = _Desk(dossiers, audience, wishes, now, wall)
    fresh = [(alert, dossier) for dossier in dossiers for alert in dossier.fresh]
    for alert, dossier in sorted(fresh, key=lambda f: (f[0].at, f[0].incident.id, f[0].sequence)):
        desk.take(dossier, alert, fresh=True)
    told = [d for d in dossiers if d.alerts or d.fresh]
    # Echoes first: their origin tells of them.
    for dossier in sorted(told, key=lambda d: _latest(d).attribution is None):
        alert = replace(_latest(dossier), incident=dossier.incident)
        desk.take(dossier, alert, fresh=False)
    return Notified(tuple(desk.deliveries), tuple(desk.decisions))


@dataclass(slots=True, eq=False)
class _Desk:
    """The decisions of one turn, one after the other."""

    dossiers: Sequence[Dossier]
    audience: NotificationPolicy
    wishes: Wishes
    now: datetime
    wall: datetime
    deliveries: list[Delivery] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    states: dict[tuple[str, str], NotificationState] = field(default_factory=dict)
    standing: dict[str, Incident] = field(default_factory=dict)
    labels: dict[str, Labels] = field(default_factory=dict)
    folded: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    unseen: set[str] = field(default_factory=set)
    kin: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        for dossier in self.dossiers:
            one = dossier.incident.id
            self.states |= {(name, one): known for name, known in dossier.states.items()}
            if dossier.alerts:
                self._stand(dossier.alerts[-1])
            if self._is_long_ago(dossier.observed_until):
                self.unseen.add(one)
            told = (*dossier.alerts, *dossier.fresh)
            if told and told[-1].attribution is not None:
                self.kin[told[-1].attribution.root_id].add(one)

    def take(self, dossier: Dossier, alert: Alert, *, fresh: bool) -> None:
        """Decide about ``alert`` for everybody."""
        self._stand(alert)
        labels = self.labels[alert.incident.id]
        led = ways(self.audience.routes, self.audience.receivers, labels)
        general = self._general_mute(labels)
        for receiver in self.audience.receivers:
            way = led.get(receiver.name)
            mute = general or self._quiet(receiver, way, labels) or self._in_hand(dossier, alert)
            self._decide(receiver, dossier, alert, way, mute, fresh=fresh)

    def _decide(
        self,
        receiver: ReceiverPolicy,
        dossier: Dossier,
        alert: Alert,
        way: Way | None,
        mute: Mute | None,
        *,
        fresh: bool,
    ) -> None:
        key = (receiver.name, alert.incident.id)
        known = self.states.get(key, NOTHING)
        at = alert.at if fresh else self.now
        alerts = _until(dossier, alert) if fresh else (*dossier.alerts, *dossier.fresh)
        habits = self.audience.habits
        what = Notification(
            alert=alert,
            receiver=receiver.name,
            at=at,
            fresh=fresh,
            barred=self._barred(receiver, dossier, alert, way, fresh=fresh),
            mute=mute,
            fold=self._fold(receiver, alert, at),
            new_facts=facts_since(alerts, known),
            related=tuple(sorted(self.folded.get(key, set()) - known.related)),
            flaps=flaps(alerts, habits, now=at),
            least=receiver.least,
            reminder_every=None if way is None else way.repeat_every,
            timing=habits,
        )
        decision = decide(what, known)
        if decision.reason is Reason.GROUPED and alert.attribution is not None and not fresh:
            root = (receiver.name, alert.attribution.root_id)
            self.folded.setdefault(root, set()).add(alert.incident.service)
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
            return  # said when it ended
        self.states[receiver, decision.incident_id] = known.after(decision)
        self.decisions.append(decision)

    def _stand(self, alert: Alert) -> None:
        incident = alert.incident
        self.standing[incident.id] = incident
        self.labels[incident.id] = labels_of(incident, alert.details, self.audience.providers)

    def _general_mute(self, labels: Labels) -> Mute | None:
        open_ones = (self.labels[i.id] for i in self.standing.values() if i.is_open)
        return silenced(self.wishes.silences, labels, at=self.wall) or inhibited(
            self.audience.inhibitions, labels, open_ones
        )

    def _quiet(self, receiver: ReceiverPolicy, way: Way | None, labels: Labels) -> Mute | None:
        names = (*receiver.quiet, *(() if way is None else way.quiet))
        return within_quiet_hours(self.audience.windows, names, labels, at=self.now)

    def _in_hand(self, dossier: Dossier, alert: Alert) -> Mute | None:
        said = self.wishes.in_hand.get(alert.incident.id)
        told = (*dossier.alerts, *dossier.fresh)
        return in_hand(said, told, alert.incident.severity)

    def _barred(
        self,
        receiver: ReceiverPolicy,
        dossier: Dossier,
        alert: Alert,
        way: Way | None,
        *,
        fresh: bool,
    ) -> Reason | None:
        if self._is_long_ago(alert.at if fresh else dossier.observed_until):
            return Reason.TOO_OLD if fresh else Reason.NOT_OBSERVED
        if way is None:
            return Reason.NOT_ROUTED
        return Reason.BELOW_SEVERITY if alert.incident.severity < receiver.least else None

    def _is_long_ago(self, seen: datetime | None) -> bool:
        return seen is not None and self.now - seen > self.audience.habits.max_age

    def _fold(self, receiver: ReceiverPolicy, alert: Alert, at: datetime) -> Reason | None:
        """Return how one that likely echoes another stands to it, as far as the receiver heard."""
        if alert.attribution is None:
            return None
        origin = self.standing.get(alert.attribution.root_id)
        if origin is None or not self.states.get((receiver.name, origin.id), NOTHING).knows:
            return None
        if origin.resolved_at is not None:
            late = at - origin.resolved_at >= self.audience.habits.echo_grace
            return Reason.OUTLASTS_ROOT if late else Reason.GROUPED
        if self._is_muted(receiver, origin):
            return None
        # All of a storm grow worse within minutes; the origin is given time to be no exception.
        waited = at - alert.at >= self.audience.habits.echo_wait
        worse = alert.incident.severity > self._worst_heard(receiver, origin)
        return Reason.EXCEEDS_ROOT if worse and waited else Reason.GROUPED

    def _worst_heard(self, receiver: ReceiverPolicy, origin: Incident) -> Severity:
        """Return how severe the receiver knows ``origin`` to be, or an echo of it.

        So of a storm whose origin stays mild one echo is told by itself, not each.
        """
        of_it = [self.states.get((receiver.name, one), NOTHING) for one in self.kin[origin.id]]
        known = [h.severity for h in of_it if h.severity is not None]
        return max([origin.severity, *known])

    def _is_muted(self, receiver: ReceiverPolicy, origin: Incident) -> bool:
        """Whether nothing can be told of ``origin`` now, so that echoes are told by themselves.

        What is in hand counts as told: somebody looks after it.
        """
        labels = self.labels[origin.id]
        way = ways(self.audience.routes, self.audience.receivers, labels).get(receiver.name)
        muted = self._general_mute(labels) or self._quiet(receiver, way, labels)
        return muted is not None or origin.id in self.unseen


def _latest(dossier: Dossier) -> Alert:
    return (*dossier.alerts, *dossier.fresh)[-1]


def _until(dossier: Dossier, alert: Alert) -> tuple[Alert, ...]:
    """Return what there was to tell up to ``alert``, a fresh one."""
    return (*dossier.alerts, *(a for a in dossier.fresh if a.sequence <= alert.sequence))
