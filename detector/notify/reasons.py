"""Why a receiver is notified of an incident, or is not."""

from __future__ import annotations

from enum import Enum

from detector.model.alert import (
    AlertKind,
)


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
