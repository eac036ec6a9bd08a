"""A scenario: a documented event, rebuilt as streams of posts that our own templates word.

What its files look like is declared as shapes: a key that is not here is refused, with its place.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import numpy as np
import pandas as pd
from msgspec import Meta, Struct
from numpy.typing import NDArray

from detector.demo.grammar import Grammar, parse_grammar
from detector.errors import InputError

Moment = Annotated[datetime, Meta(tz=True)]
Positive = Annotated[float, Meta(gt=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Named = Annotated[str, Meta(min_length=1)]
Words = Annotated[tuple[Named, ...], Meta(min_length=1)]
Day = Annotated[tuple[Positive, ...], Meta(min_length=24, max_length=24)]

T = TypeVar("T")


class Shape(Struct, frozen=True, forbid_unknown_fields=True):
    """Base: frozen, and a misspelt key is an error instead of silence."""


class PeopleShape(Shape, frozen=True):
    """Table ``[people]`` of the templates."""

    count: Annotated[int, Meta(ge=1)]
    activity_sigma: Annotated[float, Meta(ge=0)]
    english: Share
    shows_region: Share
    shows_platform: Share


class RhythmShape(Shape, frozen=True):
    """Table ``[rhythm]``: relative volume at local hours 0..23."""

    weekday: Day
    weekend: Day


class RegionShape(Shape, frozen=True):
    """One province: its usual weight, its name in English, cities that people there name."""

    weight: Positive
    english: Named
    cities: Words


class PlatformShape(Shape, frozen=True):
    """One platform: its usual weight, what posts show, what people call it."""

    weight: Positive
    shown: Words
    zh: Words
    en: Words


class TemplatesShape(Shape, frozen=True):
    """The file shared by all scenarios."""

    people: PeopleShape
    rhythm: RhythmShape
    regions: dict[str, RegionShape]
    platforms: dict[str, PlatformShape]
    grammar: dict[str, dict[str, tuple[str, ...]]]


class TruthShape(Shape, frozen=True):
    """Table ``[truth]``: what a detector should find; times only when there was an outage."""

    outage: bool
    start_earliest: Moment | None = None
    start: Moment | None = None
    start_latest: Moment | None = None
    end: Moment | None = None
    components: tuple[str, ...] = ()
    components_not_hit: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()


class StreamShape(Shape, frozen=True):
    """One ``[[streams]]``: people who say one kind of thing, and how often.

    Either ``per_day`` posts all the time in the daily rhythm, or a ``curve`` of
    ``[local time, posts per minute]`` with straight lines between, zero outside.
    """

    name: Named
    say: dict[str, Positive]
    per_day: Positive | None = None
    curve: tuple[tuple[str, Annotated[float, Meta(ge=0)]], ...] = ()
    rhythm: bool = False
    accounts: Annotated[int, Meta(ge=0)] = 0
    prefix: Named = "user"
    regions: dict[str, Share] = {}
    platforms: dict[str, Share] = {}
    english: Share | None = None


class StatementShape(Shape, frozen=True):
    """One ``[[statements]]``: words of a named account at a documented time (our wording)."""

    at: Moment
    author: Named
    text: Named


class ScenarioShape(Shape, frozen=True):
    """The file of one scenario."""

    name: Named
    title: Named
    reconstruction: Literal[True]
    about: Named
    service: Named
    time_zone: Named
    start: Moment
    end: Moment
    seed: Annotated[int, Meta(ge=0)]
    truth: TruthShape
    streams: Annotated[tuple[StreamShape, ...], Meta(min_length=1)]
    catalogue: str | None = None
    statements: tuple[StatementShape, ...] = ()
    grammar: dict[str, dict[str, tuple[str, ...]]] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """Everything that `simulate` needs; see ``data/README.md`` for the meaning of the fields.

    Attributes
    ----------
    start, end : aware; posts lie in ``[start, end)``.
    truth : what a detector should find, and where the event is documented.
    catalogue : key of the event in ``data/outages.toml``, if it has one.
    streams : who says what when, in file order.
    statements : what named accounts (the operator) said, word for word in our words.
    grammars : by language, the templates' symbols with the scenario's own added.
    """

    name: str
    title: str
    about: str
    service: str
    time_zone: str
    start: datetime
    end: datetime
    seed: int
    truth: TruthShape
    catalogue: str | None
    streams: tuple[StreamShape, ...]
    statements: tuple[StatementShape, ...]
    grammars: Mapping[str, Grammar]
    people: PeopleShape
    rhythm: RhythmShape
    regions: Mapping[str, RegionShape]
    platforms: Mapping[str, PlatformShape]


def parse_scenario(toml_text: str, templates_text: str) -> Scenario:
    """Return the scenario written in ``toml_text``, worded by the templates.

    Raises
    ------
    InputError
        If either text is not TOML, has a wrong, missing or unknown key, or names a symbol, region,
        platform or time zone that does not exist; the message says where.
    """
    shape = _read(toml_text, ScenarioShape, "the scenario")
    templates = _read(templates_text, TemplatesShape, "the templates")
    scenario = Scenario(
        **{name: getattr(shape, name) for name in _SHARED},
        grammars=_grammars(templates.grammar, shape.grammar),
        people=templates.people,
        rhythm=templates.rhythm,
        regions=templates.regions,
        platforms=templates.platforms,
    )
    _check_times(scenario)
    names = [stream.name for stream in scenario.streams]
    for i, stream in enumerate(scenario.streams):
        if stream.name in names[:i]:
            raise InputError("streams have different names", column=f"streams[{i}].name")
        _check_stream(stream, scenario, f"streams[{i}]")
    return scenario


_SHARED = (
    "name",
    "title",
    "about",
    "service",
    "time_zone",
    "start",
    "end",
    "seed",
    "truth",
    "catalogue",
    "streams",
    "statements",
)


def _read(text: str, shape: type[T], what: str) -> T:
    try:
        table: dict[str, Any] = tomllib.loads(text)
        return msgspec.convert(table, shape)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{what} is not valid TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise InputError(f"{what} is wrong: {error}") from error


def _grammars(
    shared: Mapping[str, Mapping[str, tuple[str, ...]]],
    own: Mapping[str, Mapping[str, tuple[str, ...]]],
) -> dict[str, Grammar]:
    return {
        language: parse_grammar({**symbols, **own.get(language, {})}, key=f"grammar.{language}")
        for language, symbols in shared.items()
    }


def _check_times(scenario: Scenario) -> None:
    try:
        ZoneInfo(scenario.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InputError(
            f"{scenario.time_zone!r} is not a time zone such as 'Asia/Shanghai'",
            column="time_zone",
        ) from error
    if scenario.end <= scenario.start:
        raise InputError("end must come after start", column="end")
    if scenario.truth.outage != (scenario.truth.start is not None):
        raise InputError("an outage has a start, anything else has none", column="truth.start")
    for i, statement in enumerate(scenario.statements):
        if not scenario.start <= statement.at < scenario.end:
            raise InputError(
                "a statement must lie between start and end", column=f"statements[{i}].at"
            )


def _check_stream(stream: StreamShape, scenario: Scenario, key: str) -> None:
    if (stream.per_day is None) == (not stream.curve):
        raise InputError("give either per_day or curve", column=f"{key}.per_day")
    for symbol in stream.say:
        if not any(symbol in grammar.phrases for grammar in scenario.grammars.values()):
            raise InputError(f"no language has the symbol {symbol!r}", column=f"{key}.say")
    _check_names(stream.regions, scenario.regions, f"{key}.regions")
    _check_names(stream.platforms, scenario.platforms, f"{key}.platforms")
    _check_curve(stream, key)


def _check_names(wanted: Mapping[str, float], known: Mapping[str, object], key: str) -> None:
    for name in wanted:
        if name not in known and name != REST:
            raise InputError(f"{name!r} is none of {', '.join([*known, REST])}", column=key)


def _check_curve(stream: StreamShape, key: str) -> None:
    try:
        moments = [pd.Timestamp(moment) for moment, _ in stream.curve]
    except ValueError as error:
        raise InputError(
            f"{error}; write local times as '2013-07-22 07:30'", column=f"{key}.curve"
        ) from error
    if any(moment.tzinfo is not None for moment in moments):
        raise InputError("curve times are local, without an offset", column=f"{key}.curve")
    if moments != sorted(set(moments)):
        raise InputError("curve times must ascend", column=f"{key}.curve")


REST = "others"
"""The key that stands for all regions or platforms that are not named."""


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Accounts, one per index.

    Attributes
    ----------
    region, platform : shape (n_people,), indices into the templates' regions and platforms.
    activity : shape (n_people,), how much each writes, relative; > 0.
    english : shape (n_people,), whether each writes English.
    profile : what the profile shows as region, empty when it shows none.
    client : what the posts show as platform, empty when they show none.
    """

    region: NDArray[np.intp]
    platform: NDArray[np.intp]
    activity: NDArray[np.float64]
    english: NDArray[np.bool_]
    profile: tuple[str, ...]
    client: tuple[str, ...]

    def weights(
        self, regions: NDArray[np.float64] | None, platforms: NDArray[np.float64] | None
    ) -> NDArray[np.float64]:
        """Return each person's share of a stream whose posts come from the given shares.

        Parameters
        ----------
        regions, platforms : wanted share per region and platform, summing to one; None: as usual.
        """
        weights = self.activity.copy()
        for wanted, where in ((platforms, self.platform), (regions, self.region)):
            if wanted is not None:
                usual = np.bincount(where, weights, minlength=len(wanted))
                weights *= np.divide(wanted, usual, out=np.zeros_like(wanted), where=usual > 0)[
                    where
                ]
        return np.asarray(weights / weights.sum(), dtype=np.float64)


