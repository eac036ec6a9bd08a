"""Muting: whether anybody or anything wants quiet about an incident now, and who."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from detector.model.alert import Alert, AlertKind
from detector.model.decision import Reason
from detector.model.incident import Severity
from detector.model.matcher import Labels
from detector.model.silence import Acknowledgement, Silence
from detector.model.times import iso
from detector.notify.inhibit import Inhibition, inhibitor
from detector.notify.mute_times import MuteTimeInterval


@dataclass(frozen=True, slots=True)
class Mute:
    """Quiet about one incident: the reason, and who wants it, as parameters of a decision."""

    reason: Reason
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What people said at the desk: their silences, and what is in hand, by incident."""

    silences: Sequence[Silence] = ()
    in_hand: Mapping[str, Acknowledgement] = field(default_factory=dict)


NO_WISHES = Wishes()


def silenced(silences: Iterable[Silence], labels: Labels, *, at: datetime) -> Mute | None:
    """Return the silence that acts at ``at`` (wall clock) and ends last."""
    acting = [silence for silence in silences if silence.mutes(labels, at)]
    if not acting:
        return None
    last = max(acting, key=lambda s: (s.ends_at, s.id))
    until = {"until": iso(last.ends_at)}
    return Mute(Reason.SILENCED, _who_and_why(last.author, last.comment) | until)


def inhibited(
    rules: Sequence[Inhibition], labels: Labels, open_ones: Iterable[Labels]
) -> Mute | None:
    """Return the inhibition by the first of ``open_ones`` that mutes ``labels``."""
    by = inhibitor(rules, labels, open_ones)
    return None if by is None else Mute(Reason.INHIBITED, {"by": by})


def within_quiet_hours(
    windows: Mapping[str, MuteTimeInterval], names: Iterable[str], labels: Labels, *, at: datetime
) -> Mute | None:
    """Return the first of the windows called ``names`` that acts at ``at``."""
    for name in names:
        window = windows[name]
        if window.mutes(labels, at):
            until = window.until(at) or at
            return Mute(Reason.MUTE_TIME, {"interval": name, "until": iso(until)})
    return None


def in_hand(said: Acknowledgement | None, alerts: Iterable[Alert], now: Severity) -> Mute | None:
    """Return the acknowledgement while it holds: until the incident ends or grows worse than then.

    Parameters
    ----------
    said : the last acknowledgement of the incident.
    alerts : what there was to tell of it: an end after the acknowledgement re-arms, and so does one
        that lay before it and was not known yet when somebody took an open incident in hand.
    now : its severity.
    """
    if said is None or now > said.severity:
        return None
    told = sorted(alerts, key=lambda alert: alert.sequence)
    before = [alert for alert in told if alert.at <= said.at]
    if any(alert.kind is AlertKind.RESOLVED for alert in (*before[-1:], *told[len(before) :])):
        return None
    return Mute(Reason.ACKNOWLEDGED, _who_and_why(said.author, said.comment))


def _who_and_why(author: str, comment: str) -> dict[str, Any]:
    return {"author": author, "comment": comment}
