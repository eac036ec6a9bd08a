"""Surge shapes: how the extra rate of an outage rises, holds, fails again and fades.

A shape is an array of relative rates, shape (minutes,), 0 <= value <= 1, its first value above
zero: bin 0 is the first minute with added rate.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from detector.model.series import Floats

KINDS = ("step", "ramp5", "ramp15", "ramp30", "flap", "wave")
WEIGHTS = (0.20, 0.05, 0.11, 0.03, 0.15, 0.46)


def shape_of(kind: str, minutes: int, rng: Generator) -> Floats:
    """Return one shape of ``kind`` (one of `KINDS`), ``minutes`` long at most.

    Only "wave" and "flap" are random. A wave ends where it falls under a tenth of its peak for
    good, which is how the truth's ``end`` is defined, so it may be shorter than asked for.
    """
    if kind == "step":
        return np.ones(minutes)
    if kind.startswith("ramp"):
        return _ramp(int(kind[4:]), minutes)
    return {"flap": _flap, "wave": _wave}[kind](minutes, rng)


def _ramp(rise: int, minutes: int) -> Floats:
    since = np.arange(1, minutes + 1)
    return np.minimum(1.0, since / rise)


def _flap(minutes: int, rng: Generator) -> Floats:
    """Return one that fails, recovers for 5 to 20 minutes, fails again; fails at both ends."""
    shape = np.ones(minutes)
    at = int(rng.integers(10, 30))
    while at < minutes - 15:
        pause = int(rng.integers(5, 21))
        shape[at : min(at + pause, minutes - 5)] = 0.0
        at += pause + int(rng.integers(10, 60))
    return shape


def _wave(minutes: int, rng: Generator) -> Floats:
    """Return a topic's life: saturating rise, plateau with a slow swell, exponential decay."""
    since = np.arange(1, minutes + 1) / minutes
    pace, power, top = rng.uniform(0.03, 0.2), rng.uniform(0.8, 2.0), rng.uniform(0.2, 0.6)
    rise = 1.0 - np.exp(-((since / pace) ** power))
    decay = np.exp(-np.maximum(0.0, since - top) / rng.uniform(0.15, 0.45))
    turns = rng.uniform(1, 3) * since + rng.uniform()
    shape = rise * decay * (1.0 + rng.uniform(0.0, 0.4) * np.sin(2 * np.pi * turns))
    shape /= shape.max()
    alive = np.flatnonzero(shape >= 0.1)
    return np.asarray(shape[: alive[-1] + 1])
