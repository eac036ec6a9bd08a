"""Posts of a scenario: how many a minute, by whom and in which words, the same for each seed."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import accumulate

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.demo.reconstruction import (
    People,
    RhythmShape,
    Scenario,
    StreamShape,
    draw_people,
    wanted_shares,
)

Floats = NDArray[np.float64]

_BLOCK = 4096


def simulate(
    scenario: Scenario, *, seed: int | None = None, labelled: bool = False
) -> pd.DataFrame:
    """Return the posts of ``scenario``, in order of time.

    They are a reconstruction: nobody wrote them, and nobody in them exists.

    Parameters
    ----------
    seed : another draw of the same scenario; None takes the scenario's own.
    labelled : add the column ``stream`` (which stream a post came from), for tests and training;
        a detector must not see it.

    Returns
    -------
    DataFrame
        Columns ``time`` (aware UTC, whole seconds, ascending), ``id`` (unique), ``author``,
        ``text``, ``lang`` (``zh`` or ``en``), ``region`` and ``platform`` (what profile and client
        show; empty when they show nothing). Every stream draws random numbers of its own, so adding
        one changes no other.
    """
    root = scenario.seed if seed is None else seed
    people = draw_people(
        scenario.people, scenario.regions, scenario.platforms, np.random.default_rng([root, 0])
    )
    parts = [
        _stream_posts(scenario, stream, people, np.random.default_rng([root, _number(stream.name)]))
        for stream in scenario.streams
    ]
    parts.append(_statements(scenario))
    posts = pd.concat(parts, ignore_index=True).sort_values("time", kind="stable")
    posts.insert(1, "id", [f"{scenario.name}-{i:06d}" for i in range(len(posts))])
    return posts.drop(columns=[] if labelled else ["stream"]).reset_index(drop=True)


def _number(name: str) -> int:
    """Return a number of the stream's own, whatever streams stand beside it."""
    return 1 + zlib.crc32(name.encode())


def _stream_posts(
    scenario: Scenario, stream: StreamShape, people: People, rng: np.random.Generator
) -> pd.DataFrame:
    seconds = _times(scenario, stream, rng)
    who = _authors(scenario, stream, people, len(seconds), rng)
    english = _speaks_english(scenario, stream, people.english[who], rng)
    return pd.DataFrame(
        {
            "time": pd.to_datetime(seconds, unit="s", utc=True),
            "author": [f"{stream.prefix}{i:05d}" for i in who],
            "text": _texts(scenario, stream, people, who, english, rng),
            "lang": np.where(english, "en", "zh"),
            "region": [people.profile[i] for i in who],
            "platform": [people.client[i] for i in who],
            "stream": stream.name,
        }
    )


def _statements(scenario: Scenario) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "time": pd.to_datetime(
                [int(s.at.timestamp()) for s in scenario.statements], unit="s", utc=True
            ),
            "author": [s.author for s in scenario.statements],
            "text": [s.text for s in scenario.statements],
            "lang": "zh",
            "region": "",
            "platform": "",
            "stream": "operator",
        }
    )


