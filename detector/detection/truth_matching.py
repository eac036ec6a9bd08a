"""Which incident caught which outage: decided once, counted in `detector.detection.evaluation`.

An incident *catches* an outage when their spans overlap, ten minutes of grace on both sides, and it
was noticed between the outage's start and fifteen minutes past its end. An outage is caught once,
by the incident noticed first; further ones are *splits*. An incident that touches no outage is a
*false alarm*; one that touches an outage but had been noticed more than fifteen minutes before it
is *early*. Times are float64 seconds since 1970, spans half-open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf, isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from detector.errors import InputError
from detector.model.columns import instants, named
from detector.model.documents import incident_to_dict
from detector.model.incident import Incident
from detector.model.spans import seconds_of
from detector.model.times import to_seconds

MINUTE = 60.0
OVERLAP_GRACE = 10 * MINUTE
NOTICE_GRACE = 15 * MINUTE
FALSE_GRACE = 15 * MINUTE
UNKNOWN_END = 6 * 3600.0
"""A truth without end counts as this long."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was observed of one service; needed for rates per service-week.

    Attributes
    ----------
    service : who.
    start : left edge of the first observed bin.
    end : right edge of the last observed bin.
    bins : how many bins were observed between them.
    width : length of a bin.
    """

    service: str
    start: datetime
    end: datetime
    bins: int
    width: timedelta

    @property
    def weeks(self) -> float:
        """Observed time in weeks."""
        return self.bins * self.width / timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Outage:
    """One row of the truth. ``labels`` are its other columns; ``ends`` tells a known end."""

    service: str
    start: float
    end: float
    ends: bool
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claim:
    """One incident as a claim that there was an outage; ``earliest, latest`` nan if not said."""

    service: str
    start: float
    noticed: float
    end: float
    is_open: bool
    earliest: float
    latest: float


@dataclass(frozen=True, slots=True)
class Matching:
    """Claims against outages.

    Attributes
    ----------
    outages : all of the truth, in its order.
    claims : every incident that was noticed.
    caught_by : per outage the claim that caught it, or None.
    splits : further claims that caught an outage already caught.
    false : claims that touch no outage.
    early : claims noticed too long before the outages they touch.
    """

    outages: tuple[Outage, ...]
    claims: tuple[Claim, ...]
    caught_by: tuple[Claim | None, ...]
    splits: int
    false: tuple[Claim, ...]
    early: tuple[Claim, ...]


def match(outages: Sequence[Outage], claims: Sequence[Claim]) -> Matching:
    """Match ``claims`` to ``outages`` by the rules in the module's docstring."""
    free: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        free[claim.service].append(claim)
    caught_by: list[Claim | None] = []
    splits = 0
    for outage in outages:
        catching = [c for c in free[outage.service] if _catches(c, outage)]
        free[outage.service] = [c for c in free[outage.service] if not _catches(c, outage)]
        caught_by.append(min(catching, key=lambda c: c.noticed, default=None))
        splits += max(len(catching) - 1, 0)
    false, early = _idle([c for left in free.values() for c in left], outages)
    return Matching(tuple(outages), tuple(claims), tuple(caught_by), splits, false, early)


def _catches(claim: Claim, outage: Outage) -> bool:
    noticed_in_time = outage.start <= claim.noticed <= outage.end + NOTICE_GRACE
    return noticed_in_time and _touches(claim, outage, OVERLAP_GRACE)


def _touches(claim: Claim, outage: Outage, grace: float) -> bool:
    return claim.start <= outage.end + grace and claim.end >= outage.start - grace


def _idle(
    claims: Iterable[Claim], outages: Sequence[Outage]
) -> tuple[tuple[Claim, ...], tuple[Claim, ...]]:
    """Return, of the claims that caught nothing, the false ones and the early ones."""
    by_service: dict[str, list[Outage]] = defaultdict(list)
    for outage in outages:
        by_service[outage.service].append(outage)
    false, early = [], []
    for claim in claims:
        near = [o for o in by_service[claim.service] if _touches(claim, o, FALSE_GRACE)]
        if not near:
            false.append(claim)
        elif all(claim.noticed < o.start - NOTICE_GRACE for o in near):
            early.append(claim)
    return tuple(false), tuple(early)


