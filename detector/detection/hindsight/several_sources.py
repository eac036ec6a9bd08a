"""One service at several sources, looked back at together.

An outage multiplies the complaints by about the same factor wherever they are counted, so the sums
of counts and of what was usual tell it best. Only what two sources show counts: a burst at one of
them is that source's affair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import log

import numpy as np

from detector.detection.hindsight.findings import Findings, HindsightSurge
from detector.detection.hindsight.whole_series import HindsightOptions, find_against
from detector.detection.options import DetectionOptions
from detector.model.merge import TOGETHER
from detector.model.series import CountSeries, Floats, SeriesKey
from detector.model.surge import Agreement

#: Nats of its own from which on a source shows what the others show.
SHOWS = 1.5


def find_together(
    parts: Sequence[tuple[CountSeries, Findings]],
    options: HindsightOptions,
    detection: DetectionOptions,
) -> tuple[tuple[HindsightSurge, tuple[Agreement, ...]], ...]:
    """Return the surges that the sums of several sources show, and what each source says of them.

    Parameters
    ----------
    parts : every source's series of one service, and what it shows by itself.
    """
    width = max(series.width for series, _ in parts)
    start = min(series.start for series, _ in parts)
    end = max(series.end for series, _ in parts)
    n = -((start - end) // width)
    rows = [_laid(series, found, start, width, n) for series, found in parts]
    counts, expected = (_sum([row[i] for row in rows]) for i in (0, 1))
    service = parts[0][0].key.service
    together = CountSeries(SeriesKey(service, TOGETHER), start, width, counts)
    found = find_against(together, expected, options, detection)
    told = []
    for surge in found.incidents:
        agreement = tuple(_agreement(series, own, surge) for series, own in parts)
        if sum((a.evidence or 0.0) >= SHOWS for a in agreement) >= 2:
            told.append((surge, agreement))
    return tuple(told)


def _laid(
    series: CountSeries, found: Findings, start: datetime, width: timedelta, n: int
) -> tuple[Floats, Floats]:
    """Return counts and expected in the common bins; nan where not all of a bin was observed."""
    own = series.width
    per = max(round(width / own), 1)
    at = round((series.start - start) / own)
    out = np.full((2, n * per), np.nan)
    both = np.isfinite(series.counts) & np.isfinite(found.expected)
    length = min(len(series.counts), n * per - at)
    for row, values in zip(out, (series.counts, found.expected), strict=True):
        row[at : at + length] = np.where(both, values, np.nan)[:length]
    summed = out.reshape(2, n, per).sum(axis=2)
    return summed[0], summed[1]


def _sum(rows: Sequence[Floats]) -> Floats:
    table = np.stack(rows)
    seen = np.isfinite(table).any(axis=0)
    return np.where(seen, np.nansum(table, axis=0), np.nan)


def _agreement(series: CountSeries, found: Findings, surge: HindsightSurge) -> Agreement:
    """Return what one source says of ``surge``: its own log-likelihood ratio, nats."""
    end = surge.ended_at or series.end
    first = max(int((surge.onset.at - series.start) // series.width), 0)
    last = max(int(-((series.start - end) // series.width)), first)
    counts, usual = series.counts[first:last], found.expected[first:last]
    seen = np.isfinite(counts) & np.isfinite(usual)
    if not seen.any():
        return Agreement(series.key.source, None)
    y, mu = float(counts[seen].sum()), max(float(usual[seen].sum()), 1e-9)
    return Agreement(series.key.source, y * log(y / mu) - y + mu if y > mu else 0.0)


def shared(options: HindsightOptions, series: int) -> HindsightOptions:
    """Return ``options`` for one of so many series of a service, which share what is bearable."""
    return replace(options, false_incidents_per_year=options.false_incidents_per_year / series)
