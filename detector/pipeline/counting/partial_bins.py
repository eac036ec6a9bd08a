"""Partial bins: what posts amount to at instants within a bin, judged before the bin is over.

The instants lie at fixed places of the posts' own time, so that what is found does not depend on
when runs happen: one is judged when everything up to it was polled and is later than the allowed
lateness, as a bin is at its right edge. Only instants up to which one more author wrote than up to
the last one are kept: the others say nothing new.

Clocks that are read to the minute say of a post of the whole minute that it came in the minute's
first second. So a post whose time is a whole minute counts from the end of that minute on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from detector.detection.kernels.bin_update import NO_PARTIAL_BINS
from detector.model.series import Floats
from detector.model.spans import Spans

#: Seconds between instants, at least, and parts that a wide bin is divided into by them.
LEAST_SECONDS, PARTS = 15, 20


class Judged(NamedTuple):
    """Which partial bins to judge: those up to ``(after, until]``, seconds since 1970."""

    after: float
    until: float


def seconds_between(width: int) -> int:
    """Return the seconds between instants in bins of ``width`` seconds."""
    return max(LEAST_SECONDS, -(-width // PARTS))


def last_instant(second: float, width: int) -> float:
    """Return the last instant, or edge of a bin, up to ``second``."""
    left = second // width * width
    every = seconds_between(width)
    return left + (second - left) // every * every


def partial_bins_of(
    written: Floats, start: float, width: int, judged: Judged, observed: Spans
) -> Floats:
    """Return the partial bins from ``start`` on, as `detection.live.update` takes them.

    Parameters
    ----------
    written : shape (n,), when an author wrote who counts, ascending, seconds since 1970.
    start : left edge of the first bin.
    width : of a bin, seconds.
    observed : when was polled; up to an instant its bin must have been observed in full.
    """
    times = written[(written >= start) & (written < judged.until)]
    lefts = times // width * width
    place = _first_instants(times, lefts, seconds_between(width))
    inside = place < width
    # Posts of whole minutes wait and may be overtaken.
    at = np.sort(lefts[inside] + place[inside])
    if not len(at):
        return NO_PARTIAL_BINS
    instants, index = np.unique(at, return_index=True)
    lefts = instants // width * width
    counts = np.r_[index[1:], len(at)] - np.searchsorted(at, lefts)
    new = (instants > judged.after) & (instants <= judged.until)
    new &= observed.hold_whole(lefts, instants - lefts)
    bins = np.round((lefts - start) / width)
    return np.stack([bins, lefts + width - instants, counts.astype(np.float64)])[:, new]


def _first_instants(times: Floats, lefts: Floats, every: int) -> Floats:
    """Return how many seconds into its bin the first instant lies at which each author counts."""
    into = times - lefts
    read_to_the_minute = times % 60 == 0
    return every * np.where(
        read_to_the_minute, np.ceil((into + 60) / every), np.floor(into / every) + 1
    )
