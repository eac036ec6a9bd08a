"""What other settings would have changed: who would have been told of what, two replays compared.

The clock of a rehearsal only ticks here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from detector.model.alert import Alert, AlertKind
from detector.model.decision import Decision
from detector.model.delivery import Delivery
from detector.model.incident import Incident
from detector.notify.decide import decide_all
from detector.notify.incident_records import IncidentRecord
from detector.notify.mute import NO_MUTES, Mutes
from detector.notify.policy import NotificationPolicy
from detector.pipeline.plan import END_OF_TIME
from detector.pipeline.replay import History

_WEEK = timedelta(days=7)
#: Reminders and mutes that ended are looked for so often.
_LOOK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class DryRun:
    """What would have been sent, and why and why not, in order of time."""

    deliveries: tuple[Delivery, ...]
    decisions: tuple[Decision, ...]


def no_mutes(_: datetime) -> Mutes:
    """Return no silences and no acknowledgements, at any time."""
    return NO_MUTES


def dry_run(
    alerts: Iterable[Alert],
    policy: NotificationPolicy,
    *,
    until: datetime,
    every: timedelta = timedelta(minutes=1),
    mutes: Callable[[datetime], Mutes] = no_mutes,
) -> DryRun:
    """Return what ``policy`` would have been sent of ``alerts``, as if every receiver took it.

    Parameters
    ----------
    alerts : what there was to tell, from a replay or a store; in order of time.
    until : what is due after it is not told.
    every : steps of the clock while anything is left to send; a step is taken for every alert too.
    mutes : silences and acknowledgements of that time.
    """
    known: dict[str, IncidentRecord] = {}
    live: set[str] = set()
    deliveries: list[Delivery] = []
    decisions: list[Decision] = []
    for now, fresh in _steps(sorted(alerts, key=_order), until, every, live):
        known |= _with_fresh(known, fresh)
        live |= {alert.incident.id for alert in fresh}
        records = [known[one] for one in sorted(live)]
        decided = decide_all(records, policy, mutes(now), now=now, wall=now)
        deliveries += decided.deliveries
        decisions += decided.decisions
        known |= {one: known[one].after(states) for one, states in decided.states.items()}
        live -= {one for one in live if known[one].settles(policy, now=now)}
    return DryRun(tuple(deliveries), tuple(decisions))


def _steps(
    alerts: Sequence[Alert], until: datetime, every: timedelta, live: Collection[str]
) -> Iterable[tuple[datetime, list[Alert]]]:
    """Yield the times of the steps and the alerts fresh then; quiet stretches are skipped."""
    i, now = 0, None
    while True:
        following = alerts[i].at if i < len(alerts) else None
        if live and now is not None:
            now = min(now + every, following) if following else now + every
        else:
            now = following
        if now is None or now > until:
            return
        fresh = [a for a in alerts[i:] if a.at <= now] if following == now else []
        i += len(fresh)
        yield now, fresh


def _with_fresh(
    known: Mapping[str, IncidentRecord], fresh: Iterable[Alert]
) -> dict[str, IncidentRecord]:
    """Return the records that ``fresh`` alerts are about, with them."""
    changed: dict[str, IncidentRecord] = {}
    for alert in fresh:
        one, incident = alert.incident.id, alert.incident
        before = changed.get(one) or known.get(one) or IncidentRecord(incident)
        changed[one] = replace(before, incident=incident, fresh=(*before.fresh, alert))
    return changed


def _order(alert: Alert) -> tuple[datetime, str, int]:
    return (alert.at, alert.incident.id, alert.sequence)


@dataclass(frozen=True, slots=True)
class Moved:
    """An incident that both saw, and not alike."""

    before: Incident
    after: Incident


@dataclass(frozen=True, slots=True)
class Pages:
    """How often one receiver would have been woken: by every message but the ends."""

    receiver: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changes from the old settings to the new ones.

    Attributes
    ----------
    gained, lost : incidents that only the new, only the old settings see.
    moved : seen by both, noticed at another time or of another severity.
    same : how many are alike.
    weeks : service-weeks of the history.
    pages_before, pages_after : what there was to tell, whoever is told: all but the ends.
    pages : what receivers would have got of it by their routes, quiet hours and echoes; by name,
        none unless both settings have receivers.
    """

    gained: tuple[Incident, ...]
    lost: tuple[Incident, ...]
    moved: tuple[Moved, ...]
    same: int
    weeks: float
    pages_before: int
    pages_after: int
    pages: tuple[Pages, ...] = ()

    def rate(self, messages: int) -> float:
        """Return ``messages`` per service-week; nan without a history."""
        return messages / self.weeks if self.weeks else float("nan")

    @property
    def rate_before(self) -> float:
        """Pages per service-week with the old settings; nan without a history."""
        return self.rate(self.pages_before)

    @property
    def rate_after(self) -> float:
        """Pages per service-week with the new settings; nan without a history."""
        return self.rate(self.pages_after)


