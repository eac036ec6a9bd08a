"""Whether people are told, and why: pure decisions that return their reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from detector.domain.alert import AlertKind
from detector.domain.details import Speakers
from detector.domain.incident import Incident, Severity


class Reason(Enum):
    """Why an alert is sent, or is not. The text is shown to people."""

    FIRST = "nobody was told of it yet"
    WORSE = "it became more severe than was told"
    ENDED = "it ended"
    AGAIN = "it had ended and began again"
    NOTHING_NEW = "nothing new since the last message"
    NEVER_TOLD = "it ended and nobody had been told that it began"
    PRESS = "the press reports, people do not complain"
    BRIGADE = "a handful of accounts writes it all"

    @property
    def kind(self) -> AlertKind | None:
        """The kind of alert this reason sends, None if it sends none."""
        return _SENDS.get(self)


_SENDS = {
    Reason.FIRST: AlertKind.OPENED,
    Reason.WORSE: AlertKind.ESCALATED,
    Reason.AGAIN: AlertKind.REOPENED,
    Reason.ENDED: AlertKind.RESOLVED,
}

_UNTOLD = {
    Speakers.PEOPLE: Reason.FIRST,
    Speakers.PRESS: Reason.PRESS,
    Speakers.BRIGADE: Reason.BRIGADE,
}


@dataclass(frozen=True, slots=True)
class Told:
    """What people were last told about an incident.

    Attributes
    ----------
    messages : how many messages they got.
    severity : the severity they know of.
    ended : whether they were told that it ended.
    """

    messages: int
    severity: Severity
    ended: bool = False


def reason_to_tell(
    incident: Incident, told: Told | None, *, speakers: Speakers = Speakers.PEOPLE
) -> Reason:
    """Return why ``incident`` should be told now, or why not.

    Nobody is woken for what ``speakers`` other than people write; once people join in, it is
    told. What was told is told to its end, whoever speaks by then.
    """
    if told is None:
        return _UNTOLD[speakers] if incident.is_open else Reason.NEVER_TOLD
    if not incident.is_open:
        return Reason.NOTHING_NEW if told.ended else Reason.ENDED
    if told.ended:
        return Reason.AGAIN
    return Reason.WORSE if incident.severity > told.severity else Reason.NOTHING_NEW
