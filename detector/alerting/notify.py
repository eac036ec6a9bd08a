"""Whether one receiver is told of an incident now, and why: a pure decision.

What there is to tell was decided before, the same for everybody (`detector.alerting.decide`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from detector.alerting.heard import Heard
from detector.domain.alert import Alert, AlertKind


class NoticeReason(Enum):
    """Why a receiver is told, or is not. The text is shown to people."""

    FIRST = "this receiver has not heard of it yet"
    CAUGHT_UP = "it goes on, and this receiver was not told before"
    OUTGREW = "it is more severe than the incident that it likely echoes"
    OUTLIVED = "it goes on although the incident that it likely echoes is over"
    WORSE = "it became more severe than this receiver knows"
    NEWS = "something new is known"
    ECHOES = "other services likely echo it"
    AGAIN = "it had ended and began again"
    REPEATED = "it still goes on, and this receiver wants to be reminded"
    ENDED = "it ended"

    NOTHING_NEW = "nothing new since the last message"
    NEVER_HEARD = "it ended, and this receiver had not heard of it"
    UNROUTED = "no route leads to this receiver"
    TOO_MILD = "it is less severe than this receiver asks for"
    TOO_OLD = "it was found too late to be of use"
    UNSEEN = "nobody has observed for long whether it goes on"
    REFUSED = "this receiver refused the message"
    SILENCED = "it is silenced"
    INHIBITED = "another incident mutes it"
    QUIET = "it is within quiet hours"
    IN_HAND = "somebody has it in hand"
    ECHO = "it is told as an echo of another incident"
    FLAPS = "it flaps; its end is told once it stays ended"

    @property
    def kind(self) -> AlertKind | None:
        """The kind of message that this reason sends, None if it sends none."""
        return _SENDS.get(self)


_SENDS = {
    NoticeReason.FIRST: AlertKind.OPENED,
    NoticeReason.CAUGHT_UP: AlertKind.OPENED,
    NoticeReason.OUTGREW: AlertKind.OPENED,
    NoticeReason.OUTLIVED: AlertKind.OPENED,
    NoticeReason.WORSE: AlertKind.ESCALATED,
    NoticeReason.NEWS: AlertKind.UPDATED,
    NoticeReason.ECHOES: AlertKind.UPDATED,
    NoticeReason.AGAIN: AlertKind.REOPENED,
    NoticeReason.REPEATED: AlertKind.REPEATED,
    NoticeReason.ENDED: AlertKind.RESOLVED,
}


@dataclass(frozen=True, slots=True)
class Case:
    """What there is to tell one receiver of one incident.

    Attributes
    ----------
    alert : the latest there is to tell of it, the incident as it stands.
    heard : what the receiver knows.
    fresh : whether the alert is of this very moment.
    barred : why it is not for this receiver (`UNROUTED`, `TOO_MILD`), or too late for anybody
        (`TOO_OLD`, `UNSEEN`); None if it is.
    mute : why nobody is to be told now (`SILENCED`, `INHIBITED`, `QUIET`, `IN_HAND`).
    fold : for one that likely echoes another: `ECHO`, `OUTGREW` or `OUTLIVED`.
    news : whether something was learnt that the receiver was not told.
    echoes : whether services echo it of which the receiver was not told.
    flaps : whether it begins again and again.
    """

    alert: Alert
    heard: Heard
    fresh: bool = False
    barred: NoticeReason | None = None
    mute: NoticeReason | None = None
    fold: NoticeReason | None = None
    news: bool = False
    echoes: bool = False
    flaps: bool = False


def reason_to_notify(
    case: Case,
    *,
    now: datetime,
    repeat_every: timedelta | None = None,
    echo_wait: timedelta = timedelta(0),
    calm: timedelta = timedelta(0),
) -> NoticeReason:
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
        return NoticeReason.REFUSED
    if not case.alert.incident.is_open:
        return _at_the_end(case, now, calm)
    if not case.heard.anything:
        return _at_the_beginning(case)
    return _in_its_course(case, now, repeat_every, echo_wait)


def _at_the_end(case: Case, now: datetime, calm: timedelta) -> NoticeReason:
    if not case.heard.anything:
        return NoticeReason.NEVER_HEARD if case.fold is None else NoticeReason.ECHO
    if case.heard.ended:
        return NoticeReason.NOTHING_NEW
    if case.mute is not None and case.mute is not NoticeReason.IN_HAND:
        return case.mute
    resolved = case.alert.incident.resolved_at
    if case.flaps and resolved is not None and now - resolved < calm:
        return NoticeReason.FLAPS
    return NoticeReason.ENDED


def _at_the_beginning(case: Case) -> NoticeReason:
    if hindrance := case.barred or case.mute:
        return hindrance
    if case.fold is not None:
        return case.fold
    return NoticeReason.FIRST if case.fresh else NoticeReason.CAUGHT_UP


def _in_its_course(
    case: Case, now: datetime, repeat_every: timedelta | None, echo_wait: timedelta
) -> NoticeReason:
    alert, heard = case.alert, case.heard
    late = case.barred in (NoticeReason.TOO_OLD, NoticeReason.UNSEEN)
    if hindrance := (case.barred if late else None) or case.mute:
        return hindrance
    if heard.ended:
        return NoticeReason.AGAIN
    if heard.severity is not None and alert.incident.severity > heard.severity:
        return NoticeReason.WORSE
    if case.news and alert.sequence > heard.sequence:
        return NoticeReason.NEWS
    if case.flaps and alert.sequence > heard.sequence:
        return NoticeReason.FLAPS
    quiet_for = timedelta.max if heard.at is None else now - heard.at
    if case.echoes and quiet_for >= echo_wait:
        return NoticeReason.ECHOES
    if repeat_every is not None and quiet_for >= repeat_every:
        return NoticeReason.REPEATED
    return NoticeReason.NOTHING_NEW