def compare(
    before: History,
    after: History,
    policies: tuple[NotificationPolicy, NotificationPolicy] | None = None,
) -> Comparison:
    """Return how ``after`` differs from ``before``, both replays of the same history.

    Two incidents of a service are the same if their times overlap; of several, the one that was
    noticed nearest.

    Parameters
    ----------
    policies : who is told with the old settings and with the new ones.
    """
    pairs, lost, gained = _paired(before.incidents.values(), after.incidents.values())
    moved = tuple(Moved(old, new) for old, new in pairs if _differs(old, new))
    return Comparison(
        gained=gained,
        lost=lost,
        moved=moved,
        same=len(pairs) - len(moved),
        weeks=_weeks(before),
        pages_before=_pages(before),
        pages_after=_pages(after),
        pages=() if policies is None else _pages_of(before, after, policies),
    )


def _paired(
    before: Iterable[Incident], after: Iterable[Incident]
) -> tuple[list[tuple[Incident, Incident]], tuple[Incident, ...], tuple[Incident, ...]]:
    free = sorted(after, key=_place)
    pairs, lost = [], []
    for old in sorted(before, key=_place):
        others = [new for new in free if _overlap(old, new)]
        if not others:
            lost.append(old)
            continue
        nearest = min(others, key=lambda new: (abs(new.noticed_at - old.noticed_at), new.id))
        free.remove(nearest)
        pairs.append((old, nearest))
    return pairs, tuple(lost), tuple(free)


def _place(incident: Incident) -> tuple[datetime, str]:
    return incident.noticed_at, incident.id


def _overlap(one: Incident, other: Incident) -> bool:
    return (
        one.service == other.service
        and one.onset.at < (other.ended_at or END_OF_TIME)
        and other.onset.at < (one.ended_at or END_OF_TIME)
    )


def _differs(old: Incident, new: Incident) -> bool:
    return (old.noticed_at, old.severity) != (new.noticed_at, new.severity)


def _pages(history: History) -> int:
    return sum(alert.kind is not AlertKind.RESOLVED for alert in history.alerts)


def _pages_of(
    before: History, after: History, policies: tuple[NotificationPolicy, NotificationPolicy]
) -> tuple[Pages, ...]:
    old, new = (_by_receiver(h, a) for h, a in zip((before, after), policies, strict=True))
    names = {receiver.name for policy in policies for receiver in policy.receivers}
    return tuple(Pages(name, old[name], new[name]) for name in sorted(names))


def _by_receiver(history: History, policy: NotificationPolicy) -> Counter[str]:
    """Return how many messages but the ends each receiver would have got."""
    if not history.coverage:
        return Counter()
    until = max(seen.end for seen in history.coverage.values())
    sent = dry_run(history.alerts, policy, until=until, every=_LOOK).deliveries
    return Counter(
        d.receiver
        for d in sent
        if isinstance(d.alert, Alert) and d.alert.kind is not AlertKind.RESOLVED
    )


def _weeks(history: History) -> float:
    """Return the service-weeks that were observed; what two sources saw at once counts once."""
    weeks: dict[str, float] = {}
    for key, seen in history.coverage.items():
        own = seen.bins * (seen.width / _WEEK)
        weeks[key.service] = max(own, weeks.get(key.service, 0.0))
    return sum(weeks.values())