def draw_people(
    shape: PeopleShape,
    regions: Mapping[str, RegionShape],
    platforms: Mapping[str, PlatformShape],
    rng: np.random.Generator,
) -> People:
    """Return ``shape.count`` people drawn from the usual shares of regions and platforms."""
    n = shape.count
    region = _draw([r.weight for r in regions.values()], n, rng)
    platform = _draw([p.weight for p in platforms.values()], n, rng)
    english = rng.random(n) < shape.english
    return People(
        region=region,
        platform=platform,
        activity=rng.lognormal(0.0, shape.activity_sigma, n),
        english=english,
        profile=_profiles(region, english, regions, rng, shape.shows_region),
        client=_clients(platform, platforms, rng, shape.shows_platform),
    )


def wanted_shares(wanted: Mapping[str, float], usual: Mapping[str, float]) -> NDArray[np.float64]:
    """Return shares in the order of ``usual``; `REST` is spread as usual over what is not named."""
    rest = sum(weight for name, weight in usual.items() if name not in wanted)
    spread = wanted.get(REST, 0.0) / rest if rest else 0.0
    shares = np.array([wanted.get(name, spread * weight) for name, weight in usual.items()])
    return np.asarray(shares / shares.sum(), dtype=np.float64)


def _draw(weights: list[float], n: int, rng: np.random.Generator) -> NDArray[np.intp]:
    share = np.asarray(weights) / np.sum(weights)
    return rng.choice(len(share), size=n, p=share)


def _profiles(
    region: NDArray[np.intp],
    english: NDArray[np.bool_],
    regions: Mapping[str, RegionShape],
    rng: np.random.Generator,
    shown: float,
) -> tuple[str, ...]:
    names = list(regions.items())
    visible = rng.random(len(region)) < shown
    city = rng.integers(0, 1 << 16, len(region))
    return tuple(
        "" if not v else shape.english if e else f"{name} {shape.cities[c % len(shape.cities)]}"
        for v, e, c, (name, shape) in zip(
            visible, english, city.tolist(), (names[r] for r in region), strict=True
        )
    )


def _clients(
    platform: NDArray[np.intp],
    platforms: Mapping[str, PlatformShape],
    rng: np.random.Generator,
    shown: float,
) -> tuple[str, ...]:
    labels = [shape.shown for shape in platforms.values()]
    visible = rng.random(len(platform)) < shown
    pick = rng.integers(0, 1 << 16, len(platform)).tolist()
    return tuple(
        labels[p][k % len(labels[p])] if v else ""
        for p, k, v in zip(platform.tolist(), pick, visible, strict=True)
    )
