"""What the complaints behind an incident say, as far as they were known at a time."""

from __future__ import annotations

from datetime import datetime
from math import isnan

from detector.domain.details import Details, FacetVerdict, SampleComplaint, Speakers
from detector.domain.incident import Incident
from detector.engine.complaints import KEPT, Archive
from detector.language.character import SurgeKind, character
from detector.language.samples import NOTHING, gather_evidence
from detector.language.trend import trend_of
from detector.language.verdicts import FacetFinding, judge_facets

SAMPLES = 3
WORDS = 8
#: The part of a surge that is the ordinary day is capped here: facets need something to judge.
MOST_BACKGROUND = 0.9

_SPEAKERS = {
    SurgeKind.OUTAGE: Speakers.PEOPLE,
    SurgeKind.MEDIA: Speakers.PRESS,
    SurgeKind.BRIGADE: Speakers.BRIGADE,
}


def describe(
    incident: Incident,
    archive: Archive,
    *,
    at: datetime,
    configured: frozenset[str],
    quoted: bool = True,
) -> Details | None:
    """Return what the complaints of ``[start, at)`` say, None where there are none.

    Compared with the complaints of the weeks before the earliest start. A service that is not
    among the ``configured`` ones was discovered. Samples and words take the longest to choose and
    are left out unless they are to be ``quoted``.
    """
    onset, end = incident.onset, min(at, incident.ended_at or at)
    surge = archive.about(incident.service, start=onset.at, end=end)
    if surge.empty:
        return None
    before = onset.earliest - KEPT
    usual = archive.about(incident.service, start=before, end=onset.earliest)
    who = character(surge, usual)
    background = 1 - incident.excess / max(who.voices, 1)
    found = judge_facets(surge, usual, background=min(max(background, 0.0), MOST_BACKGROUND))
    said = gather_evidence(surge, usual, limit=SAMPLES, words=WORDS) if quoted else NOTHING
    return Details(
        speakers=_SPEAKERS[who.kind],
        posts=who.posts,
        voices=who.voices,
        linked=round(who.linked.at, 4),
        newcomers=None if who.newcomers is None else round(who.newcomers, 4),
        facets=tuple(_verdict(f) for f in found),
        samples=tuple(SampleComplaint(s.at, s.text) for s in said.samples),
        words=tuple(word.text for word in said.words),
        discovered=incident.service not in configured,
        trend=trend_of(surge["time"], start=onset.at, end=end),
    )


def _verdict(finding: FacetFinding) -> FacetVerdict:
    at, low, high = (None if isnan(x) else round(x, 3) for x in finding.lift)
    share = finding.posts / finding.of if finding.of else 0.0
    return FacetVerdict(
        finding.facet, finding.name, finding.verdict.value, round(share, 4), at, low, high
    )
