"""What kind of surge it is: people who suffer, the press that reports, or a handful of accounts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import pandas as pd

from detector.language.proportion import Interval, wilson
from detector.language.voices import has_link, in_order, is_voice

FEW_AUTHORS = 10
"""Fewer accounts than this, each writing `MANY_EACH` posts or more, are a brigade."""

MANY_EACH = 10


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
        voices=int(is_voice(ordered).sum()),
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