def outages_of(truth: pd.DataFrame) -> tuple[Outage, ...]:
    """Return the rows of a truth table (``service, start, end`` and any labels) as outages.

    Raises
    ------
    InputError
        When a column is missing, a service is not named, or a time cannot be read or has no
        offset; names the line, as if each row were one and the header the first.
    """
    missing = [c for c in ("service", "start", "end") if c not in truth.columns]
    if missing:
        raise InputError(f"a truth table has service, start, end; missing {', '.join(missing)}")
    services = named(truth["service"], line_of=_line_of)
    starts = seconds_of(instants(truth["start"], line_of=_line_of))
    known = np.flatnonzero(truth["end"].notna() & (truth["end"] != ""))
    ends = np.full(len(truth), nan)
    told = truth["end"].iloc[known]
    ends[known] = seconds_of(instants(told, line_of=lambda row: _line_of(int(known[row]))))
    backwards = np.flatnonzero(ends < starts)
    if len(backwards):
        line = _line_of(int(backwards[0]))
        raise InputError("the outage ends before it starts", line=line, column="end")
    rows = truth.drop(columns=["service", "start", "end"]).to_dict("records")
    return tuple(map(_outage, services, starts.tolist(), ends.tolist(), rows))


def _line_of(row: int) -> int:
    return row + 2


def _outage(service: str, start: float, end: float, others: Mapping[Any, Any]) -> Outage:
    ends = not isnan(end)
    labels = {str(name): _label(value) for name, value in others.items()}
    return Outage(service, start, end if ends else start + UNKNOWN_END, ends, labels)


def _label(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def claims_of(
    incidents: Iterable[Mapping[str, Any] | Incident], observed: Sequence[Coverage] = ()
) -> tuple[Claim, ...]:
    """Return the incidents that were noticed as claims.

    An open incident lasts to the last observed bin of its service, or, if that is not known, is
    over when it is noticed. Incidents are the dictionaries of ``docs/interface.md`` or domain
    values; one without ``noticed_at`` claims nothing.
    """
    last = {c.service: float(to_seconds(c.end)) for c in observed}
    fields = (incident_to_dict(i) if isinstance(i, Incident) else i for i in incidents)
    claims = (_claim(f, last) for f in fields)
    return tuple(c for c in claims if not isnan(c.noticed))


def _claim(fields: Mapping[str, Any], last: Mapping[str, float]) -> Claim:
    service, noticed = str(fields["service"]), _seconds(fields.get("noticed_at"))
    start, end = _seconds(fields["started_at"]), _seconds(fields.get("ended_at"))
    return Claim(
        service=service,
        start=start,
        noticed=noticed,
        end=last.get(service, noticed) if isnan(end) else max(end, start),
        is_open=isnan(end),
        earliest=_seconds(fields.get("started_at_earliest")),
        latest=_seconds(fields.get("started_at_latest")),
    )


def _seconds(instant: Any) -> float:
    """Return seconds since 1970; nan for nothing; a time without offset is UTC."""
    if instant == "" or pd.isna(instant):
        return nan
    stamp = pd.Timestamp(instant)
    return float((stamp.tz_localize("UTC") if stamp.tz is None else stamp).timestamp())


def coverage_of(counts: pd.DataFrame, width: timedelta) -> tuple[Coverage, ...]:
    """Return what a counts table (``time``, ``service``; one row per observed bin) covers."""
    spans = counts.groupby("service")["time"].agg(["min", "max", "size"])
    return tuple(
        Coverage(str(name), low.to_pydatetime(), high.to_pydatetime() + width, int(size), width)
        for name, low, high, size in spans.itertuples()
    )


def union_length(spans: Iterable[tuple[float, float]]) -> float:
    """Return the length of the union of ``spans``, in their unit."""
    total, end = 0.0, -inf
    for a, b in sorted(spans):
        total += max(0.0, b - max(a, end))
        end = max(end, b)
    return total
