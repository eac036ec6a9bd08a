"""Which alerts there are about an incident, and why: pure decisions that return their reason.

The same for everybody and in every replay; who is notified, and when, is decided after
(`detector.notify.decide`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from detector.model.alert import NO_NEW_FACTS, Alert, AlertKind, Attribution, NewFacts
from detector.model.decision import Reason
from detector.model.details import AuthorKind, Details
from detector.model.incident import Incident, Severity

#: Of the complaints that name any component (or region).
LEAST_SHARE = 0.1


_FIRST = {
    AuthorKind.PEOPLE: Reason.OPENED,
    AuthorKind.PRESS: Reason.PRESS,
    AuthorKind.FEW_ACCOUNTS: Reason.FEW_ACCOUNTS,
}


@dataclass(frozen=True, slots=True)
class AlertHistory:
    """The alerts about an incident so far.

    Attributes
    ----------
    messages : how many messages.
    severity : the severity in the last one.
    ended : whether the last one was its end.
    at : when the last one was decided; None for what an earlier version left.
    updates : how many of them were updates.
    components, regions, sources : those that were named; in alphabetical order.
    attribution : its root incident, as the last one named it.
    """

    messages: int
    severity: Severity
    ended: bool = False
    at: datetime | None = None
    updates: int = 0
    components: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    attribution: Attribution | None = None

    def plus(self, alert: Alert, known: NewFacts) -> AlertHistory:
        """Return the history after ``alert``, which says all that is ``known``."""
        return replace(
            self,
            messages=alert.sequence,
            severity=alert.incident.severity,
            ended=not alert.incident.is_open,
            at=alert.at,
            updates=self.updates + (alert.kind is AlertKind.UPDATED),
            components=_both(self.components, known.components),
            regions=_both(self.regions, known.regions),
            sources=_both(self.sources, known.sources),
            attribution=alert.attribution,
        )

    def may_update(self, at: datetime, every: timedelta) -> bool:
        """Return whether an update may be sent at ``at``.

        The first update comes ``every`` after the last message at the earliest; each one after it
        waits twice as long as the one before, so that pages stay few however long it lasts.
        """
        return self.at is None or at - self.at >= every * 2 ** min(self.updates, 20)


def alert_reason(
    incident: Incident,
    history: AlertHistory | None,
    *,
    written_by: AuthorKind = AuthorKind.PEOPLE,
    new_facts: NewFacts = NO_NEW_FACTS,
    too_soon: bool = False,
) -> Reason:
    """Return why there should be an alert about ``incident`` now, or why not.

    Nobody is woken for what others than people write; once people join in, there is an alert. What
    was opened is followed to its end, whoever writes by then. ``new_facts`` that come ``too_soon``
    after the last message wait.
    """
    if history is None:
        return _FIRST[written_by] if incident.is_open else Reason.NEVER_NOTIFIED
    if not incident.is_open:
        return Reason.NO_CHANGE if history.ended else Reason.RESOLVED
    if history.ended:
        return Reason.REOPENED
    if incident.severity > history.severity:
        return Reason.ESCALATED
    if not new_facts:
        return Reason.NO_CHANGE
    return Reason.TOO_SOON if too_soon else Reason.UPDATED


def known_of(incident: Incident, details: Details | None) -> NewFacts:
    """Return all that a message about ``incident`` says, but for related incidents."""
    return NewFacts(
        components=() if details is None else details.distinctive("component")[0],
        regions=() if details is None else details.distinctive("region")[0],
        sources=incident.sources,
    )


def news_of(incident: Incident, details: Details | None, history: AlertHistory) -> NewFacts:
    """Return what is known of ``incident`` and was in no alert yet.

    A component or region is worth a message from a tenth of the complaints that name any on: there
    are dozens of them, and looked at often enough one of the small ones stands out by chance.
    """
    return NewFacts(
        components=_missing(_weighty(details, "component"), history.components),
        regions=_missing(_weighty(details, "region"), history.regions),
        sources=_missing(incident.sources, history.sources),
    )


def _weighty(details: Details | None, facet: str) -> tuple[str, ...]:
    if details is None:
        return ()
    hit = details.distinctive(facet)[0]
    return tuple(
        f.name
        for f in details.facets
        if f.facet == facet and f.name in hit and f.share >= LEAST_SHARE
    )


def _missing(known: tuple[str, ...], recorded: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(known) - set(recorded)))


def _both(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*one, *other}))
