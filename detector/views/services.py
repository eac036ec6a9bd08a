"""How the services are, as of now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from detector.model.incident import Incident, Severity
from detector.model.silence import Acknowledgement, Silence
from detector.views.incident import labels_of
from detector.web.backend import Backend

#: Without an observed bin for so long nothing is known of a service.
UNKNOWN_AFTER = timedelta(minutes=30)


class ServiceState(Enum):
    """What is known of a service now. ``UNKNOWN``: nobody looked lately."""

    FINE = "fine"
    OUTAGE = "outage"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LatestBin:
    """The last observed bin of one source; ``evidence`` in nats, nan where there is none."""

    source: str
    time: datetime
    count: float
    expected: float
    evidence: float


@dataclass(frozen=True, slots=True)
class ServiceSummary:
    """One service as it stands.

    Attributes
    ----------
    name : as configured, or as found in posts.
    is_configured : whether `config.toml` names it.
    state : how it is.
    incident : the one that goes on, or the last one, None if there never was any.
    acknowledgement : who has the open incident in hand.
    silence : what mutes the open incident now.
    latest : by source.
    """

    name: str
    is_configured: bool
    state: ServiceState
    incident: Incident | None = None
    acknowledgement: Acknowledgement | None = None
    silence: Silence | None = None
    latest: tuple[LatestBin, ...] = ()

    @property
    def severity(self) -> Severity | None:
        """How bad the outage is that goes on, None without one."""
        return self.incident.severity if self.incident and self.incident.is_open else None

    @property
    def observed_at(self) -> datetime | None:
        """Left edge of the last bin that any source observed."""
        return max((found.time for found in self.latest), default=None)


def service_names(backend: Backend) -> tuple[str, ...]:
    """Return the configured services and those that were found, by name."""
    return tuple(sorted({*backend.settings.services, *backend.store.services()}))


def services(backend: Backend) -> tuple[ServiceSummary, ...]:
    """Return every service, those with an outage first, the worst of them first, then by name."""
    found = _summaries(backend, service_names(backend))
    return tuple(sorted(found, key=lambda s: (-(s.severity or 0), s.name.casefold(), s.name)))


def service(backend: Backend, name: str) -> ServiceSummary | None:
    """Return one service, None if there is none of that name."""
    if name not in service_names(backend):
        return None
    return next(_summaries(backend, (name,)))


def _summaries(backend: Backend, names: tuple[str, ...]) -> Iterator[ServiceSummary]:
    now, wall = backend.now(), backend.wall()
    acknowledged = {said.incident_id: said for said in backend.desk.acknowledgements()}
    silences = backend.desk.silences(ending_after=wall)
    incidents = backend.store.last_incidents()
    bins = _latest(backend, names)
    for name in names:
        incident = incidents.get(name)
        is_open = incident is not None and incident.is_open
        labels = labels_of(backend, incident) if incident and is_open and silences else {}
        latest = tuple(bins.get(name, ()))
        yield ServiceSummary(
            name=name,
            is_configured=name in backend.settings.services,
            state=_state(incident, latest, now),
            incident=incident,
            acknowledgement=acknowledged.get(incident.id) if incident and is_open else None,
            silence=next((s for s in silences if labels and s.mutes(labels, wall)), None),
            latest=latest,
        )


def _latest(backend: Backend, names: Sequence[str]) -> Mapping[str, list[LatestBin]]:
    found = backend.store.latest(names)
    columns = ("service", "source", "time", "count", "expected", "evidence")
    rows = zip(*(found[column].tolist() for column in columns), strict=True)
    bins: dict[str, list[LatestBin]] = {}
    for service, source, time, *numbers in rows:
        bins.setdefault(service, []).append(LatestBin(source, time.to_pydatetime(), *numbers))
    return bins


def _state(incident: Incident | None, latest: tuple[LatestBin, ...], now: datetime) -> ServiceState:
    if incident is not None and incident.is_open:
        return ServiceState.OUTAGE
    seen = max((found.time for found in latest), default=None)
    return ServiceState.UNKNOWN if seen is None or now - seen > UNKNOWN_AFTER else ServiceState.FINE
