"""What a report says, before it is worded: the incidents, how each compares with its history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from statistics import median

import numpy as np

from detector.detection.hindsight.findings import Regime
from detector.model.details import Details
from detector.model.incident import Incident
from detector.model.series import Floats
from detector.report.known import Known, Lead, lead_of
from detector.views.curve import Curve

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


@dataclass(frozen=True, slots=True, eq=False)
class Story:
    """One incident.

    Attributes
    ----------
    was_noticed : whether the live path would have noticed it.
    details : what the complaints say, None where only counts are known.
    curves : from before it to after it, by source.
    standing : among the service's own history; None for a trending list.
    known : the outages that it meets.
    regimes : what it is made of, as far as that is known.
    """

    incident: Incident
    was_noticed: bool
    details: Details | None
    curves: tuple[tuple[str, Curve], ...]
    standing: Standing | None
    known: tuple[Known, ...]
    until: datetime
    regimes: tuple[Regime, ...] = ()

    @property
    def lasted(self) -> timedelta:
        """How long it went on, or has been going on at the end of the data."""
        return max((self.incident.ended_at or self.until) - self.incident.onset.at, timedelta(0))

    @property
    def lag(self) -> timedelta | None:
        """From its start to its notice; None if it was not noticed."""
        incident = self.incident
        return incident.noticed_at - incident.onset.at if self.was_noticed else None

    @property
    def leads(self) -> tuple[Lead, ...]:
        """The incident beside each of the outages that it meets."""
        return tuple(lead_of(self.incident, k, was_noticed=self.was_noticed) for k in self.known)

    @property
    def pairs(self) -> tuple[tuple[Known, Lead], ...]:
        """Each outage that it meets, and how they compare."""
        return tuple(zip(self.known, self.leads, strict=True))


@dataclass(frozen=True, slots=True)
class Aside:
    """Something that stands out and is no incident.

    Attributes
    ----------
    kind : code: ``level_change``, ``unusual_volume``, ``unusual_shifted``, or ``taken_back.`` and
        the reason for which a page of the live detector is taken back.
    service, source : where.
    start, end : when; ``end`` is None for a change that stays.
    ratio : times as many as before or as usual; None where that says nothing.
    """

    kind: str
    service: str
    source: str
    start: datetime
    end: datetime | None
    ratio: float | None


@dataclass(frozen=True, slots=True, eq=False)
class ReportSeries:
    """One series of the data.

    Attributes
    ----------
    service, source : which.
    curve : all of it.
    width : length of a bin as it was counted.
    gaps : how many stretches were not observed.
    observed : how long it was observed.
    """

    service: str
    source: str
    curve: Curve
    width: timedelta
    gaps: int
    observed: timedelta

    @property
    def share(self) -> float:
        """Share of its time that was observed, in [0, 1]."""
        return self.observed / max(self.curve.end - self.curve.start, self.width)


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """Everything that one report says.

    Attributes
    ----------
    stories : incidents in order of their starts.
    watched : the series behind them, those with the worst incidents first; not all of a long list.
    series : how many series there are in all.
    start, end : span of the data.
    bins : bins and polls taken in.
    observed : the longest that any series was observed.
    missed : known outages that no incident meets.
    figures : (code, value) of the comparison with a table of truth, else empty.
    settings : (code, value) of the settings that matter.
    made_at : when the report was made; None leaves it out.
    source : the name of the input.
    asides : what stands out and is no incident, in order of time.
    """

    stories: tuple[Story, ...]
    watched: tuple[ReportSeries, ...]
    series: int
    start: datetime
    end: datetime
    bins: int
    observed: timedelta
    missed: tuple[Known, ...]
    figures: tuple[tuple[str, float], ...]
    settings: tuple[tuple[str, object], ...]
    made_at: datetime | None
    source: str
    version: str
    zone: tzinfo
    asides: tuple[Aside, ...] = ()

    @property
    def services(self) -> tuple[str, ...]:
        """The services with incidents, the one with the worst first."""
        return tuple(dict.fromkeys(s.incident.service for s in self.worst_first))

    @property
    def worst_first(self) -> tuple[Story, ...]:
        """Incidents by severity, then by excess, the worst first."""
        return tuple(
            sorted(
                self.stories,
                key=lambda s: (-s.incident.severity, -s.incident.excess, s.incident.id),
            )
        )

    @property
    def hours(self) -> timedelta:
        """All incidents' lengths together."""
        return sum((s.lasted for s in self.stories), timedelta(0))

    @property
    def typical_lag(self) -> timedelta | None:
        """The median time from start to notice; None where nothing was noticed."""
        lags = [s.lag.total_seconds() for s in self.stories if s.lag is not None]
        return timedelta(seconds=median(lags)) if lags else None

    @property
    def listed(self) -> bool:
        """Whether a trending list is among the data."""
        return any(w.curve.listed for w in self.watched)

    @property
    def documented(self) -> bool:
        """Whether anything of the catalogue stands in the report."""
        return any(k.documented for s in self.stories for k in s.known) or any(
            k.documented for k in self.missed
        )
