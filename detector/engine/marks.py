"""Marks: the instants within a bin at which its posts may be judged before it is over.

Marks lie at fixed places of the posts' own time, so that what is said does not depend on when turns
happen to run: one is judged when everything up to it was looked at and has settled, as a bin is at
its right edge. Only marks up to which one more voice was heard than up to the last one are kept:
the others say nothing new.

Clocks that are read to the minute say of a post of the whole minute that it came in the minute's
first second. So a post whose time is a whole minute counts from the end of that minute on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from detector.detection.early import NO_MARKS
from detector.domain.series import Floats
from detector.domain.spans import Spans

#: Seconds from mark to mark, at least, and parts that a wide bin is divided into by them.
LEAST, PARTS = 15, 20


class Judged(NamedTuple):
    """Which marks to judge: those in ``(after, until]``, seconds since 1970."""

    after: float
    until: float


def mark_seconds(width: int) -> int:
    """Return the seconds from mark to mark in bins of ``width`` seconds."""
    return max(LEAST, -(-width // PARTS))


def last_mark(second: float, width: int) -> float:
    """Return the last mark, or edge of a bin, up to ``second``."""
    left = second // width * width
    every = mark_seconds(width)
    return left + (second - left) // every * every


def marks_of(voices: Floats, start: float, width: int, judged: Judged, observed: Spans) -> Floats:
    """Return the marks of bins from ``start`` on, as `detection.live.update` takes them.

    Parameters
    ----------
    voices : shape (n,), when a voice was heard, ascending, seconds since 1970.
    start : left edge of the first bin.
    width : of a bin, seconds.
    observed : when was looked; up to a mark its bin must have been observed in full.
    """
    heard = voices[(voices >= start) & (voices < judged.until)]
    lefts = heard // width * width
    place = _first_marks(heard, lefts, mark_seconds(width))
    inside = place < width
    # Posts of whole minutes wait and may be overtaken.
    at = np.sort(lefts[inside] + place[inside])
    if not len(at):
        return NO_MARKS
    marks, index = np.unique(at, return_index=True)
    lefts = marks // width * width
    counts = np.r_[index[1:], len(at)] - np.searchsorted(at, lefts)
    new = (marks > judged.after) & (marks <= judged.until)
    new &= observed.hold_whole(lefts, marks - lefts)
    bins = np.round((lefts - start) / width)
    return np.stack([bins, lefts + width - marks, counts.astype(np.float64)])[:, new]


def _first_marks(heard: Floats, lefts: Floats, every: int) -> Floats:
    """Return how many seconds into its bin the first mark lies at which each voice counts."""
    into = heard - lefts
    read_to_the_minute = heard % 60 == 0
    return every * np.where(
        read_to_the_minute, np.ceil((into + 60) / every), np.floor(into / every) + 1
    )
