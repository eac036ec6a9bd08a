"""The catalogue of documented outages: what is known of each, and what is only reported."""

from __future__ import annotations

import tomllib
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from detector.errors import InputError

Moment = Annotated[datetime, Meta(tz=True)]
Named = Annotated[str, Meta(min_length=1)]
Names = tuple[Named, ...]


class OutageReport(Struct, frozen=True, forbid_unknown_fields=True):
    """What one source says about a start or an end."""

    by: Named
    about: Literal["start", "end"]
    at: Moment
    says: Named


class Statement(Struct, frozen=True, forbid_unknown_fields=True):
    """What the operator said, when and where, and what came back."""

    at: Moment
    where: Named
    says: Named
    reaction: str | None = None


class DocumentedOutage(Struct, frozen=True, forbid_unknown_fields=True):
    """One event; what is not known is None or empty.

    Attributes
    ----------
    kind : ``malfunction`` works but wrong, so nothing is down; the others keep people out.
    start_earliest, start_latest : closed span of the reported starts.
    end_earliest, end_latest : closed span of the reported ends, either side may be open (None).
    precision : how exactly the times are known.
    regions_are_all : whether ``regions`` names all that were hit.
    contradiction : where the reports cannot all be right.
    """

    key: Named
    title: Named
    kind: Literal["outage", "blocked", "filter", "malfunction"]
    services: Annotated[Names, Meta(min_length=1)]
    start_earliest: Moment
    start_latest: Moment
    precision: Literal["minute", "hour", "day", "month", "year"]
    lasted: Named
    cause: Named
    sources: Annotated[Names, Meta(min_length=1)]
    end_earliest: Moment | None = None
    end_latest: Moment | None = None
    components_hit: Names = ()
    components_not_hit: Names = ()
    regions: Names = ()
    regions_are_all: bool = True
    platforms: Names = ()
    platforms_not_hit: Names = ()
    portion: str | None = None
    reports: tuple[OutageReport, ...] = ()
    statements: tuple[Statement, ...] = ()
    contradiction: str | None = None
    notes: str | None = None

    @property
    def is_outage(self) -> bool:
        """Whether something failed, so that a detector should find it."""
        return self.kind != "malfunction"


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    outages: tuple[DocumentedOutage, ...]


def parse_catalogue(toml_text: str) -> tuple[DocumentedOutage, ...]:
    """Return the documented outages in ``toml_text``, in order of earliest start.

    Raises
    ------
    InputError
        If the text is not TOML, has a wrong, missing or unknown key, a time without an offset, a
        start or end whose spread is the wrong way round, or the same key twice.
    """
    try:
        outages = msgspec.convert(tomllib.loads(toml_text), _File).outages
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"the catalogue is not valid TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise InputError(f"the catalogue is wrong: {error}") from error
    for outage in outages:
        _check_times(outage)
    keys = [outage.key for outage in outages]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice:
        raise InputError(f"{min(twice)!r} occurs twice; keys are unique", column="key")
    return tuple(sorted(outages, key=lambda outage: outage.start_earliest))


def _check_times(outage: DocumentedOutage) -> None:
    if outage.start_latest < outage.start_earliest:
        raise InputError(f"{outage.key}: must not be before start_earliest", column="start_latest")
    for column in ("end_earliest", "end_latest"):
        end: datetime | None = getattr(outage, column)
        if end is not None and end < outage.start_earliest:
            raise InputError(f"{outage.key}: must not be before start_earliest", column=column)
    first, last = outage.end_earliest, outage.end_latest
    if first is not None and last is not None and last < first:
        raise InputError(f"{outage.key}: must not be before end_earliest", column="end_latest")
