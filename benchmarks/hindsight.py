"""Hindsight against the live path, on the outages that both have."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from benchmarks import ours
from benchmarks.running import Prepared
from benchmarks.tables import number
from benchmarks.trial import Arena
from detector.detection.hindsight.surges import HindsightSurge, analyze_series
from detector.detection.options import DetectionOptions
from detector.detection.truth_matching import MINUTE, Claim, Outage, match, outages_of
from detector.model.series import CountSeries, SeriesKey
from detector.model.times import from_seconds

Pair = tuple[Outage, Claim]


def claims(services: list[Prepared], options: DetectionOptions) -> list[Claim]:
    """Return what hindsight says of every service, as far as the live path noticed it."""
    return [c for one in services for h in analyzed(one, options) if (c := _claim(one, h))]


def analyzed(one: Prepared, options: DetectionOptions) -> tuple[HindsightSurge, ...]:
    """Return the surges of one service as `analyze` knows them."""
    width, start = timedelta(seconds=one.width), from_seconds(one.start)
    return analyze_series(
        CountSeries(SeriesKey(one.service, ""), start, width, one.counts), options
    )


def _claim(one: Prepared, h: HindsightSurge) -> Claim | None:
    if h.noticed_at is None:
        return None
    last = float(one.start + one.width * len(one.counts))
    return ours.made(one.service, h.onset, h.noticed_at, h.ended_at, last)


def rows(a: Arena) -> list[list[str]]:
    """Return one row for the live path and one for hindsight."""
    options = DetectionOptions()
    outages = outages_of(a.track.truth)
    live, later = (
        match(outages, found) for found in (ours.claims(a.busy, options), claims(a.busy, options))
    )
    both = [
        (o, first, second)
        for o, first, second in zip(outages, live.caught_by, later.caught_by, strict=True)
        if first is not None and second is not None
    ]
    return [
        _row(a.name, "live", [(o, c) for o, c, _ in both]),
        _row(a.name, "hindsight", [(o, c) for o, _, c in both]),
    ]


def _row(track: str, path: str, pairs: list[Pair]) -> list[str]:
    ramps = [(o, c) for o, c in pairs if o.labels.get("shape", "").startswith("ramp")]
    held = [c.earliest <= o.start <= c.latest for o, c in pairs]
    widths = [(c.latest - c.earliest) / MINUTE for _, c in pairs]
    ends = [abs(c.end - o.end) / MINUTE for o, c in pairs if o.ends and not c.is_open]
    return [
        track,
        path,
        str(len(pairs)),
        _two(_starts(pairs)),
        _two(_starts(ramps)),
        f"{number(float(np.mean(held)))}, {number(float(np.median(widths)), 0)}",
        _two(ends),
    ]


def _starts(pairs: list[Pair]) -> list[float]:
    return [abs(c.start - o.start) / MINUTE for o, c in pairs]


def _two(errors: list[float]) -> str:
    if not errors:
        return "–"
    return " / ".join(number(float(np.percentile(errors, p)), 1) for p in (50, 90))
