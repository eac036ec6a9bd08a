"""A scenario: a documented event, rebuilt as streams of posts that our own templates word."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import pandas as pd

from detector.errors import InputError
from detector.simulation.grammar import Grammar, parse_grammar
from detector.simulation.people import REST
from detector.simulation.shapes import (
    PeopleShape,
    PlatformShape,
    RegionShape,
    RhythmShape,
    ScenarioShape,
    StatementShape,
    StreamShape,
    TemplatesShape,
    TruthShape,
)

T = TypeVar("T")


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
