"""What the complaints of an incident say: who speaks, what fails, where, for whom, in which words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Speakers(Enum):
    """Who speaks in a surge."""

    PEOPLE = "people"
    PRESS = "press"
    BRIGADE = "brigade"


@dataclass(frozen=True, slots=True)
class FacetVerdict:
    """Whether one component, region or platform is hit.

    Attributes
    ----------
    facet, name : e.g. ``component`` and ``voice``.
    verdict : ``affected``, ``not affected`` or ``not enough posts``.
    share : its share of the complaints that name any value of the facet, in [0, 1].
    lift, lift_low, lift_high : share over usual share, and its 99 % interval; None if unknown.
    """

    facet: str
    name: str
    verdict: str
    share: float
    lift: float | None
    lift_low: float | None
    lift_high: float | None


@dataclass(frozen=True, slots=True)
class SampleComplaint:
    """One masked complaint that stands for others."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Details:
    """What is known from the posts themselves; none where only counts are known.

    Attributes
    ----------
    speakers : people, the press, or a handful of accounts.
    posts, voices : complaints since the start, and how many of them count.
    linked : share of voices with a link.
    newcomers : share of authors who had not complained in the weeks before, None if unknown.
    facets : verdicts by facet, largest share first.
    samples : masked complaints of different authors.
    words : what is said now and not on ordinary days.
    """

    speakers: Speakers
    posts: int
    voices: int
    linked: float
    newcomers: float | None
    facets: tuple[FacetVerdict, ...]
    samples: tuple[SampleComplaint, ...]
    words: tuple[str, ...]

    def named(self, facet: str, verdict: str) -> tuple[str, ...]:
        """Return the names of ``facet`` with ``verdict``."""
        return tuple(f.name for f in self.facets if f.facet == facet and f.verdict == verdict)
