"""Seeded detection tracks: over-dispersed seasonal counts, outages, and what is no outage.

Everything is analytic and drawn from one seed; nothing is copied from recorded series, so the
tracks can be made anywhere. Durations, base rates, burst rate and sizes follow the development
benchmark that issue 3 describes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from numpy.random import Generator

from benchmarks import scenery
from benchmarks.scenery import DAY, QUIET_DAYS, Outage, Service
from benchmarks.shapes import KINDS, WEIGHTS, shape_of
from detector.model.series import Floats

LEVELS = (0.1, 1.5, 15.0)
DISPERSIONS = (1.0, 1.5, 3.0)
MULTIPLES = (2.0, 3.0, 5.0, 10.0, 30.0)
ADDITIONS = (0.5, 1.0, 2.0, 5.0)
APART = 240
"""Minutes between two outages of one service, at least: closer ones would be one incident."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to generate: the same recipe gives the same track.

    Attributes
    ----------
    seed : of everything random.
    services : how many; levels and dispersions alternate over them.
    days : length of every series in days of 1-minute bins, more than 16.
    outages : most outages per service (at least half of it, rounded up); 0 for a null track.
    start : left edge of the first bin, a Monday.
    only : kinds of confounder that every service has, and no others; None: all, each as seldom
        as `scenery.CHANCES` says.
    """

    seed: int
    services: int = 36
    days: int = 35
    outages: int = 4
    start: datetime = datetime(2024, 9, 2, tzinfo=UTC)
    only: frozenset[str] | None = None

    def chance(self, kind: str) -> float:
        """Return the probability that a service has a confounder of ``kind``."""
        return scenery.CHANCES[kind] if self.only is None else float(kind in self.only)


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One benchmark track.

    Attributes
    ----------
    counts : ``time, service, count``, absent rows where not observed.
    truth : ``service, start, end, kind, amplitude, shape, baseline, rate, phi``; times ISO 8601.
    confounders : ``service, kind`` and, if known, ``start, end``: what is not an outage.
    rates : per service the true rate without outages and bursts, shape (n_bins,), posts per bin;
        empty where nobody knows it.
    phi : per service the true variance/mean; empty where nobody knows it.
    """

    counts: pd.DataFrame
    truth: pd.DataFrame
    confounders: pd.DataFrame
    rates: Mapping[str, Floats] = field(default_factory=dict)
    phi: Mapping[str, float] = field(default_factory=dict)


TRUTH = ["service", "start", "end", "kind", "amplitude", "shape", "baseline", "rate", "phi"]


def generate(recipe: Recipe) -> Track:
    """Return the track of ``recipe``; every service draws from its own child of the seed."""
    seeds = np.random.SeedSequence(recipe.seed).spawn(recipe.services)
    made = [_make(i, recipe, np.random.default_rng(s)) for i, s in enumerate(seeds)]
    services = [s for s, _ in made]
    start = pd.Timestamp(recipe.start)
    return Track(
        counts=pd.concat([counts for _, counts in made], ignore_index=True),
        truth=pd.DataFrame([_row(s, o, start) for s in services for o in s.outages], columns=TRUTH),
        confounders=pd.DataFrame(
            [(s.name, k, _iso(start, a), _iso(start, b)) for s in services for k, a, b in s.events],
            columns=["service", "kind", "start", "end"],
        ),
        rates={s.name: s.rate for s in services},
        phi={s.name: s.phi for s in services},
    )


def _make(i: int, recipe: Recipe, rng: Generator) -> tuple[Service, pd.DataFrame]:
    n = recipe.days * DAY
    level = LEVELS[i % len(LEVELS)]
    phi = DISPERSIONS[i // len(LEVELS) % len(DISPERSIONS)]
    s = Service(f"svc{i:02d}", level, phi, np.zeros(n), np.zeros(n))
    s.rate = level * scenery.season(s, rng, recipe.chance("dst")) * scenery.drift(n, rng)
    scenery.add_weekly_bump(s, rng, recipe.chance("weekly"))
    scenery.add_step(s, rng, recipe.chance("step40"))
    _add_outages(s, recipe.outages, rng)
    burst = scenery.bursts(s, rng, recipe.chance("burst"))
    drawn = _negative_binomial(s.rate * burst + s.extra, s.phi, rng)
    observed = scenery.observed_bins(s, rng, recipe.chance("dead"))
    scenery.add_zeros(s, drawn, rng, recipe.chance("zeros"))
    times = pd.date_range(recipe.start, periods=n, freq="min", unit="s")
    return s, pd.DataFrame({"time": times, "service": s.name, "count": drawn})[observed]


def _add_outages(s: Service, most: int, rng: Generator) -> None:
    """Add between half of ``most`` and ``most`` outages after the quiet days, well apart."""
    wanted = int(rng.integers((most + 1) // 2, most + 1)) if most else 0
    for _ in range(20 * wanted):
        if len(s.outages) == wanted:
            return
        kind = str(rng.choice(KINDS, p=WEIGHTS))
        shape = shape_of(kind, _minutes(rng), rng)
        at = int(rng.integers(QUIET_DAYS * DAY + 5, len(s.rate) - len(shape) - 60))
        until = at + len(shape)
        if all(until + APART < o.at or at > o.until + APART for o in s.outages):
            s.outages.append(_add_outage(s, at, kind, shape, rng))


def _minutes(rng: Generator) -> int:
    """Return 15 minutes to 8 hours: six in ten log-uniform, the others uniform."""
    low, high = 15.0, 480.0
    if rng.random() < 0.6:
        return round(float(np.exp(rng.uniform(np.log(low), np.log(high)))))
    return round(float(rng.uniform(low, high)))


def _add_outage(s: Service, at: int, kind: str, shape: Floats, rng: Generator) -> Outage:
    """Add ``shape`` times a drawn amplitude; absolute at the lowest level, else times the base."""
    base, until = float(s.rate[at]), at + len(shape)
    if s.level > min(LEVELS):
        amplitude = float(rng.choice(MULTIPLES))
        s.extra[at:until] += (amplitude - 1) * base * shape
        return Outage(at, until, "mult", amplitude, kind, base)
    amplitude = float(rng.choice(ADDITIONS))
    s.extra[at:until] += amplitude * shape
    return Outage(at, until, "add", amplitude, kind, base)


def _negative_binomial(rate: Floats, phi: float, rng: Generator) -> Floats:
    """Return counts with the given mean and variance ``phi`` times it (Poisson for 1)."""
    mixed = rng.gamma(np.maximum(rate, 1e-12) / (phi - 1), phi - 1) if phi > 1 else rate
    return rng.poisson(mixed).astype(np.float64)


def _row(s: Service, o: Outage, start: pd.Timestamp) -> tuple[object, ...]:
    span = _iso(start, o.at), _iso(start, o.until)
    return (s.name, *span, o.kind, o.amplitude, o.shape, s.level, round(o.rate, 4), s.phi)


def _iso(start: pd.Timestamp, minute: int) -> str:
    return f"{start + pd.Timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ}"
