"""Falls: whether a source brings implausibly little against its own week.

The volume of a source (all that it brings, not only complaints) is followed by the same baseline
as complaints are (`live`): profile of the week, level, what recurs. Against its expectation a sum
runs that gains where the volume looks like ``share`` of the usual and loses where it looks usual
(Page's CUSUM of the quasi-Poisson likelihood ratio). Where it reaches `ENOUGH`,
and no more than ``share`` was brought, the source has fallen since the sum began to grow; it has
recovered when the mirrored sum reaches as much. What is brought in
between teaches the baseline nothing.

A baseline must know a week before it may say so: `WEEK`. Before that nights would be falls.

References
----------
Page (1954), Continuous inspection schemes, Biometrika 41.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import isnan, log

import numpy as np

from detector.detection import live
from detector.detection.options import DetectionOptions
from detector.model.series import Floats

#: Nats; odds of one to a million at the start of every bin.
ENOUGH = 14.0
#: A fall is as long as this at least: a stream that is interrupted for a moment has not fallen.
SHORTEST = timedelta(minutes=10)
#: History that a baseline needs.
WEEK = timedelta(days=7)
#: Dispersion before anything is known, what that counts as (bins), how fast it is forgotten, and
#: standard deviations at which a bin's error is cut.
PRIOR, PRIOR_BINS, KEEP, CUT = 2.0, 30.0, 0.999, 4.0
#: Bins taken at once: a fall or its end takes them anew from where it was noticed.
_PIECE = 1440


@dataclass(frozen=True, slots=True)
class Fall:
    """A volume fell, or is as usual again.

    Attributes
    ----------
    at : right edge of the bin that showed it.
    since : left edge of the first bin that was low.
    seen, expected : volume between the two, and what is usual.
    over : whether it is as usual again.
    """

    at: datetime
    since: datetime
    seen: float
    expected: float
    over: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class VolumeState:
    """What is remembered of one source's volume.

    Attributes
    ----------
    series : the baseline.
    gain : nats for "it has fallen", or for "it is as usual again" while it has.
    bins : bins that the sum has run over since it was zero, with ``seen`` and ``expected`` in them.
    known : observed bins that the baseline rests on.
    low : whether it has fallen.
    error, weight : discounted squared errors and expected volume: their ratio is the dispersion.
    """

    series: live.SeriesState
    gain: float = 0.0
    bins: int = 0
    known: int = 0
    seen: float = 0.0
    expected: float = 0.0
    low: bool = False
    error: float = PRIOR * PRIOR_BINS
    weight: float = PRIOR_BINS


def begin(start: datetime, width: timedelta) -> VolumeState:
    """Return the state before the first bin, which begins at ``start``."""
    return VolumeState(live.begin(DetectionOptions(), start=start, width=width))


def update(
    state: VolumeState, volume: Floats, *, share: float
) -> tuple[VolumeState, tuple[Fall, ...]]:
    """Return the state after the next ``len(volume)`` bins, and what there is to say.

    The result does not depend on how the bins are chunked.

    Parameters
    ----------
    volume : shape (n,), what was brought per bin; nan where not observed.
    share : of the usual volume; what looks like it is a fall. In (0, 1).
    """
    falls: list[Fall] = []
    done = 0
    while done < len(volume):
        piece = volume[done : done + _PIECE]
        state, taken, fall = _until_change(state, piece, share)
        done += taken
        if fall is not None:
            falls.append(fall)
    return state, tuple(falls)


def _until_change(
    state: VolumeState, volume: Floats, share: float
) -> tuple[VolumeState, int, Fall | None]:
    """Take bins up to the one that shows a change, or all."""
    learnt = np.full(len(volume), np.nan) if state.low else volume
    step = live.update(state.series, learnt)
    after, taken, changed = _summed(state, volume, step.expected, share)
    if taken < len(volume):
        step = live.update(state.series, learnt[:taken])
    after = replace(after, series=step.state)
    if not changed:
        return after, taken, None
    at = after.series.end
    since = at - after.bins * after.series.width
    fall = Fall(at, since, after.seen, after.expected, over=state.low)
    return replace(after, low=not state.low, gain=0.0, bins=0, seen=0.0, expected=0.0), taken, fall


def _summed(
    state: VolumeState, volume: Floats, expected: Floats, share: float
) -> tuple[VolumeState, int, bool]:
    """Run the sum over the bins; return how many it took, and whether the last one was enough."""
    width = state.series.width
    fewest, week = 1 if state.low else -(-SHORTEST // width), WEEK // width
    gain, bins, seen, usual = state.gain, state.bins, state.seen, state.expected
    known = state.known
    error, weight = state.error, state.weight
    sign, drop = (-1.0 if state.low else 1.0), log(share)
    taken, changed = 0, False
    for x, mean in zip(volume.tolist(), expected.tolist(), strict=True):
        taken += 1
        bins += 1 if bins else 0
        if isnan(x):
            continue
        known = 0 if isnan(mean) else known + 1
        if known == 0:
            continue
        dispersion = max(error / weight, 1.0)
        step = sign * (x * drop + mean * (1.0 - share)) / dispersion
        if gain + step <= 0.0:
            gain, bins, seen, usual = 0.0, 0, 0.0, 0.0
        else:
            gain, bins, seen, usual = gain + step, max(bins, 1), seen + x, usual + mean
        if not state.low and gain < ENOUGH / 2:
            squared = min((x - mean) ** 2, CUT * CUT * dispersion * mean)
            error, weight = KEEP * error + squared, KEEP * weight + mean
        little = state.low or seen <= share * usual
        if gain >= ENOUGH and bins >= fewest and known >= week and little:
            changed = True
            break
    after = replace(state, gain=gain, bins=bins, seen=seen, expected=usual, known=known)
    return replace(after, error=error, weight=weight), taken, changed
