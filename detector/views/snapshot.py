"""How everything is right now, as `top` shows it: services, open incidents, feeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isnan
from typing import Any

import numpy as np
import pandas as pd

from detector.model.documents import incident_to_dict
from detector.model.health import SourceHealth
from detector.model.incident import Incident
from detector.model.series import Floats
from detector.model.times import (
    floor_to,
    from_seconds,
    iso,
    to_seconds,
)
from detector.store.base import IncidentQuery, Store, Viewer

#: Columns of a sparkline.
COLUMNS = 36
#: Without an observed bin for so long nothing is known of a service.
UNKNOWN_AFTER = timedelta(minutes=30)
_BLOCKS = "▁▂▃▄▅▆▇█"
_UNSEEN = "·"


@dataclass(frozen=True, slots=True, eq=False)
class ServiceNow:
    """One service as it stands.

    Attributes
    ----------
    state : ``outage``, ``fine``, or ``unknown`` where nobody looked lately.
    incident : the one that goes on, None without one.
    observed_at : left edge of the last observed bin, None where there is none.
    count, expected : posts in that bin and posts expected there, over all sources; nan if unknown.
    lately : shape (COLUMNS,), posts per column of the last hours, nan where none was observed.
    """

    name: str
    state: str
    incident: Incident | None
    observed_at: datetime | None
    count: float
    expected: float
    lately: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """Everything at one look; ``at`` is the time of the data."""

    at: datetime
    hours: float
    services: tuple[ServiceNow, ...]
    incidents: tuple[Incident, ...]
    feeds: tuple[SourceHealth, ...]


def look(store: Viewer, *, configured: frozenset[str], now: datetime, hours: float) -> Glance:
    """Return how everything is at ``now``; services with an outage first, the worst of them first.

    Parameters
    ----------
    configured : services that are followed though nothing was heard of them yet.
    hours : how far the sparklines go back.
    """
    opened = store.incident_page(IncidentQuery(is_open=True))
    worst: dict[str, Incident] = {}
    for incident in sorted(opened, key=lambda i: i.severity):
        worst[incident.service] = incident
    step = timedelta(seconds=max(round(hours * 3600 / COLUMNS), 1))
    start = floor_to(now, step) - (COLUMNS - 1) * step
    curve = store.curve(start=start, end=now, step=step)
    names = {*configured, *store.services()}
    services = [
        _service(
            store.latest([name]), name, worst.get(name), _lately(curve, name, start, step), now
        )
        for name in names
    ]
    ordered = sorted(services, key=lambda s: (-_badness(s), s.name.casefold(), s.name))
    return Glance(now, hours, tuple(ordered), opened, store.feeds())


def observed_until(store: Store) -> datetime | None:
    """Return up to when any feed was observed, None where none was."""
    return max((f.observed_until for f in store.feeds() if f.observed_until), default=None)


def _service(
    latest: pd.DataFrame, name: str, incident: Incident | None, lately: Floats, now: datetime
) -> ServiceNow:
    at = None if latest.empty else latest["time"].max().to_pydatetime()
    fresh = latest[latest["time"] == latest["time"].max()]
    unknown = at is None or now - at > UNKNOWN_AFTER
    state = "outage" if incident is not None else "unknown" if unknown else "fine"
    count, expected = (
        float(fresh[c].sum(min_count=1)) if len(fresh) else float("nan")
        for c in ("count", "expected")
    )
    return ServiceNow(name, state, incident, at, count, expected, lately)


def _lately(curve: pd.DataFrame, name: str, start: datetime, step: timedelta) -> Floats:
    lately = np.full(COLUMNS, np.nan)
    rows = curve[curve["service"] == name]
    places = (rows["time"] - from_seconds(to_seconds(start))) // step
    for place, total in zip(places, rows["total"], strict=True):
        if 0 <= place < COLUMNS:
            lately[place] = np.nansum([lately[place], total])
    return lately


def _badness(service: ServiceNow) -> int:
    return 0 if service.incident is None else int(service.incident.severity)


def spark(values: Floats) -> str:
    """Return ``values`` as blocks from 0 to the highest; a dot where nothing was observed."""
    top = float(np.nanmax(values, initial=0.0))
    return "".join(_block(float(value), top) for value in values)


def _block(value: float, top: float) -> str:
    if isnan(value):
        return _UNSEEN
    share = value / top if top > 0 else 0.0
    return _BLOCKS[min(int(share * len(_BLOCKS)), len(_BLOCKS) - 1)]


def glance_to_dict(glance: Glance) -> Mapping[str, Any]:
    """Return ``glance`` as ``top --json`` prints it."""
    return {
        "at": iso(glance.at),
        "services": [_service_to_dict(s) for s in glance.services],
        "incidents": [incident_to_dict(i) for i in glance.incidents],
        "feeds": [_feed_to_dict(f) for f in glance.feeds],
    }


def _service_to_dict(service: ServiceNow) -> Mapping[str, Any]:
    incident = service.incident
    return {
        "service": service.name,
        "state": service.state,
        "severity": None if incident is None else incident.severity.label,
        "incident": None if incident is None else incident.id,
        "since": None if incident is None else iso(incident.onset.at),
        "observed_at": None if service.observed_at is None else iso(service.observed_at),
        "count": _finite(service.count),
        "expected": _finite(service.expected),
        "lately": [_finite(value) for value in service.lately.tolist()],
    }


def _feed_to_dict(feed: SourceHealth) -> Mapping[str, Any]:
    return {
        "source": feed.source,
        "state": feed.state.value,
        "since": iso(feed.since),
        "reason": feed.reason.value,
        "params": dict(feed.params),
        "observed_until": None if feed.observed_until is None else iso(feed.observed_until),
    }


def _finite(value: float) -> float | None:
    return None if isnan(value) else round(value, 4)
