"""Worlds: series that are unlike the generated tracks, each the way some real series is.

A world is a handful of services under one hardship: days of outage, a week of holidays, missing
bins, bursts in bins of many widths, rates that wander by themselves, nights without a post. What is
hard is in the docstrings. Everything is drawn from one seed and the world's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from scipy.signal import lfilter

from detector.model.series import Floats

#: Left edge of every series, a Monday, seconds since 1970.
START = 1_772_409_600
DAY, WEEK = 86400, 604800
#: Complaints a minute.
LEVELS = (0.1, 1.5, 15.0)


class Span(NamedTuple):
    """Bins ``[first, end)`` in which something fails."""

    first: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One service.

    Attributes
    ----------
    name : of the service.
    counts : shape (n,), nan where not observed.
    outages : in order.
    """

    name: str
    counts: Floats
    outages: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """A hardship, and how to make services under it.

    Attributes
    ----------
    name, about : as in the table.
    width : of a bin, seconds.
    make : given the randomness, yields the services.
    """

    name: str
    about: str
    width: int
    make: Callable[[Generator], Iterator[Line]]

    def lines(self, seed: int) -> list[Line]:
        """Return the services that ``seed`` gives."""
        return list(self.make(np.random.default_rng([seed, *self.name.encode()])))


def usual(rng: Generator, level: float, days: float, width: int = 60) -> Floats:
    """Return the expected posts per bin of a service that behaves: day, week, a slow drift."""
    second = np.arange(int(days * DAY) // width) * width
    hour = (second / 3600 + rng.integers(0, 24)) % 24
    shape = np.exp(0.8 * np.cos((hour - 15) * np.pi / 12) + 0.3 * np.cos((hour - 20) * np.pi / 6))
    shape *= np.where(second // DAY % 7 < 5, 1.0, 0.8)
    knots = np.cumsum(rng.normal(0, 0.06, int(days) + 2))
    drift = np.exp(np.interp(second / DAY, np.arange(len(knots)), knots - knots.mean()))
    return np.asarray(level * width / 60 * shape / shape.mean() * drift)


def drawn(rng: Generator, rate: Floats, dispersion: float = 1.5) -> Floats:
    """Return counts with ``dispersion`` times the variance of Poisson's."""
    if dispersion > 1:
        rate = rng.gamma(np.maximum(rate, 1e-9) / (dispersion - 1), dispersion - 1)
    return rng.poisson(rate).astype(np.float64)


def fail(
    rate: Floats, first: int, bins: int, times: float, *, rise: int = 1, least: float = 0.0
) -> Span:
    """Make ``rate`` so many times as high for so many bins; return where."""
    ramp = np.minimum(np.arange(1, bins + 1) / max(rise, 1), 1.0)
    usually = rate[first : first + min(bins, 60)].mean()
    rate[first : first + bins] += ramp * max((times - 1.0) * usually, least)
    return Span(first, first + bins)


def some_hours(rng: Generator, first_day: int, days: int, every: int = 4) -> list[int]:
    """Return a minute on every so many days."""
    return [d * 1440 + int(rng.integers(0, 1200)) for d in range(first_day, days - 1, every)]


def each(levels: tuple[float, ...], services: int) -> Iterator[tuple[str, float]]:
    """Yield names and levels."""
    for level in levels:
        for i in range(services):
            yield f"{level:g}-{i}", level


def long_outages(rng: Generator) -> Iterator[Line]:
    """Yield services: five times the usual, or as much more all day, for one to four days."""
    for name, level in each((1.5, 15.0), 6):
        rate = usual(rng, level, 42)
        first, bins = 28 * 1440 + int(rng.integers(0, 1440)), int(rng.integers(1440, 5760))
        if rng.random() < 0.5:
            span = fail(rate, first, bins, 5)
        else:
            span = Span(first, first + bins)
            rate[first : first + bins] *= 5
        yield Line(name, drawn(rng, rate), (span,))


def after_a_long_one(rng: Generator) -> Iterator[Line]:
    """Yield services: three times the usual, 6, 30 or 96 hours after an outage of 30 hours."""
    for name, level in each((1.5, 15.0), 8):
        rate = usual(rng, level, 40)
        first = fail(rate, 28 * 1440 + int(rng.integers(0, 1440)), 1800, 5)
        second = fail(rate, first.end + 60 * int(rng.choice([6, 30, 96])), 60, 3)
        yield Line(name, drawn(rng, rate), (first, second))


def holidays(rng: Generator) -> Iterator[Line]:
    """Yield services: a week of two thirds of the posts, hours later than usual."""
    for name, level in each(LEVELS, 8):
        rate = usual(rng, level, 49)
        rate[35 * 1440 : 42 * 1440] = 0.7 * np.roll(rate, int(rng.integers(60, 180)))[: 7 * 1440]
        yield Line(name, drawn(rng, rate))


def gaps(rng: Generator) -> Iterator[Line]:
    """Yield services: a twentieth to a tenth of the bins was not observed."""
    for name, level in each((1.5, 15.0), 6):
        rate = usual(rng, level, 40)
        spans = [fail(rate, at, 60, 5, least=0.6) for at in some_hours(rng, 20, 40)]
        counts = drawn(rng, rate)
        counts[rng.random(len(counts)) < rng.uniform(0.05, 0.1)] = np.nan
        yield Line(name, counts, tuple(spans))


def bursts_of(width: int, services: int) -> Callable[[Generator], Iterator[Line]]:
    """Return what makes services with a burst of one to three minutes a week, and no outage."""

    def bursts(rng: Generator) -> Iterator[Line]:
        for name, level in each(LEVELS, services):
            fine = min(width, 60)
            counts = drawn(rng, usual(rng, level, 35, fine), 1.0)
            for at in np.flatnonzero(rng.random(35 * 1440) < 60 / WEEK):
                seconds = 60 * int(at) + rng.uniform(0, 60 * rng.integers(1, 4), 1000)
                posts = rng.poisson({0.1: 6, 1.5: 15, 15.0: 50}[level] * rng.lognormal(0.0, 0.5))
                inside = seconds[:posts] // fine
                np.add.at(counts, inside[inside < len(counts)].astype(int), 1.0)
            yield Line(name, counts.reshape(-1, width // fine).sum(axis=1))

    return bursts


def wandering(rng: Generator) -> Iterator[Line]:
    """Yield services: the rate wanders by itself: log sd .4, over two hours."""
    keep = np.exp(-1 / 120)
    for name, level in each(LEVELS, 5):
        rate = usual(rng, level, 42)
        steps = rng.normal(0, 0.4 * np.sqrt(1 - keep**2), len(rate))
        yield Line(name, drawn(rng, rate * np.exp(lfilter([1.0], [1.0, -keep], steps)), 1.0))


def cascades(rng: Generator) -> Iterator[Line]:
    """Yield services: posts set off posts, most of them none and a few hundreds of them."""
    for name, level in each(LEVELS, 5):
        first = drawn(rng, 0.4 * usual(rng, level, 42), 1.0)
        at = np.repeat(np.arange(len(first)), first.astype(int)).astype(float)
        more = np.minimum(0.6 * rng.pareto(1.4, len(at)), 400).astype(int)
        pace = np.repeat(rng.exponential(20.0, len(at)), more)
        at = np.concatenate([at, np.repeat(at, more) + pace * rng.exponential(1.0, more.sum())])
        counts = np.bincount(at.astype(int), minlength=len(first))[: len(first)]
        yield Line(name, counts.astype(np.float64))


def openings(rng: Generator) -> Iterator[Line]:
    """Yield services: nobody writes but from eight to twenty; failures come with the opening."""
    minute = np.arange(42 * 1440) % 1440
    for name, level in each((3.0, 30.0), 6):
        rate = np.where((minute >= 480) & (minute < 1200), level * rng.lognormal(0.0, 0.05), 0.0)
        spans = [fail(rate, d * 1440 + 480, 60, 4) for d in (25, 32, 38)]
        yield Line(name, drawn(rng, rate), tuple(spans))


def silent_nights(rng: Generator) -> Iterator[Line]:
    """Yield services: nobody writes for five hours of the night, and then it fails."""
    minute = np.arange(42 * 1440) % 1440
    for name, level in each((1.5, 15.0), 6):
        rate = usual(rng, level, 42)
        rate[(minute >= 60) & (minute < 360)] = 0.0
        spans = [fail(rate, d * 1440 + 180, 60, 1, least=4 * level) for d in (25, 30, 35)]
        yield Line(name, drawn(rng, rate), tuple(spans))


def scale_changes(rng: Generator) -> Iterator[Line]:
    """Yield services: a source counts three times as much for good; twelve hours later it fails."""
    for name, level in each(LEVELS, 6):
        rate, at = usual(rng, level, 45), 30 * 1440 + 600
        rate[at:] *= 3
        span = fail(rate, at + 720, 60, 5, least=0.6)
        yield Line(name, drawn(rng, rate), (span,))


def many_posts(rng: Generator) -> Iterator[Line]:
    """Yield services: hundreds and thousands of posts a minute; 1.6 times as many for an hour."""
    for name, level in each((500.0, 5000.0), 6):
        rate = usual(rng, level, 42)
        spans = [fail(rate, at, 60, 1.6) for at in some_hours(rng, 25, 42)]
        yield Line(name, drawn(rng, rate, 3.0), tuple(spans))


def ramps(rng: Generator) -> Iterator[Line]:
    """Yield services: the rate climbs for three or six hours."""
    for name, level in each((1.5, 15.0), 6):
        rate, rise = usual(rng, level, 42), int(rng.choice([180, 360]))
        spans = [fail(rate, a, rise + 60, 5, rise=rise, least=0.6) for a in some_hours(rng, 25, 41)]
        yield Line(name, drawn(rng, rate), tuple(spans))


def swift(rng: Generator) -> Iterator[Line]:
    """Yield services: ten and thirty times the usual, in bins of 15 seconds."""
    for name, level in each((1.5, 15.0), 4):
        rate = usual(rng, level, 22, 15)
        spans = [fail(rate, 4 * a, 240, rng.choice([10, 30])) for a in some_hours(rng, 15, 22, 2)]
        yield Line(name, drawn(rng, rate, 1.0), tuple(spans))


def first_hours(rng: Generator) -> Iterator[Line]:
    """Yield services: up to 1,000 times the usual, 1 to 24 hours after the first post."""
    for name, level in each((0.5, 5.0, 50.0), 16):
        known = 60 * int(rng.choice([1, 2, 4, 8, 24]))
        rate = usual(rng, level, 4 + known / 1440)
        span = fail(rate, known, 60, rng.choice([30, 100, 1000]))
        yield Line(name, drawn(rng, rate), (span,))


def _world(name: str, make: Callable[[Generator], Iterator[Line]], width: int = 60) -> World:
    about = (make.__doc__ or "").partition(": ")[2].rstrip(".")
    return World(name, about, width, make)


def _bursty(width: int, words: str) -> World:
    services = 2 if width < 60 else 6
    about = f"bursts of one to three minutes, one a week, in bins of {words}"
    return World(f"bursts, {words}", about, width, bursts_of(width, services))


WORLDS = (
    _world("long outages", long_outages),
    _world("after a long one", after_a_long_one),
    _world("holidays", holidays),
    _world("gaps", gaps),
    *(
        _bursty(width, words)
        for width, words in (
            (10, "10 s"),
            (30, "30 s"),
            (60, "1 min"),
            (300, "5 min"),
            (600, "10 min"),
            (900, "15 min"),
            (1800, "30 min"),
            (3600, "1 h"),
        )
    ),
    _world("wandering rates", wandering),
    _world("cascades", cascades),
    _world("opening hours", openings),
    _world("silent nights", silent_nights),
    _world("scale changes", scale_changes),
    _world("many posts", many_posts),
    _world("ramps", ramps),
    _world("swift", swift, 15),
    _world("first hours", first_hours),
)
