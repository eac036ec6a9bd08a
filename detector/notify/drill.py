"""A drill: an alert that shows that a receiver is reached, and says that it is only that."""

from __future__ import annotations

from datetime import datetime, timedelta

from detector.model.alert import Alert, AlertKind
from detector.model.details import AuthorKind, Details, SampleComplaint
from detector.model.incident import Incident, Severity
from detector.model.surge import Onset

#: What receivers know all drills by, so that ``resolved`` ends what ``opened`` began.
DRILL = "receivers-test"
_WORDS = "This is a test of outage-detector; nothing is wrong. 这是一条测试消息，并无故障。"
_BEGAN_BEFORE = timedelta(minutes=5)


def drill(kind: AlertKind, at: datetime) -> Alert:
    """Return the drill of ``kind`` at ``at``: about a service "Test", of which nothing was counted.

    The incident is always the same; the message, and its deduplication key, is another one every
    second: who keeps keys must not take the second drill for a repeated first.

    Parameters
    ----------
    kind : ``OPENED`` or ``RESOLVED``.
    at : now, aware.
    """
    at = at.replace(microsecond=0)
    over = kind is AlertKind.RESOLVED
    began = at - _BEGAN_BEFORE
    incident = Incident(
        id=DRILL,
        service="Test",
        sources=("receivers test",),
        onset=Onset(began, began, began),
        noticed_at=at,
        ended_at=at if over else None,
        resolved_at=at if over else None,
        peak_at=began,
        peak_count=0.0,
        expected_at_peak=0.0,
        excess=0.0,
        severity=Severity.MINOR,
        evidence=0.0,
    )
    details = Details(
        written_by=AuthorKind.PEOPLE,
        posts=0,
        authors=0,
        linked=0.0,
        newcomers=None,
        facets=(),
        samples=(SampleComplaint(at, _WORDS),),
        words=(),
    )
    return Alert(kind, at, incident, 2 if over else 1, details, notice=int(at.timestamp()))
