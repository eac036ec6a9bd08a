"""Surges of one service, merged into one incident.

Each source that counts complaints about a service has its own surge, and so have all of them
judged together (`TOGETHER`). The incident opens with the first and ends when the last one has
ended; a source that goes silent ends nothing. What begins while an incident only lasts is another
one inside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from detector.model.incident import Incident, Severity, incident_id
from detector.model.surge import Agreement, Surge

#: The "source" of a surge that several sources show together.
TOGETHER = ""
#: Nats of its own from which on a source is said to show what the others show.
AGREES = 1.5


@dataclass(frozen=True, slots=True)
class Graded:
    """A surge and how bad it is at its source."""

    surge: Surge
    severity: Severity


@dataclass(frozen=True, slots=True)
class IncidentMerge:
    """An open incident and the surges that make it up.

    Attributes
    ----------
    service : who.
    surges : the latest word on every surge of it, by source and ``noticed_at``, in the order in
        which they were first heard of.
    severity : the worst it has been; it does not fall while the incident goes on.
    agreement : the most that every source had of it as evidence of its own.
    not_observed_since : since when no source that shows it is alive.
    """

    service: str
    surges: Mapping[tuple[str, datetime], Graded] = field(default_factory=dict)
    severity: Severity = Severity.MINOR
    agreement: tuple[Agreement, ...] = ()
    not_observed_since: datetime | None = None

    def with_surge(self, source: str, surge: Surge, severity: Severity) -> IncidentMerge:
        """Return the merging after ``source`` said ``surge``; it was observed to say so."""
        surges = {**self.surges, (source, surge.noticed_at): Graded(surge, severity)}
        return replace(
            self,
            surges=surges,
            severity=max(self.severity, severity),
            agreement=_highest(self.agreement, surge.agreement),
            not_observed_since=None,
        )

    @property
    def shown_by(self) -> frozenset[str]:
        """The sources whose surges go on; none once it is over."""
        going_on = {s for (s, _), graded in self.surges.items() if graded.surge.resolved_at is None}
        together = self._agreeing if TOGETHER in going_on else ()
        return frozenset(going_on - {TOGETHER}).union(together)

    @property
    def is_lasting(self) -> bool:
        """Whether it goes on, and all that goes on of it is where it is expected to stay."""
        going_on = [g.surge for g in self.surges.values() if g.surge.resolved_at is None]
        return bool(going_on) and all(surge.lasting_since is not None for surge in going_on)

    @property
    def _agreeing(self) -> tuple[str, ...]:
        return tuple(a.source for a in self.agreement if (a.evidence or 0.0) >= AGREES)

    def incident(self) -> Incident:
        """Return the incident as it stands.

        Its start and id are those of the surge heard of first, whose alarm people were told: a
        source that lags behind and noticed it earlier does not make it another incident. Its peak
        is that of the surge with the largest excess.
        """
        surges = [graded.surge for graded in self.surges.values()]
        first = surges[0]
        by_notice = sorted(self.surges.items(), key=lambda item: (item[0][1], item[0][0]))
        largest = max((graded.surge for _, graded in by_notice), key=lambda s: s.excess)
        return Incident(
            id=incident_id(self.service, first.noticed_at),
            service=self.service,
            sources=tuple(sorted(self._sources())),
            onset=first.onset,
            noticed_at=first.noticed_at,
            ended_at=self._ended_at(),
            resolved_at=_latest([s.resolved_at for s in surges]),
            peak_at=largest.peak_at,
            peak_count=largest.peak_count,
            expected_at_peak=largest.expected_at_peak,
            excess=largest.excess,
            severity=self.severity,
            evidence=first.evidence,
            not_observed_since=self.not_observed_since,
            agreement=self.agreement,
        )

    def _ended_at(self) -> datetime | None:
        """Return the end, None while a surge goes on.

        Where the sources were judged together that end counts, as it is known best: at each of
        them few posts are left. What began behind it goes on with the incident.
        """
        together = [g.surge.ended_at for (s, _), g in self.surges.items() if s == TOGETHER]
        ended = _latest([graded.surge.ended_at for graded in self.surges.values()])
        best = _latest(together) if together else None
        if ended is None or best is None:
            return ended
        later = [g.surge.ended_at for g in self.surges.values() if g.surge.onset.at >= best]
        return _latest([best, *later])

    def _sources(self) -> frozenset[str]:
        return frozenset(source for source, _ in self.surges if source != TOGETHER).union(
            self._agreeing
        )


def _highest(known: tuple[Agreement, ...], given: tuple[Agreement, ...]) -> tuple[Agreement, ...]:
    """Return, by source, the higher evidence; any is more than none, as where not observed."""
    evidence = {a.source: a.evidence for a in known}
    for a in given:
        before = evidence.get(a.source)
        higher = before is None or (a.evidence is not None and a.evidence > before)
        evidence[a.source] = a.evidence if higher else before
    return tuple(Agreement(source, evidence[source]) for source in sorted(evidence))


def _latest(instants: list[datetime | None]) -> datetime | None:
    """Return the latest instant, None if one is still open."""
    known = [instant for instant in instants if instant is not None]
    return max(known) if len(known) == len(instants) else None
