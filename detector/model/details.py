"""What the complaints of an incident say: who writes, what fails, where, for whom, how worded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

#: What complaints name beside the service, in the order in which people ask.
FACETS = ("component", "region", "platform")


class AuthorKind(Enum):
    """Who writes in a surge."""

    PEOPLE = "people"
    PRESS = "press"
    FEW_ACCOUNTS = "few_accounts"


class Trend(Enum):
    """Where complaints go."""

    RISING = "rising"
    STEADY = "steady"
    FALLING = "falling"


#: Lift from which on a facet stands out where none is spared. Shares differ a bit between any two
#: crowds: in a large outage the interval is narrow enough to tell, and yet nobody is helped by
#: reading that it is on Android.
STANDS_OUT = 1.5


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

    @property
    def stands_out(self) -> bool:
        """Whether it is complained about more than usual, beyond doubt and by enough to tell."""
        return (self.lift_low or 0.0) > 1.0 and (self.lift or 0.0) >= STANDS_OUT


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
    written_by : people, the press, or a handful of accounts.
    posts : complaints since the start.
    authors : how many wrote them; one counts once per hour.
    linked : share of authors with a link.
    newcomers : share of authors who had not complained in the weeks before, None if unknown.
    facets : verdicts by facet, largest share first.
    samples : masked complaints of different authors.
    words : what is said now and not on ordinary days.
    discovered : whether the service is none of those that were configured.
    trend : whether there are more complaints by the minute than before; None if too few tell.
    """

    written_by: AuthorKind
    posts: int
    authors: int
    linked: float
    newcomers: float | None
    facets: tuple[FacetVerdict, ...]
    samples: tuple[SampleComplaint, ...]
    words: tuple[str, ...]
    discovered: bool = False
    trend: Trend | None = None

    def named(self, facet: str, verdict: str) -> tuple[str, ...]:
        """Return the names of ``facet`` with ``verdict``."""
        return tuple(f.name for f in self.facets if f.facet == facet and f.verdict == verdict)

    def distinctive(self, facet: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return what of ``facet`` is hit and what is spared, where that sets the incident apart.

        An outage that hits everybody hits every region: to name those of them that were named
        often enough would mislead. Where nothing is known to be spared, only what is complained
        about more than usual, beyond doubt and by `STANDS_OUT` or more, is returned as hit.
        """
        hit, spared = self.named(facet, "affected"), self.named(facet, "not affected")
        if spared:
            return hit, spared
        louder = {f.name for f in self.facets if f.facet == facet and f.stands_out}
        return tuple(name for name in hit if name in louder), ()
