"""What the complaints behind an incident say: who writes, whether they grow, what they name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from math import isnan

import pandas as pd

from detector.complaints.archive import KEPT, Archive
from detector.complaints.authors import counts_as_author, has_link, in_order
from detector.complaints.facet_verdicts import FacetFinding, Interval, judge_facets, wilson
from detector.complaints.lexicon import Lexicon
from detector.complaints.samples import NOTHING, gather_evidence
from detector.model.details import AuthorKind, Details, FacetVerdict, SampleComplaint, Trend
from detector.model.incident import Incident

FEW_AUTHORS = 10
"""Fewer accounts than this, each writing `MANY_EACH` posts or more, are a brigade."""

MANY_EACH = 10

LONGEST = timedelta(minutes=15)
#: Fewer complaints than these say nothing about where it goes.
FEWEST = 10
#: One in ten steady courses is called rising or falling.
BEYOND_CHANCE = 1.645

SAMPLES = 3
WORDS = 8
#: The part of a surge that is the ordinary day is capped here: facets need something to judge.
MOST_BACKGROUND = 0.9


class SurgeKind(Enum):
    """Who speaks in a surge."""

    OUTAGE = "outage"
    MEDIA = "media"
    BRIGADE = "brigade"


@dataclass(frozen=True, slots=True)
class Character:
    """Who speaks in a surge, and what that was concluded from.

    Attributes
    ----------
    kind : media if more than half of those who speak give a link, beyond doubt; brigade if a few
        accounts write it all; else outage.
    posts, voices : complaints in the surge, and how many of them count.
    authors : distinct authors, None where they are unknown.
    linked : share of authors (of posts, where one is unknown) whose first complaint holds a link,
        and its 90 % interval (Wilson).
    newcomers : share of authors who did not complain in the usual days, None where unknown.
    """

    kind: SurgeKind
    posts: int
    voices: int
    authors: int | None
    linked: Interval
    newcomers: float | None


def character(surge: pd.DataFrame, usual: pd.DataFrame) -> Character:
    """Return who speaks in ``surge`` (``time, service, text``, optionally ``author``).

    ``usual`` holds complaints about the same service from ordinary days, with the same columns.
    """
    ordered = in_order(surge)
    authors = _authors(surge)
    firsts = ordered if authors is None else ordered.drop_duplicates("author")
    linked = wilson(int(has_link(firsts["text"]).sum()), len(firsts))
    return Character(
        kind=_kind(len(surge), authors, linked),
        posts=len(surge),
        voices=int(counts_as_author(ordered).sum()),
        authors=None if authors is None else len(authors),
        linked=linked,
        newcomers=_newcomers(authors, _authors(usual)),
    )


def _kind(posts: int, authors: frozenset[str] | None, linked: Interval) -> SurgeKind:
    if authors is not None and len(authors) < FEW_AUTHORS and posts >= MANY_EACH * len(authors):
        return SurgeKind.BRIGADE
    return SurgeKind.MEDIA if linked.low > 0.5 else SurgeKind.OUTAGE


def _authors(posts: pd.DataFrame) -> frozenset[str] | None:
    """Return the distinct authors, or None if any post's author is unknown."""
    if "author" not in posts:
        return None
    names = posts["author"].fillna("").astype(str)
    return None if (names == "").any() else frozenset(names)


def _newcomers(now: frozenset[str] | None, before: frozenset[str] | None) -> float | None:
    if not now or before is None:
        return None
    return len(now - before) / len(now)


def trend_of(times: pd.Series, *, start: datetime, end: datetime) -> Trend | None:
    """Return how the complaints at ``times`` go, None where too few of them tell.

    Those of the last quarter of an hour are compared with those of the quarter before; of a
    younger surge its halves are. If nothing changes, each of ``n`` complaints falls into either
    half with the same chance, so their difference has the standard deviation ``sqrt(n)``.

    Parameters
    ----------
    times : when each complaint was written, aware.
    start, end : the surge's ``[start, end)`` as far as it is known.
    """
    half = min(LONGEST, (end - start) / 2)
    middle = pd.Timestamp(end - half)
    inside = times[(times >= pd.Timestamp(end - 2 * half)) & (times < pd.Timestamp(end))]
    if len(inside) < FEWEST:
        return None
    late = int((inside >= middle).sum())
    lean = (2 * late - len(inside)) / len(inside) ** 0.5
    if abs(lean) < BEYOND_CHANCE:
        return Trend.STEADY
    return Trend.RISING if lean > 0 else Trend.FALLING


_SPEAKERS = {
    SurgeKind.OUTAGE: AuthorKind.PEOPLE,
    SurgeKind.MEDIA: AuthorKind.PRESS,
    SurgeKind.BRIGADE: AuthorKind.FEW_ACCOUNTS,
}


def describe(
    incident: Incident,
    archive: Archive,
    *,
    at: datetime,
    configured: frozenset[str],
    lexicon: Lexicon | None = None,
    quoted: bool = True,
) -> Details | None:
    """Return what the complaints of ``[start, at)`` say, None where there are none.

    Compared with the complaints of the weeks before the earliest start. A service that is not
    among the ``configured`` ones was discovered. Of Chinese words those of the ``lexicon`` are
    whole. Samples and words take the longest to choose and are left out unless they are to be
    ``quoted``.
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
    said = NOTHING
    if quoted:
        said = gather_evidence(surge, usual, limit=SAMPLES, words=WORDS, lexicon=lexicon)
    return Details(
        written_by=_SPEAKERS[who.kind],
        posts=who.posts,
        authors=who.voices,
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
