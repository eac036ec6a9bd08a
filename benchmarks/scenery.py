"""The world of a synthetic service before anything breaks: season, drift, and the confounders.

Every function that makes a confounder changes the service in place and notes when it happened;
``chance`` is the probability that this service has one. Bins are minutes since the track's start,
spans are half-open.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from detector.model.series import Floats

DAY, WEEK = 1440, 10080
QUIET_DAYS = 14
CHANCES = {"burst": 1.0, "weekly": 0.45, "step40": 0.25, "dst": 0.27, "dead": 1.0, "zeros": 0.04}
"""Probability that a service has a confounder of each kind, where all are on."""


@dataclass(frozen=True, slots=True)
class Outage:
    """One injected outage: its bins, what was asked for and the base rate when it began."""

    at: int
    until: int
    kind: str
    amplitude: float
    shape: str
    rate: float


@dataclass(slots=True, eq=False)
class Service:
    """One service in the making.

    Attributes
    ----------
    level, phi : base rate (posts per minute) and variance/mean.
    rate : shape (n_bins,), true rate without outages and bursts.
    extra : shape (n_bins,), what outages add.
    events : confounders as (kind, first bin, end bin).
    """

    name: str
    level: float
    phi: float
    rate: Floats
    extra: Floats
    outages: list[Outage] = field(default_factory=list)
    events: list[tuple[str, int, int]] = field(default_factory=list)

    def note(self, kind: str, at: int, until: int) -> None:
        """Note a confounder, cut to the track."""
        self.events.append((kind, at, min(until, len(self.rate))))


def season(s: Service, rng: Generator, chance: float = CHANCES["dst"]) -> Floats:
    """Return the relative rate by local time of week; every fourth service changes its clocks."""
    weekday, weekend = _day_shape(rng), _day_shape(rng) * rng.uniform(0.35, 1.0)
    week = np.concatenate([np.tile(weekday, 5), np.tile(weekend, 2)])
    week /= week.mean()
    local = np.arange(len(s.rate))
    if rng.random() < chance and len(local) > 21 * DAY:
        at = int(rng.integers(QUIET_DAYS, len(local) // DAY - 6)) * DAY + 120
        local = local + np.where(local >= at, int(rng.choice((-60, 60))), 0)
        s.note("dst", at, at + WEEK)
    return np.asarray(week[local % WEEK])


def _day_shape(rng: Generator) -> Floats:
    """Return a smooth day with one main and one lesser hump, night at about a quarter of noon."""
    phase = np.arange(DAY) / DAY * 2 * np.pi
    main = np.exp(rng.uniform(1.0, 2.5) * (np.cos(phase - rng.uniform(0, 2 * np.pi)) - 1))
    lesser = np.exp(rng.uniform(3.0, 8.0) * (np.cos(phase - rng.uniform(0, 2 * np.pi)) - 1))
    shape = 0.25 + main + rng.uniform(0.1, 0.5) * lesser
    return np.asarray(shape / shape.mean())


def drift(n_bins: int, rng: Generator) -> Floats:
    """Return the slow level: a random walk of about 5 % a day, straight within the day."""
    steps = rng.normal(0.0, 0.05, n_bins // DAY + 2).cumsum()
    walk = np.interp(np.arange(n_bins) / DAY, np.arange(len(steps)), steps)
    return np.asarray(np.exp(walk - walk.mean()))


def add_weekly_bump(s: Service, rng: Generator, chance: float = CHANCES["weekly"]) -> None:
    """Give almost half of the services a fixed date: 1.4 to 3 times for 40 to 120 minutes."""
    if rng.random() < chance:
        minutes, times = int(rng.integers(40, 121)), rng.uniform(1.4, 3.0)
        for at in range(int(rng.integers(WEEK - minutes)), len(s.rate), WEEK):
            s.rate[at : at + minutes] *= times
            s.note("weekly", at, at + minutes)


def add_step(s: Service, rng: Generator, chance: float = CHANCES["step40"]) -> None:
    """Let a quarter of the services gain 40 % for good; noted for the first day."""
    if rng.random() < chance and len(s.rate) > 21 * DAY:
        at = int(rng.integers(QUIET_DAYS * DAY, len(s.rate) - 5 * DAY))
        s.rate[at:] *= 1.4
        s.note("step40", at, at + DAY)


def bursts(s: Service, rng: Generator, chance: float = CHANCES["burst"]) -> Floats:
    """Return the factor of bursts: three in five weeks, 1 to 3 minutes, 3 to 12 times."""
    factor = np.ones(len(s.rate))
    for _ in range(int(rng.poisson(chance * 3.0 * len(s.rate) / (5 * WEEK)))):
        at, minutes = int(rng.integers(len(s.rate) - 3)), int(rng.integers(1, 4))
        least = 6.0 / float(s.rate[at])
        factor[at : at + minutes] = max(float(np.exp(rng.uniform(np.log(3), np.log(12)))), least)
        s.note("burst", at, at + minutes)
    return factor


def observed_bins(s: Service, rng: Generator, chance: float = CHANCES["dead"]) -> NDArray[np.bool_]:
    """Return which bins have a row: the source dies one to three times, 20 minutes to 6 hours."""
    observed = np.ones(len(s.rate), dtype=bool)
    if chance <= 0:
        return observed
    for _ in range(int(rng.integers(1, 4))):
        minutes = round(float(np.exp(rng.uniform(np.log(20), np.log(360)))))
        at = int(rng.integers(DAY, len(observed) - minutes))
        observed[at : at + minutes] = False
        s.note("dead", at, at + minutes)
    return observed


def add_zeros(s: Service, drawn: Floats, rng: Generator, chance: float = CHANCES["zeros"]) -> None:
    """Let one service in 25 report zero for four days without outage, though it is not quiet."""
    if rng.random() < chance and len(drawn) > 21 * DAY:
        at = int(rng.integers(QUIET_DAYS, len(drawn) // DAY - 5)) * DAY
        if all(o.until <= at or o.at >= at + 4 * DAY for o in s.outages):
            drawn[at : at + 4 * DAY] = 0.0
            s.note("zeros", at, at + 4 * DAY)
