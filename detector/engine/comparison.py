"""Would it have fired: what two replays of the same history say, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from detector.domain.alert import AlertKind
from detector.domain.incident import Incident
from detector.engine.plan import END_OF_TIME
from detector.engine.replay import History

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Moved:
    """An incident that both saw, and not alike."""

    before: Incident
    after: Incident


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changes from the old settings to the new ones.

    Attributes
    ----------
    gained, lost : incidents that only the new, only the old settings see.
    moved : seen by both, noticed at another time or of another severity.
    same : how many are alike.
    weeks : service-weeks of the history.
    pages_before, pages_after : messages that wake somebody: all but the ends.
    """

    gained: tuple[Incident, ...]
    lost: tuple[Incident, ...]
    moved: tuple[Moved, ...]
    same: int
    weeks: float
    pages_before: int
    pages_after: int

    @property
    def rate_before(self) -> float:
        """Pages per service-week with the old settings; nan without a history."""
        return self.pages_before / self.weeks if self.weeks else float("nan")

    @property
    def rate_after(self) -> float:
        """Pages per service-week with the new settings; nan without a history."""
        return self.pages_after / self.weeks if self.weeks else float("nan")


def compare(before: History, after: History) -> Comparison:
    """Return how ``after`` differs from ``before``, both replays of the same history.

    Two incidents of a service are the same if their times overlap; of several, the one that was
    noticed nearest.
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


def _weeks(history: History) -> float:
    """Return the service-weeks that were observed; what two sources saw at once counts once."""
    weeks: dict[str, float] = {}
    for key, seen in history.coverage.items():
        own = seen.bins * (seen.width / _WEEK)
        weeks[key.service] = max(own, weeks.get(key.service, 0.0))
    return sum(weeks.values())
