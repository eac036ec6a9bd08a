"""How everything is right now, as `top` shows it: services, open incidents, sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isnan
from typing import Any

import numpy as np
import pandas as pd

from detector.model.documents import health_to_dict, incident_to_dict
from detector.model.health import SourceHealth
from detector.model.incident import Incident
from detector.model.series import Floats
from detector.model.times import floor_to, from_seconds, iso, to_seconds
from detector.store.base import IncidentQuery, Viewer
from detector.views.incident_record import observed_until
from detector.views.services import ServiceStatus, service_statuses

#: Columns of a sparkline.
COLUMNS = 36
__all__ = [
    "COLUMNS",
    "ServiceNow",
    "Snapshot",
    "observed_until",
    "snapshot_to_dict",
    "spark",
    "take_snapshot",
]
_BLOCKS = "▁▂▃▄▅▆▇█"
_UNSEEN = "·"


@dataclass(frozen=True, slots=True, eq=False)
class ServiceNow:
    """One service as it stands.

    Attributes
    ----------
    state : ``outage``, ``fine``, or ``unknown`` where it was not observed lately.
    incident : the open one, None without one.
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
class Snapshot:
    """How everything is at ``at``, the time of the data."""

    at: datetime
    hours: float
    services: tuple[ServiceNow, ...]
    incidents: tuple[Incident, ...]
    sources: tuple[SourceHealth, ...]


def take_snapshot(
    store: Viewer, *, configured: frozenset[str], now: datetime, hours: float
) -> Snapshot:
    """Return how everything is at ``now``; services with an outage first, the worst of them first.

    Parameters
    ----------
    configured : services that are followed though nothing was counted of them yet.
    hours : how far the sparklines go back.
    """
    step = timedelta(seconds=max(round(hours * 3600 / COLUMNS), 1))
    start = floor_to(now, step) - (COLUMNS - 1) * step
    curve = store.curve(start=start, end=now, step=step)
    names = sorted({*configured, *store.services()})
    services = [
        _service(name, found, _lately(curve, name, start, step))
        for name, found in service_statuses(store, names, now).items()
    ]
    ordered = sorted(services, key=lambda s: (-_badness(s), s.name.casefold(), s.name))
    opened = store.incident_page(IncidentQuery(is_open=True))
    return Snapshot(now, hours, tuple(ordered), opened, store.source_health())


def _service(name: str, found: ServiceStatus, lately: Floats) -> ServiceNow:
    incident = found.incident if found.incident is not None and found.incident.is_open else None
    at = max((one.time for one in found.latest), default=None)
    last = [one for one in found.latest if one.time == at]
    count, expected = (
        _sum_of_known([getattr(one, name) for one in last]) for name in ("count", "expected")
    )
    return ServiceNow(name, found.state.value, incident, at, count, expected, lately)


def _sum_of_known(values: Sequence[float]) -> float:
    """Return the sum of the values that are known, nan where none is."""
    known = [value for value in values if not isnan(value)]
    return sum(known) if known else float("nan")


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


def snapshot_to_dict(snapshot: Snapshot) -> Mapping[str, Any]:
    """Return ``snapshot`` as ``top --json`` prints it."""
    return {
        "at": iso(snapshot.at),
        "services": [_service_to_dict(s) for s in snapshot.services],
        "incidents": [incident_to_dict(i) for i in snapshot.incidents],
        "feeds": [health_to_dict(one) for one in snapshot.sources],
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


def _finite(value: float) -> float | None:
    return None if isnan(value) else round(value, 4)
