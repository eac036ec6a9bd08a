"""Surges of one service, merged into one incident.

Each source that counts complaints about a service has its own surge. The incident opens with the
first and ends when the last one has ended; a source that goes silent ends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from detector.domain.incident import Incident, Severity, incident_id
from detector.domain.surge import Surge


@dataclass(frozen=True, slots=True)
class Graded:
    """A surge and how bad it is at its source."""

    surge: Surge
    severity: Severity


@dataclass(frozen=True, slots=True)
class Merging:
    """An open incident and the surges that make it up.

    Attributes
    ----------
    service : who.
    surges : the latest word on every surge of it, by source and ``noticed_at``, in the order in
        which they were first heard of.
    severity : the worst it has been; it does not fall while the incident goes on.
    """

    service: str
    surges: Mapping[tuple[str, datetime], Graded] = field(default_factory=dict)
    severity: Severity = Severity.MINOR

    def with_surge(self, source: str, surge: Surge, severity: Severity) -> Merging:
        """Return the merging after ``source`` said ``surge``."""
        surges = {**self.surges, (source, surge.noticed_at): Graded(surge, severity)}
        return replace(self, surges=surges, severity=max(self.severity, severity))

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
            sources=tuple(sorted({source for source, _ in self.surges})),
            onset=first.onset,
            noticed_at=first.noticed_at,
            ended_at=_latest([s.ended_at for s in surges]),
            resolved_at=_latest([s.resolved_at for s in surges]),
            peak_at=largest.peak_at,
            peak_count=largest.peak_count,
            expected_at_peak=largest.expected_at_peak,
            excess=largest.excess,
            severity=self.severity,
            evidence=first.evidence,
        )


def _latest(instants: list[datetime | None]) -> datetime | None:
    """Return the latest instant, None if one is still open."""
    known = [instant for instant in instants if instant is not None]
    return max(known) if len(known) == len(instants) else None
