"""A trial: every method on one pair of tracks, one with outages and one without."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from benchmarks import ours
from benchmarks.methods import Rival
from benchmarks.running import TOLERATED, Prepared, claims, prepare, tuned
from benchmarks.synthetic import Track
from detector.detection.evaluation import Evaluation, figures
from detector.detection.options import DetectionOptions
from detector.detection.truth_matching import (
    Claim,
    Coverage,
    Matching,
    coverage_of,
    match,
    outages_of,
)

RATES = (0.03, 0.1, 0.25, 1.0)
"""False alarms per service-week asked for along the curve."""
LOOSENED = (0.0003, 0.003, 0.03, 0.3, 3.0)
"""The same where real bursts are not ours to prevent: from hardly ever to often."""


@dataclass(frozen=True, slots=True, eq=False)
class Arena:
    """A pair of tracks, prepared.

    Attributes
    ----------
    name : as in headings.
    busy, quiet : the services of the track with outages and of the one without.
    track, null : the tracks themselves.
    observed, observed_null : what they cover.
    """

    name: str
    track: Track
    null: Track
    busy: list[Prepared]
    quiet: list[Prepared]
    observed: tuple[Coverage, ...]
    observed_null: tuple[Coverage, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What one method does in one arena at one setting.

    Attributes
    ----------
    method : its name.
    false_alarms_per_week : on the track without outages.
    matching, figures : on the track with outages.
    alarms : what it says on the track without outages.
    seconds : to run the track with outages.
    """

    method: str
    false_alarms_per_week: float
    matching: Matching
    figures: Evaluation
    alarms: list[Claim]
    seconds: float


def arena(name: str, track: Track, null: Track) -> Arena:
    """Return the pair of tracks, prepared for every method."""
    busy, quiet = prepare(track), prepare(null)
    return Arena(name, track, null, busy, quiet, _observed(track, busy), _observed(null, quiet))


def _observed(track: Track, services: Sequence[Prepared]) -> tuple[Coverage, ...]:
    return coverage_of(track.counts, timedelta(seconds=services[0].width))


def run_ours(a: Arena, asked: float = DetectionOptions().max_false_pages_per_week) -> Result:
    """Return our result when at most ``asked`` false pages per service-week are wanted."""
    options = DetectionOptions(max_false_pages_per_week=asked)
    ours.claims(a.busy[:1], options)
    began = time.perf_counter()
    found = ours.claims(a.busy, options)
    seconds = time.perf_counter() - began
    return _result(a, ours.NAME, found, ours.claims(a.quiet, options), seconds)


def run_rival(a: Arena, rival: Rival, tolerated: float = TOLERATED) -> Result:
    """Return ``rival``'s result at the lowest threshold that keeps to ``tolerated`` on the null."""
    threshold = tuned(rival, a.quiet, tolerated)
    began = time.perf_counter()
    found = claims(rival, threshold, a.busy)
    seconds = time.perf_counter() - began
    return _result(a, rival.name, found, claims(rival, threshold, a.quiet), seconds)


def run_matched(a: Arena, rival: Rival, false_alarms: int) -> Result:
    """Return ``rival``'s result at the lowest threshold with at most ``false_alarms`` on ``busy``.

    For tracks that have no twin without outages; the rival is tuned on what judges it.
    """
    outages = outages_of(a.track.truth)
    low, high = np.log(rival.thresholds)
    while high - low > 0.005:
        middle = (low + high) / 2
        said = match(outages, claims(rival, float(np.exp(middle)), a.busy))
        low, high = (low, middle) if len(said.false) <= false_alarms else (middle, high)
    found = claims(rival, float(np.exp(high)), a.busy)
    return _result(a, rival.name, found, [], 0.0)


def _result(
    a: Arena, method: str, found: list[Claim], alarms: list[Claim], seconds: float
) -> Result:
    matching = match(outages_of(_grouped(a.track.truth)), found)
    weeks = sum(c.weeks for c in a.observed_null)
    evaluation = figures(matching, a.observed)
    return Result(method, len(alarms) / weeks, matching, evaluation, alarms, seconds)


def _grouped(truth: pd.DataFrame) -> pd.DataFrame:
    """Return the truth with labels as the tables group them: recorded shapes are one group."""
    recorded = truth["shape"].astype(str).str.contains(":", regex=False)
    sign = truth["kind"].map({"add": "+", "mult": "x"}).fillna("")
    size = sign + truth["amplitude"].map("{:g}".format)
    return truth.assign(shape=truth["shape"].mask(recorded, "recorded surge"), size=size)
