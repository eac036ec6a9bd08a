"""How an incident stands in its service's own history: whether it was ever like this."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from detector.domain.series import Floats
from detector.reports.curve import Curve

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """One incident among the others and among ordinary days.

    Attributes
    ----------
    rank, of : its place by excess among the incidents of its service, 1 the largest.
    busiest : complaints in its busiest hour.
    ordinary : complaints in the busiest hour outside all incidents; None where there is none.
    ordinary_at : when that hour began.
    days : observed days of the history.
    """

    rank: int
    of: int
    busiest: float
    ordinary: float | None
    ordinary_at: datetime | None
    days: float


def standing(
    whole: Curve,
    span: tuple[datetime, datetime],
    others: list[tuple[datetime, datetime]],
    *,
    rank: int,
    of: int,
) -> Standing:
    """Return how the incident in ``span`` stands in the history ``whole`` of its service.

    Parameters
    ----------
    span : from its earliest start to its end.
    others : the spans of all incidents of the service, this one among them.
    rank, of : see `Standing`.
    """
    hours = _hours(whole)
    bins = _bins_of_an_hour(whole)
    inside = np.zeros(len(whole.counts), dtype=np.bool_)
    for start, end in others:
        first, last = _positions(whole, start, end)
        # An hour that reaches into an incident is no ordinary one.
        inside[max(first - bins + 1, 0) : last] = True
    first, last = _positions(whole, *span)
    busiest = float(np.nanmax(hours[first:last], initial=0.0)) if last > first else 0.0
    ordinary = np.where(inside, np.nan, hours)
    days = float(whole.seen.sum()) * whole.width / timedelta(days=1)
    if not np.isfinite(ordinary).any():
        return Standing(rank, of, busiest, None, None, days)
    at = int(np.nanargmax(ordinary))
    return Standing(rank, of, busiest, float(ordinary[at]), whole.start + at * whole.width, days)


def _bins_of_an_hour(whole: Curve) -> int:
    return max(round(HOUR / whole.width), 1)


def _hours(whole: Curve) -> Floats:
    """Return the posts of the hour that begins with each bin; nan where less than half is seen."""
    bins = _bins_of_an_hour(whole)
    seen = np.isfinite(whole.counts)
    posts = np.concatenate([[0.0], np.cumsum(np.where(seen, whole.counts, 0.0))])
    known = np.concatenate([[0], np.cumsum(seen)])
    ends = np.minimum(np.arange(len(seen)) + bins, len(seen))
    enough = 2 * (known[ends] - known[: len(seen)]) >= bins
    hours: Floats = np.where(enough, posts[ends] - posts[: len(seen)], np.nan)
    return hours


def _positions(whole: Curve, start: datetime, end: datetime) -> tuple[int, int]:
    n = len(whole.counts)
    first = min(max((start - whole.start) // whole.width, 0), n)
    return first, min(max(-((whole.start - end) // whole.width), first), n)
