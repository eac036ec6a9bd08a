"""Rehearsal: who would have been told of what, over history, with a clock that only ticks here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from detector.alerting.audience import Audience
from detector.alerting.muting import NO_WISHES, Wishes
from detector.domain.alert import Alert
from detector.domain.decision import Decision
from detector.domain.delivery import Delivery
from detector.engine.dossier import Dossier
from detector.engine.notifying import notify


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What would have been sent, and why and why not, in order of time."""

    deliveries: tuple[Delivery, ...]
    decisions: tuple[Decision, ...]


def nobody_wishes(_: datetime) -> Wishes:
    """Return no silences and nothing in hand, at any time."""
    return NO_WISHES


def rehearse(
    alerts: Iterable[Alert],
    audience: Audience,
    *,
    until: datetime,
    every: timedelta = timedelta(minutes=1),
    wishes: Callable[[datetime], Wishes] = nobody_wishes,
) -> Rehearsed:
    """Return what ``audience`` would have been sent of ``alerts``, as if every receiver took it.

    Parameters
    ----------
    alerts : what there was to tell, from a replay or a store; in order of time.
    until : what is due after it is not told.
    every : turns of the clock while anything is left to tell; a turn is taken for every alert too.
    wishes : what people at the desk had said by that time.
    """
    known: dict[str, Dossier] = {}
    live: set[str] = set()
    deliveries: list[Delivery] = []
    decisions: list[Decision] = []
    for now, fresh in _turns(sorted(alerts, key=_order), until, every, live):
        known |= _with_fresh(known, fresh)
        live |= {alert.incident.id for alert in fresh}
        dossiers = [known[one] for one in sorted(live)]
        told = notify(dossiers, audience, wishes(now), now=now, wall=now)
        deliveries += told.deliveries
        decisions += told.decisions
        known |= {d.incident.id: d.after(told.deliveries, told.decisions) for d in dossiers}
        live -= {one for one in live if known[one].settled(audience, now=now)}
    return Rehearsed(tuple(deliveries), tuple(decisions))


def _turns(
    alerts: Sequence[Alert], until: datetime, every: timedelta, live: Collection[str]
) -> Iterable[tuple[datetime, list[Alert]]]:
    """Yield the times of turns and the alerts that are fresh then; quiet stretches are leapt."""
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


def _with_fresh(known: Mapping[str, Dossier], fresh: Iterable[Alert]) -> dict[str, Dossier]:
    """Return the dossiers that ``fresh`` alerts are about, with them."""
    changed: dict[str, Dossier] = {}
    for alert in fresh:
        one, incident = alert.incident.id, alert.incident
        before = changed.get(one) or known.get(one) or Dossier(incident)
        changed[one] = replace(before, incident=incident, fresh=(*before.fresh, alert))
    return changed


def _order(alert: Alert) -> tuple[datetime, str, int]:
    return (alert.at, alert.incident.id, alert.sequence)
