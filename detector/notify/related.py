"""Attribution: which incident others likely come from.

When several services surge together, few of them fail by themselves: people who cannot log in
anywhere complain about everything, and what one cloud or carrier carries goes down with it. Three
things are looked at, the strongest first: complaints that name two services, providers that are
configured, and sheer number beyond chance. Of those that began together the one noticed first
stands for all: which of them began first is not known.

Nothing is suppressed here; who hears what of it is decided later (`detector.notify.decide`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp

from detector.model.alert import Attribution, Because
from detector.model.incident import Incident

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class AttributionRules:
    """When incidents are taken to belong together.

    Attributes
    ----------
    within : starts whose intervals lie this close count as the same time.
    share, authors : so large a share of the complaints, and so many of them, must name the origin.
    together : from so many services at the same time on a common cause is thought of,
    chance : where chance alone would bring that many together less often than this.
    """

    within: timedelta = timedelta(minutes=10)
    share: float = 0.2
    authors: int = 5
    together: int = 3
    chance: float = 0.001


@dataclass(frozen=True, slots=True)
class Mentions:
    """How often the complaints of an incident name other services too.

    Attributes
    ----------
    of : how many complaints were looked at.
    named : how many of them name each other service.
    """

    of: int = 0
    named: Mapping[str, int] | None = None

    def share(self, service: str) -> float:
        """Return the share of the complaints that name ``service`` too, in [0, 1]."""
        return self.count(service) / self.of if self.of else 0.0

    def count(self, service: str) -> int:
        """Return how many of the complaints name ``service`` too."""
        return (self.named or {}).get(service, 0)


def attribute(
    incident: Incident,
    others: Sequence[Incident],
    *,
    mentions: Mentions,
    providers: Mapping[str, Sequence[str]],
    rules: AttributionRules = AttributionRules(),
) -> Attribution | None:
    """Return what ``incident`` is likely explained by, None if by nothing that is known.

    Parameters
    ----------
    incident : one that is about to be sent for the first time.
    others : the latest incidents of other services that there were alerts about, open or over.
    mentions : what its complaints name.
    providers : services by the provider that they depend on.
    """
    ongoing = [other for other in others if _was_open(other, incident)]
    causes = [other for other in ongoing if _may_cause(other, incident)]
    same = [other for other in ongoing if _together(other, incident, rules)]
    return (
        _by_mentions(causes, mentions, rules)
        or _by_provider(incident, same, providers)
        or _by_number(incident, same, others, rules)
    )


def _by_mentions(
    causes: Sequence[Incident], mentions: Mentions, rules: AttributionRules
) -> Attribution | None:
    named = [
        other
        for other in causes
        if mentions.count(other.service) >= rules.authors
        and mentions.share(other.service) >= rules.share
    ]
    if not named:
        return None
    origin = max(named, key=lambda other: (mentions.share(other.service), other.excess, other.id))
    share = round(mentions.share(origin.service), 4)
    return Attribution(origin.service, origin.id, Because.MENTIONS, share=share)


def _by_provider(
    incident: Incident, same: Sequence[Incident], providers: Mapping[str, Sequence[str]]
) -> Attribution | None:
    for name, services in providers.items():
        sharing = [other for other in same if other.service in services]
        if incident.service in services and sharing:
            origin, n = min(sharing, key=_first), len(sharing) + 1
            because = Because.PROVIDER
            return Attribution(origin.service, origin.id, because, provider=name, together=n)
    return None


def _by_number(
    incident: Incident,
    same: Sequence[Incident],
    others: Sequence[Incident],
    rules: AttributionRules,
) -> Attribution | None:
    """Return the one sent first where so many at once are beyond chance.

    The chance is that of a Poisson variable whose mean is the pace of the last week, one more
    than was seen to be careful: no outage for a week is no proof that there is never one.
    """
    n = len(same) + 1
    if n < rules.together:
        return None
    week = sum(_is_recent(o, incident.noticed_at) and o not in same for o in others)
    if _chance(len(same), (week + 1) * (2 * rules.within / _WEEK)) >= rules.chance:
        return None
    origin = min(same, key=_first)
    return Attribution(origin.service, origin.id, Because.TOGETHER, together=n)


def _was_open(other: Incident, incident: Incident) -> bool:
    """Whether ``other`` was not over when ``incident`` may have begun."""
    return other.ended_at is None or other.ended_at > incident.onset.earliest


def _may_cause(other: Incident, incident: Incident) -> bool:
    """Whether ``other`` may have begun first; of two that may both, the larger one."""
    if other.onset.latest < incident.onset.earliest:
        return True
    clearly_later = other.onset.earliest > incident.onset.latest
    return not clearly_later and other.excess >= incident.excess


def _together(other: Incident, incident: Incident, rules: AttributionRules) -> bool:
    one, two = other.onset, incident.onset
    return max(one.earliest, two.earliest) - min(one.latest, two.latest) <= rules.within


def _first(incident: Incident) -> tuple[datetime, float, str]:
    """Return what orders by notice: which of those that began together was first is not known."""
    return (incident.noticed_at, -incident.excess, incident.id)


def _is_recent(incident: Incident, at: datetime) -> bool:
    return at - _WEEK <= incident.noticed_at


def _chance(k: int, mean: float) -> float:
    """Return the probability that a Poisson variable with ``mean`` reaches ``k``."""
    term, below = exp(-mean), 0.0
    for i in range(k):
        below += term
        term *= mean / (i + 1)
    return 1.0 - below
