"""Our detector on a track: the public path, `detector.detection.live`, nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

from benchmarks.running import Prepared
from detector.detection import live
from detector.detection.options import DetectionOptions
from detector.detection.truth_matching import Claim
from detector.model.surge import Onset, Surge
from detector.model.times import from_seconds, to_seconds

NAME = "outage-detector"


def claims(services: list[Prepared], options: DetectionOptions) -> list[Claim]:
    """Return what the live path says of every service, each surge as it was last told."""
    return [claim(s.service, surge, s) for s in services for surge in surges(s, options)]


def surges(one: Prepared, options: DetectionOptions) -> list[Surge]:
    """Return the surges of one service as last told, in the order they were noticed."""
    state = live.begin(options, start=from_seconds(one.start), width=timedelta(seconds=one.width))
    told: dict[datetime, Surge] = {}
    for change in live.update(state, one.counts).changes:
        told[change.surge.noticed_at] = change.surge
    return list(told.values())


def claim(service: str, surge: Surge, one: Prepared) -> Claim:
    """Return ``surge`` as a claim; an open one lasts to the end of the series."""
    end = one.start + one.width * len(one.counts)
    return made(service, surge.onset, surge.noticed_at, surge.ended_at, float(end))


def made(
    service: str, onset: Onset, noticed: datetime, ended: datetime | None, last: float
) -> Claim:
    """Return a claim of domain values; ``last`` is where an open one ends."""
    start = float(to_seconds(onset.at))
    return Claim(
        service=service,
        start=start,
        noticed=float(to_seconds(noticed)),
        end=last if ended is None else max(float(to_seconds(ended)), start),
        is_open=ended is None,
        earliest=float(to_seconds(onset.earliest)),
        latest=float(to_seconds(onset.latest)),
    )
