"""One bin after another of several sources: what they say together.

An outage multiplies the complaints about a service by about the same factor wherever they are
counted. For a factor common to all sources the sums of counts and of expected counts, each source
divided by its dispersion, are sufficient: the log-likelihood ratios of the sources add up to the
ratio of the sums, term by term, in every bin by those that were observed in it. So the search over
starts is that of a single source (`sequential`), and a source that stays quiet counts against.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from detector.detection import (
    baseline,
    bin_update,
    calibration,
    start_search,
    surge_course,
)
from detector.detection.compiled import compiled
from detector.detection.explanations import evidence_of
from detector.detection.onset import Ints
from detector.detection.series_record import RING, bins_of
from detector.model.series import Floats

#: Rows of what each source says per bin.
COUNT, EXPECTED, WEIGHED, DISPERSION, VARIANCE = 0, 1, 2, 3, 4
ROWS = 5
#: Sources that must see a surge for it to be one of several, and evidence of its own that each of
#: them must have, nats.
FEWEST, AGREES = 2, 1.5
#: Nats that the sum must show on top. It is a further detector of the same service, and what a
#: single source explains away for itself (a clock that was moved) the sum cannot.
DEARER = 0.6


@compiled
def own_evidence(said: Floats, first: int, last: int) -> float:
    """Return the evidence of one source for a surge in the bins ``[first, last]``.

    Parameters
    ----------
    said : shape (`ROWS`, n), what it said; nan where it was not weighed.

    Returns
    -------
    Nats, 0 where it saw no more than usual, nan where it was not observed at all.
    """
    x = 0.0
    mass = 0.0
    doubt = 0.0
    for i in range(first, last + 1):
        if not np.isnan(said[WEIGHED, i]):
            spread = baseline.tamed_dispersion(said[EXPECTED, i], said[DISPERSION, i])
            x += said[WEIGHED, i] / spread
            mass += said[EXPECTED, i] / spread
            doubt += said[EXPECTED, i] / spread * said[VARIANCE, i]
    if mass <= 0.0:
        return np.nan
    return evidence_of(x, mass, doubt / mass)


@compiled
def _add_to_ring(hot: Any, count: float, expected: float, bins: int) -> None:
    """Add a count to the bins that it covers, the newest of which is now; they share it."""
    for b in range(max(hot.bins - bins + 1, 0), hot.bins + 1):
        j = b % RING
        if np.isnan(hot.count[j]):
            hot.count[j] = 0.0
            hot.expected[j] = 0.0
        hot.count[j] += count / bins
        hot.expected[j] += expected / bins


@compiled
def _burst(hot: Any, minutes: float) -> float:
    """Return the surplus of the newest few bins, divided by the dispersion."""
    total = 0.0
    for i in range(min(bin_update._burst_bins(minutes), hot.bins + 1)):
        j = (hot.bins - i) % RING
        total += hot.old_events[j] - hot.old_weight[j]
    return max(total, 0.0)


@compiled
def _pool(hot: Any, said: Floats, widths: Ints, i: int, sums: Floats) -> bool:
    """Add up what the sources say in bin ``i``; return whether any says anything.

    ``sums`` gets counts and expected counts over the dispersion, the relative variance of the
    latter, and the dispersion of the plain sum. Errors of the expectation are taken to be the same
    at all sources: a holiday is one everywhere.
    """
    j = hot.bins % RING
    hot.count[j] = np.nan
    hot.expected[j] = np.nan
    sums[:] = 0.0
    plain = 0.0
    for s in range(said.shape[0]):
        if np.isnan(said[s, WEIGHED, i]):
            continue
        expected, dispersion = said[s, EXPECTED, i], said[s, DISPERSION, i]
        spread = baseline.tamed_dispersion(expected, dispersion)
        sums[0] += said[s, WEIGHED, i] / spread
        sums[1] += expected / spread
        sums[2] += expected / spread * sqrt(said[s, VARIANCE, i])
        sums[3] += expected * dispersion
        plain += expected
        _add_to_ring(hot, said[s, COUNT, i], expected, widths[s])
    hot.old_events[j] = sums[0]
    hot.old_weight[j] = sums[1]
    if plain <= 0.0:
        return False
    sums[2] = (sums[2] / sums[1]) ** 2
    sums[3] /= plain
    return True


@compiled
def _density(hot: Any, minutes: float) -> float:
    """Return how many posts the remembered bins expected a minute, over the dispersion."""
    total, bins = 0.0, 0
    for j in range(RING):
        if hot.old_weight[j] > 0.0:
            total += hot.old_weight[j]
            bins += 1
    return total / (max(bins, 1) * minutes)


@compiled
def _agreeing(hot: Any, said: Floats, i: int) -> int:
    """Return how many sources have evidence of their own since the best start."""
    first = max(i - (hot.bins - surge_course._best_start(hot)), 0)
    n = 0
    for s in range(said.shape[0]):
        if own_evidence(said[s], first, i) >= AGREES:
            n += 1
    return n


@compiled
def run(
    hots: Any,
    said: Floats,
    widths: Ints,
    closed: Floats,
    before: int,
    first: int,
    width: int,
    base: calibration.Base,
    rises: Floats,
    changes: Any,
    evidence: Floats,
) -> Any:
    """Take the bins behind the first ``before`` until they end or ``changes`` is full.

    Parameters
    ----------
    hots : the record, changed in place.
    said : shape (n_sources, `ROWS`, before + n), what the sources said; a wide bin at its last.
    widths : shape (n_sources,), bins that a source's own bins cover.
    closed : shape (before + n,), 1 where a source's own surge was over: the search begins anew.
    before : columns that were taken before; kept for what sources said since a start.
    first, width : left edge of bin 0 ever, width of a bin, seconds.
    base : threshold of a series that behaves; here it is `DEARER`.
    rises : `onset.rise_table` of the bins' width.
    changes : room for changes.
    evidence : shape (before + n,), written to.

    Returns
    -------
    Bins taken, number of changes.
    """
    hot = hots[0]
    minutes = width / 60.0
    search = surge_course.new_search(rises)
    threshold = calibration.threshold_now(hot, base) + DEARER
    sums = np.empty(4)
    n = 0
    oldest = max(bins_of(bin_update.LONGEST_SEARCH, minutes, RING - 8), bin_update.FEWEST_STARTS)
    for i in range(before, said.shape[2]):
        if n + 2 > changes.shape[0]:
            return i - before, n
        day = (first + hot.bins * width) // 86400
        if day != hot.day:
            if hot.day >= 0:
                calibration.end_day(hot, _density(hot, minutes))
                threshold = calibration.threshold_now(hot, base) + DEARER
            hot.day = day
        if closed[i] > 0.0:
            start_search.forget(hot)
        if _pool(hot, said, widths, i, sums):
            if hot.open == 1:
                j = hot.bins % RING
                search.first[:] = -1  # wide bins add to bins that were weighed before
                n = surge_course.continue_surge(
                    hot, hot.count[j], hot.expected[j], sums[3], minutes, search, changes, n
                )
            else:
                start_search.observe(
                    hot,
                    sums[0],
                    sums[1],
                    sums[1],
                    sums[1],
                    _burst(hot, minutes),
                    bin_update._burst_bins(minutes),
                    sums[2],
                    hot.bins - oldest,
                    0,
                )
                hot.highest = max(hot.highest, hot.evidence)
                if hot.evidence >= threshold and _agreeing(hot, said, i) >= FEWEST:
                    evidence[i] = hot.evidence
                    surge_course.raise_alarm(hot, sums[3], minutes, search)
                    n = surge_course.tell(hot, surge_course.OPENED, -1, changes, n)
        evidence[i] = hot.evidence if hot.open == 0 else max(evidence[i], 0.0)
        hot.bins += 1
    return said.shape[2] - before, n
