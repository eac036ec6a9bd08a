"""Complaints: those among the posts of a poll, and those of the last weeks.

Of a post only this is kept: when, about which service, what was said, by whom (a name's hash),
and what it says fails, where and on what.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pandas as pd

from detector.complaints.crowd import LEAST_CHANCE
from detector.complaints.facets import FacetLexicon, tag
from detector.complaints.reader import COUNTED, PostReader, read_posts
from detector.model.details import FACETS

#: How long complaints are kept: they tell what is usual.
KEPT = timedelta(days=28)
#: Small pieces of the archive are joined up to this many complaints.
JOINED = 4096
#: Columns that authors are counted from.
AUTHOR_COLUMNS = ("time", "service", "author", "text")
COLUMNS = (*AUTHOR_COLUMNS, "source", *FACETS)


#: What is kept of a post that may be a complaint until its bin is counted.
CANDIDATE_COLUMNS = (*AUTHOR_COLUMNS, "chance")


def read_candidates(
    posts: pd.DataFrame, source: str, reader: PostReader, facets: FacetLexicon, *, threshold: float
) -> pd.DataFrame:
    """Return the posts about a service that may be complaints, in order of time.

    These are `COLUMNS`, ``chance``, and ``id`` if there. What others than people who cannot use a
    service say (`reader.COUNTED`) has the least chance: a wave of news is no crowd of victims, and
    what the operator says is known by then. Facets are those of complaints only.

    Parameters
    ----------
    threshold : probability from which on a post is a complaint.
    """
    read = read_posts(reader, posts.reset_index(drop=True), unnamed=False)
    repeats = (read["complaint"] >= threshold) & ~read["kind"].isin(COUNTED)
    read["chance"] = read["complaint"].where(~repeats, LEAST_CHANCE)
    found = read[(read["chance"] >= LEAST_CHANCE) & (read["service"] != "")]
    authors = found["author"] if "author" in found else pd.Series("", index=found.index)
    candidates = found[["time", "service", "text", "chance"]].assign(
        author=[_pseudonym(name) for name in authors], source=source, **dict.fromkeys(FACETS, "")
    )
    complaints = found[found["chance"] >= threshold]
    candidates.loc[complaints.index, list(FACETS)] = tag(complaints, facets)[list(FACETS)]
    kept = [*COLUMNS, "chance"]
    if "id" in found:
        candidates = candidates.assign(id=found["id"])
        kept.append("id")
    return candidates[kept].sort_values("time", kind="stable", ignore_index=True)


def complaints_among(candidates: pd.DataFrame, *, threshold: float) -> pd.DataFrame:
    """Return those of `read_candidates` that are complaints, without ``chance``."""
    complaints = candidates[candidates["chance"] >= threshold]
    return complaints.drop(columns="chance").reset_index(drop=True)


def _pseudonym(author: str) -> str:
    """Return a hash by which people are told apart; an unknown name stays empty."""
    return hashlib.blake2b(author.encode(), digest_size=8).hexdigest() if author else ""


@dataclass(frozen=True, slots=True, eq=False)
class Archive:
    """Complaints of the last weeks.

    Attributes
    ----------
    pieces : in order of arrival, each in order of time, by a number that grows. A poll a minute
        brings a piece a minute; they are joined like the digits of a binary counter, so that
        there are few and each complaint is written anew only a dozen times.
    """

    pieces: Mapping[int, pd.DataFrame] = field(default_factory=dict)

    def plus(self, complaints: pd.DataFrame) -> Archive:
        """Return the archive with ``complaints``, without pieces too old to be asked for."""
        if complaints.empty:
            return self
        oldest = complaints["time"].iloc[0] - 2 * KEPT
        kept = {n: p for n, p in self.pieces.items() if p["time"].iloc[-1] >= oldest}
        for number in sorted(kept, reverse=True):
            size = len(kept[number])
            if size >= 2 * len(complaints) or size + len(complaints) > JOINED:
                break
            both = pd.concat([kept.pop(number), complaints], ignore_index=True)
            complaints = both.sort_values("time", kind="stable", ignore_index=True)
        return Archive({**kept, max(self.pieces, default=0) + 1: complaints})

    def about(self, service: str, *, start: datetime, end: datetime) -> pd.DataFrame:
        """Return complaints about ``service`` in ``[start, end)``, in order of time."""
        parts = [
            piece[piece["service"] == service]
            for piece in (_between(whole, start, end) for whole in self.pieces.values())
            if len(piece)
        ]
        if not parts:
            return pd.DataFrame({name: pd.Series(dtype="str") for name in COLUMNS})
        together = pd.concat(parts, ignore_index=True)
        return together.sort_values(["time", "source"], kind="stable", ignore_index=True)


def _between(piece: pd.DataFrame, start: datetime, end: datetime) -> pd.DataFrame:
    """Return the rows of ``[start, end)`` of a piece that is in order of time."""
    first, last = piece["time"].searchsorted([pd.Timestamp(start), pd.Timestamp(end)])
    return piece.iloc[first:last]
