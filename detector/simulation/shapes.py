"""What the files of a scenario look like: a key that is not here is refused, with its place."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

Moment = Annotated[datetime, Meta(tz=True)]
Positive = Annotated[float, Meta(gt=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Named = Annotated[str, Meta(min_length=1)]
Words = Annotated[tuple[Named, ...], Meta(min_length=1)]
Day = Annotated[tuple[Positive, ...], Meta(min_length=24, max_length=24)]


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
