"""A notification: an alert addressed to one receiver, with all the facts that decide about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from detector.model.alert import Alert
from detector.model.decision import Decision, Reason
from detector.model.incident import Severity
from detector.model.matcher import Labels
from detector.model.silence import Acknowledgement, Silence
from detector.notify.notification_state import NotificationState
from detector.notify.policy import NotificationPolicy, ReceiverPolicy, RouteMatch


@dataclass(frozen=True, slots=True)
class Notification:
    """An alert addressed to one receiver.

    Attributes
    ----------
    alert : the latest there is to say, the incident as it stands.
    receiver : to whom.
    policy : of all receivers.
    route : how the incident reaches the receiver; None: it does not.
    labels : of the incident.
    now, wall : time of the data, and of the clock on the wall.
    fresh : whether the alert is of this very run.
    alerts : all there was to say of the incident, in order.
    observed_until : up to when a source that shows it was observed; None if that is not known.
    open_labels : labels of every open incident, where there are rules of inhibition.
    silences : those that people made.
    acknowledgement : the last one of the incident.
    root : what the incident probably comes from; None: nothing, or nothing that is known.
    related : services that have it as their root, of which the receiver was not notified.
    """

    alert: Alert
    receiver: ReceiverPolicy
    policy: NotificationPolicy
    route: RouteMatch | None
    labels: Labels
    now: datetime
    wall: datetime
    fresh: bool = False
    alerts: Sequence[Alert] = ()
    observed_until: datetime | None = None
    open_labels: Sequence[Labels] = ()
    silences: Sequence[Silence] = ()
    acknowledgement: Acknowledgement | None = None
    root: RootNotification | None = None
    related: tuple[str, ...] = ()

    @property
    def at(self) -> datetime:
        """Now; of what is fresh, when that was decided."""
        return self.alert.at if self.fresh else self.now

    @property
    def is_open(self) -> bool:
        """Whether the incident is open."""
        return self.alert.incident.is_open

    @property
    def until_now(self) -> Sequence[Alert]:
        """What there was to say up to the alert, and the alert."""
        return [alert for alert in self.alerts if alert.sequence <= self.alert.sequence]

    @property
    def is_unobserved(self) -> bool:
        """Whether nobody has observed the incident for long."""
        return self.is_long_ago(self.observed_until)

    def is_long_ago(self, at: datetime | None) -> bool:
        """Return whether ``at`` is too long ago to notify anybody of what was then."""
        return at is not None and self.now - at > self.policy.timing.max_age

    def decision(self, reason: Reason, **params: Any) -> Decision:
        """Return the decision for ``reason`` about this notification."""
        one = self.alert.incident.id
        return Decision(one, self.at, reason, params, reason.kind, self.receiver.name)


@dataclass(frozen=True, slots=True)
class RootNotification:
    """What a receiver may be notified of about the root of an incident.

    Attributes
    ----------
    what : the last alert of the root, for the same receiver.
    known : what the receiver knows of it.
    severity : the worst that the receiver knows of it, or of any incident related to it.
    """

    what: Notification
    known: NotificationState
    severity: Severity
