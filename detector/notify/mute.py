"""Muting: silences, mute time intervals and acknowledgements, which hold messages back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from detector.model.alert import Alert, AlertKind
from detector.model.decision import Decision, Reason
from detector.model.incident import Severity
from detector.model.matcher import Labels
from detector.model.silence import Acknowledgement, Silence
from detector.model.times import iso
from detector.notify.mute_times import MuteTimeInterval
from detector.notify.notification import Notification
from detector.notify.notification_state import NotificationState


@dataclass(frozen=True, slots=True)
class Mutes:
    """What people asked for: their silences, and their acknowledgements by incident."""

    silences: Sequence[Silence] = ()
    acknowledgements: Mapping[str, Acknowledgement] = field(default_factory=dict)


NO_MUTES = Mutes()


def silenced(what: Notification, _: NotificationState) -> Decision | None:
    """Let wait what somebody silenced, ends too."""
    silence = acting_silence(what.silences, what.labels, at=what.wall)
    if silence is None:
        return None
    return what.decision(
        Reason.SILENCED,
        author=silence.author,
        comment=silence.comment,
        until=iso(silence.ends_at),
    )


def mute_time(what: Notification, _: NotificationState) -> Decision | None:
    """Let wait what comes in a mute time interval of the receiver or of its route."""
    of_route = () if what.route is None else what.route.mute_time_intervals
    names = (*what.receiver.mute_time_intervals, *of_route)
    intervals = [what.policy.mute_time_intervals[name] for name in names]
    interval = acting_interval(intervals, what.labels, at=what.now)
    if interval is None:
        return None
    until = interval.until(what.now) or what.now
    return what.decision(Reason.MUTE_TIME, interval=interval.name, until=iso(until))


def acknowledged(what: Notification, _: NotificationState) -> Decision | None:
    """Send nothing but the end of what somebody acknowledged."""
    given = what.acknowledgement
    if given is None or not what.is_open:
        return None
    if not holds(given, what.alerts, what.alert.incident.severity):
        return None
    return what.decision(Reason.ACKNOWLEDGED, author=given.author, comment=given.comment)


def acting_silence(silences: Iterable[Silence], labels: Labels, *, at: datetime) -> Silence | None:
    """Return the silence that acts at ``at`` (wall clock) and ends last."""
    acting = [silence for silence in silences if silence.mutes(labels, at)]
    return max(acting, key=lambda s: (s.ends_at, s.id), default=None)


def acting_interval(
    intervals: Iterable[MuteTimeInterval], labels: Labels, *, at: datetime
) -> MuteTimeInterval | None:
    """Return the first of the intervals that acts at ``at``."""
    return next((one for one in intervals if one.mutes(labels, at)), None)


def holds(given: Acknowledgement, alerts: Iterable[Alert], now: Severity) -> bool:
    """Return whether the acknowledgement holds: until the incident ends or grows worse than then.

    Parameters
    ----------
    given : the last acknowledgement of the incident.
    alerts : what there was to say of it: an end after the acknowledgement re-arms, and so does one
        that lay before it and was not known yet when somebody acknowledged an open incident.
    now : its severity.
    """
    if now > given.severity:
        return False
    ordered = sorted(alerts, key=lambda alert: alert.sequence)
    before = [alert for alert in ordered if alert.at <= given.at]
    return not any(a.kind is AlertKind.RESOLVED for a in (*before[-1:], *ordered[len(before) :]))