def _speaks_english(
    scenario: Scenario,
    stream: StreamShape,
    usually: NDArray[np.bool_],
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Return who posts in English; what has words in one language only is said in that one."""
    able = {
        code: not stream.say.keys().isdisjoint(g.phrases) for code, g in scenario.grammars.items()
    }
    if not (able["zh"] and able["en"]):
        return np.full(len(usually), able["en"])
    return usually if stream.english is None else rng.random(len(usually)) < stream.english


def _times(scenario: Scenario, stream: StreamShape, rng: np.random.Generator) -> NDArray[np.int64]:
    minutes = minutes_between(scenario.start, scenario.end)
    rate = _rate(scenario, stream, minutes)
    counts = rng.poisson(rate)
    lefts = np.repeat(minutes.as_unit("s").asi8, counts)
    return np.sort(lefts + rng.integers(0, 60, counts.sum()))


def _rate(
    scenario: Scenario, stream: StreamShape, minutes: pd.DatetimeIndex
) -> NDArray[np.float64]:
    rhythm = rhythm_factor(minutes, scenario.time_zone, scenario.rhythm)
    if stream.per_day is not None:
        return rhythm * (stream.per_day / 1440.0)
    rate = curve_rate(minutes, scenario.time_zone, stream.curve)
    return rate * rhythm if stream.rhythm else rate


def _authors(
    scenario: Scenario,
    stream: StreamShape,
    people: People,
    n: int,
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    if stream.accounts:
        return rng.integers(0, stream.accounts, n)
    usual_regions = {name: shape.weight for name, shape in scenario.regions.items()}
    usual_platforms = {name: shape.weight for name, shape in scenario.platforms.items()}
    weights = people.weights(
        wanted_shares(stream.regions, usual_regions) if stream.regions else None,
        wanted_shares(stream.platforms, usual_platforms) if stream.platforms else None,
    )
    return rng.choice(len(weights), size=n, p=weights)


def _texts(
    scenario: Scenario,
    stream: StreamShape,
    people: People,
    who: NDArray[np.intp],
    english: NDArray[np.bool_],
    rng: np.random.Generator,
) -> list[str]:
    dice = _dice(rng)
    zh, en = _Mouth(scenario, stream, "zh"), _Mouth(scenario, stream, "en")
    return [
        (en if is_english else zh).say(region, platform, dice)
        for region, platform, is_english in zip(
            people.region[who].tolist(),
            people.platform[who].tolist(),
            english.tolist(),
            strict=True,
        )
    ]


class _Mouth:
    """What a stream says in one language."""

    def __init__(self, scenario: Scenario, stream: StreamShape, language: str) -> None:
        self._grammar = scenario.grammars[language]
        say = {s: w for s, w in stream.say.items() if s in self._grammar.phrases}
        self._symbols = tuple(say)
        self._edges = list(accumulate(say.values()))
        self._places = tuple(
            (shape.english,) if language == "en" else shape.cities
            for shape in scenario.regions.values()
        )
        self._phones = tuple(
            shape.en if language == "en" else shape.zh for shape in scenario.platforms.values()
        )

    def say(self, region: int, platform: int, dice: Iterator[int]) -> str:
        """Return one text of a person of the given region and platform."""
        symbol = self._pick(next(dice))
        author: dict[str, Sequence[str]] = {
            "PLACE": self._places[region],
            "PHONE": self._phones[platform],
        }
        return self._grammar.grow(symbol, dice, author)

    def _pick(self, roll: int) -> str:
        point = roll / (1 << 31) * self._edges[-1]
        return next(s for s, edge in zip(self._symbols, self._edges, strict=True) if point < edge)


def _dice(rng: np.random.Generator) -> Iterator[int]:
    while True:
        yield from rng.integers(0, 1 << 31, _BLOCK).tolist()


def minutes_between(start: datetime, end: datetime) -> pd.DatetimeIndex:
    """Return the left edges, UTC, of the minutes in ``[start, end)``."""
    return pd.date_range(start, end, freq="min", inclusive="left").tz_convert("UTC")


def rhythm_factor(minutes: pd.DatetimeIndex, zone: str, shape: RhythmShape) -> Floats:
    """Return the relative volume of each minute; its mean over an ordinary week is one.

    Local time decides, daylight saving included.
    """
    local = minutes.tz_convert(zone)
    hour = np.asarray(local.hour + local.minute / 60.0, dtype=np.float64)
    weekend = np.asarray(local.day_of_week >= 5)
    mean = (5 * np.mean(shape.weekday) + 2 * np.mean(shape.weekend)) / 7
    factor = np.where(weekend, _at(hour, shape.weekend), _at(hour, shape.weekday))
    return np.asarray(factor / mean, dtype=np.float64)


def curve_rate(minutes: pd.DatetimeIndex, zone: str, curve: Sequence[tuple[str, float]]) -> Floats:
    """Return posts per minute on straight lines between ``(local time, rate)``, zero outside."""
    knots = pd.DatetimeIndex([moment for moment, _ in curve]).tz_localize(zone).tz_convert("UTC")
    rates = [rate for _, rate in curve]
    return np.interp(_seconds(minutes), _seconds(knots), rates, left=0.0, right=0.0)


def _at(hour: Floats, by_hour: Sequence[float]) -> Floats:
    return np.interp(hour, np.arange(24), by_hour, period=24)


def _seconds(index: pd.DatetimeIndex) -> Floats:
    return np.asarray(index.as_unit("s").asi8, dtype=np.float64)
