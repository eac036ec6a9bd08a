"""What a surge hits and what it spares: each facet's share against its usual one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import pandas as pd
from scipy.special import betaincinv, ndtri

from detector.complaints.facets import SEPARATOR
from detector.model.details import FACETS

LEVEL = 0.9
"""How often a lone interval holds the truth."""

CROWD_LEVEL = 0.99
"""The same for ratios, of which a surge brings dozens at once."""

SPARED = 0.5
"""A lift under this - half the usual share of the complaints - means not affected."""

ENOUGH = 5
"""Different people in a surge that must name a facet before it may be called affected."""


class Interval(NamedTuple):
    """An estimate and its closed interval; nan where nothing was counted."""

    at: float
    low: float
    high: float


def wilson(hits: int, n: int) -> Interval:
    """Return the share ``hits / n`` with its score interval.

    References
    ----------
    Wilson (1927), *Probable inference, the law of succession, and statistical inference*, JASA.
    """
    if n == 0:
        return Interval(math.nan, math.nan, math.nan)
    z = float(ndtri((1 + LEVEL) / 2))
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(share, max(0.0, middle - reach), min(1.0, middle + reach))


def ratio_of_shares(hits: int, n: int, usual_hits: int, usual_n: int) -> Interval:
    """Return ``(hits / n) / (usual_hits / usual_n)`` with its interval.

    Given the sum of hits, one side's hits are binomial when hits are Poisson; the interval of that
    binomial probability (Jeffreys) is the interval of the ratio. It is a little too wide when the
    shares are large. The estimate adds half a hit to both sides, unless there is none to speak of.
    The upper end is infinite when the usual share may be zero; all is nan when either ``n`` is.

    References
    ----------
    Przyborowski and Wilenski (1940), *Homogeneity of results in testing samples from Poisson
    series*, Biometrika; Brown, Cai and DasGupta (2001), *Interval estimation for a binomial
    proportion*, Statistical Science.
    """
    if n == 0 or usual_n == 0:
        return Interval(math.nan, math.nan, math.nan)
    scale = usual_n / n
    tail = (1 - CROWD_LEVEL) / 2
    ends = (float(betaincinv(hits + 0.5, usual_hits + 0.5, p)) for p in (tail, 1 - tail))
    low, high = (math.inf if p >= 1 else p / (1 - p) * scale for p in ends)
    at = (hits + 0.5) / (usual_hits + 0.5) * scale
    if hits == 0:
        at, low = 0.0, 0.0
    return Interval(at, low, math.inf if usual_hits == 0 else high)


class Verdict(Enum):
    """Whether a surge hits a facet."""

    AFFECTED = "affected"
    NOT_AFFECTED = "not affected"
    UNDECIDED = "not enough posts"


@dataclass(frozen=True, slots=True)
class FacetFinding:
    """One facet value in a surge.

    Attributes
    ----------
    facet, name : e.g. ``component`` and ``voice``.
    posts, of : complaints of the surge that name it, of those that name any value of the facet.
    usual_posts, usual_of : the same on ordinary days.
    lift : its share of the surge's own complaints over its usual share, with a 99 % interval; the
        posts that ordinary days would have brought anyway are taken out.
    verdict : affected if the interval lies above `SPARED` (and `ENOUGH` people name it), not
        affected if it lies below; undecided where it does neither.
    """

    facet: str
    name: str
    posts: int
    of: int
    usual_posts: int
    usual_of: int
    lift: Interval
    verdict: Verdict


def judge_facets(
    surge: pd.DataFrame, usual: pd.DataFrame, *, background: float = 0.0
) -> tuple[FacetFinding, ...]:
    """Return a finding per facet value seen, by facet, then by share in the surge, largest first.

    In an outage that hits everybody all shares stay what they are: the lift is one, and all that
    is named often enough is affected.

    Parameters
    ----------
    surge, usual : complaints with the columns that `detector.complaints.facets.tag` gives, of the
        surge and of ordinary days. Where the surge has ``author``, what one account says again
        and again is said by one; an author that is not known is somebody else each time.
    background : the part of the surge's complaints, in [0, 1), that ordinary days would have
        brought too (expected over observed).
    """
    if not 0 <= background < 1:
        raise ValueError(f"background must lie in [0, 1), not {background}")
    authors = surge["author"] if "author" in surge else pd.Series("", index=surge.index, dtype=str)
    return tuple(
        finding
        for facet in FACETS
        for finding in _judge_facet(facet, surge[facet], usual[facet], authors, background)
    )


def _judge_facet(
    facet: str,
    surge: pd.Series[str],
    usual: pd.Series[str],
    authors: pd.Series[str],
    background: float,
) -> Sequence[FacetFinding]:
    now, of = _counted(surge)
    people = _people(surge, authors)
    before, usual_of = _counted(usual)
    names = sorted(now.keys() | before.keys(), key=lambda name: (-now.get(name, 0), name))
    findings = []
    for name in names:
        posts, usual_posts = now.get(name, 0), before.get(name, 0)
        lift = _lift(ratio_of_shares(posts, of, usual_posts, usual_of), background)
        verdict = _verdict(lift, people.get(name, 0))
        findings.append(FacetFinding(facet, name, posts, of, usual_posts, usual_of, lift, verdict))
    return findings


def _counted(values: pd.Series[str]) -> tuple[dict[str, int], int]:
    """Return posts per value, and posts that name any."""
    named = values[values != ""]
    counts = named.str.split(SEPARATOR).explode().value_counts()
    return {str(name): int(count) for name, count in counts.items()}, len(named)


def _people(values: pd.Series[str], authors: pd.Series[str]) -> dict[str, int]:
    """Return how many different people name each value."""
    named = values != ""
    said = values[named].str.split(SEPARATOR).explode()
    by = authors[named].reindex(said.index)
    again = pd.DataFrame({"value": said, "by": by}).duplicated() & (by != "")
    return {str(name): int(count) for name, count in said[~again].value_counts().items()}


def _lift(ratio: Interval, background: float) -> Interval:
    if math.isnan(ratio.at):
        return ratio
    return Interval(*(max(0.0, (end - background) / (1 - background)) for end in ratio))


def _verdict(lift: Interval, people: int) -> Verdict:
    if math.isnan(lift.low):
        return Verdict.UNDECIDED
    if lift.high < SPARED:
        return Verdict.NOT_AFFECTED
    return Verdict.AFFECTED if lift.low > SPARED and people >= ENOUGH else Verdict.UNDECIDED
