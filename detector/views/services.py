"""How the services are, as of now: the one rule that pages, API, badge and `top` follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from math import isnan

import pandas as pd

from detector.model.health import SourceState
from detector.model.incident import Incident, Severity
from detector.model.silence import Acknowledgement, Silence
from detector.store.base import Viewer
from detector.views.incident_record import ViewContext
from detector.views.incident_view import labels_of
from detector.views.recorded_curves import seconds_of, width_of

#: Without an observed bin for so long nothing is known of a service, unless its bins are wider.
UNKNOWN_AFTER = timedelta(minutes=30)
#: No bin is wider; the width of older ones is of no interest.
_WIDEST = timedelta(days=1)


class ServiceState(Enum):
    """What is known of a service now. ``UNKNOWN``: it was not observed lately."""

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
class ServiceStatus:
    """How a service is.

    Attributes
    ----------
    state : by the rule of `service_statuses`.
    incident : the open one, or the last one, None if there never was any.
    latest : the last observed bins, by source.
    """

    state: ServiceState
    incident: Incident | None
    latest: tuple[LatestBin, ...]

    @property
    def label(self) -> str:
        """The state as the catalogue words it: the severity of an outage, else the state."""
        if self.incident is not None and self.incident.is_open:
            return self.incident.severity.label
        return self.state.value

    @property
    def observed_at(self) -> datetime | None:
        """Left edge of the last bin that any source observed, None where none is known."""
        return max((found.time for found in self.latest), default=None)


@dataclass(frozen=True, slots=True)
class ServiceSummary(ServiceStatus):
    """One service as it stands.

    Attributes
    ----------
    name : as configured, or as found in posts.
    is_configured : whether `config.toml` names it.
    acknowledgement : who is handling the open incident.
    silence : what matches the open incident now.
    """

    name: str
    is_configured: bool
    acknowledgement: Acknowledgement | None = None
    silence: Silence | None = None

    @property
    def severity(self) -> Severity | None:
        """How bad the open outage is, None without one."""
        return self.incident.severity if self.incident and self.incident.is_open else None


def service_names(records: ViewContext) -> tuple[str, ...]:
    """Return the configured services and those that were found, by name."""
    return tuple(sorted({*records.settings.services, *records.store.services()}))


def services(records: ViewContext) -> tuple[ServiceSummary, ...]:
    """Return every service, those with an outage first, the worst of them first, then by name."""
    found = _summaries(records, service_names(records))
    return tuple(sorted(found, key=lambda s: (-(s.severity or 0), s.name.casefold(), s.name)))


def service(records: ViewContext, name: str) -> ServiceSummary | None:
    """Return one service, None if there is none of that name."""
    if name not in service_names(records):
        return None
    return next(_summaries(records, (name,)))


def service_statuses(
    store: Viewer, names: Sequence[str], now: datetime, *, fresh: Set[str] = frozenset()
) -> dict[str, ServiceStatus]:
    """Return how each service is at ``now``.

    An open incident is an outage. Otherwise a service is fine as long as it is observed: its last
    bin at some source is at most half an hour old, or the next one is not due yet where bins are
    wider; or it was seen on a trending list before and the list is up: not to be listed is the
    list's way of saying that nothing is wrong. Everything else is unknown.

    Parameters
    ----------
    fresh : services that are known to have a bin of the last half hour; their bins are not read.
    """
    incidents = store.last_incidents()
    up = {one.source for one in store.source_health() if one.state is SourceState.UP}
    bins = _latest(store, [name for name in names if name not in fresh])
    widths = _widths(store, bins, now)
    found = {}
    for name in names:
        incident, latest = incidents.get(name), tuple(bins.get(name, ()))
        observed = (
            name in fresh
            or any(_is_fresh(one, widths, now) for one in latest)
            or _is_listed_at(up, incident, latest)
        )
        found[name] = ServiceStatus(_state(incident, observed=observed), incident, latest)
    return found


def _state(incident: Incident | None, *, observed: bool) -> ServiceState:
    if incident is not None and incident.is_open:
        return ServiceState.OUTAGE
    return ServiceState.FINE if observed else ServiceState.UNKNOWN


def _is_fresh(found: LatestBin, widths: Mapping[str, timedelta], now: datetime) -> bool:
    """Tell whether the bin behind this one can still come: it is final a width after its start."""
    age = now - found.time
    return age <= UNKNOWN_AFTER or age <= 2 * widths.get(found.source, timedelta(0))


def _is_listed_at(up: Set[str], incident: Incident | None, latest: Iterable[LatestBin]) -> bool:
    """Tell whether a trending list that is up has shown the service before."""
    lists = {one.source for one in latest if isnan(one.evidence)}
    if incident is not None and incident.is_listed:
        lists |= set(incident.sources)
    return not lists.isdisjoint(up)


def _summaries(records: ViewContext, names: tuple[str, ...]) -> Iterator[ServiceSummary]:
    wall, settings = records.wall(), records.settings
    acknowledged = {one.incident_id: one for one in records.controls.acknowledgements()}
    silences = records.controls.silences(ending_after=wall)
    for name, found in service_statuses(records.store, names, records.now()).items():
        incident = found.incident
        is_open = incident is not None and incident.is_open
        labels = (
            labels_of(records.store, incident, settings.services_by_provider)
            if incident and is_open and silences
            else {}
        )
        yield ServiceSummary(
            name=name,
            is_configured=name in settings.services,
            state=found.state,
            incident=incident,
            acknowledgement=acknowledged.get(incident.id) if incident and is_open else None,
            silence=next((s for s in silences if labels and s.mutes(labels, wall)), None),
            latest=found.latest,
        )


def _latest(store: Viewer, names: Sequence[str]) -> Mapping[str, list[LatestBin]]:
    found = store.latest(names)
    columns = ("service", "source", "time", "count", "expected", "evidence")
    rows = zip(*(found[column].tolist() for column in columns), strict=True)
    bins: dict[str, list[LatestBin]] = {}
    for service, source, time, *numbers in rows:
        bins.setdefault(service, []).append(LatestBin(source, time.to_pydatetime(), *numbers))
    return bins


def _widths(
    store: Viewer, bins: Mapping[str, Sequence[LatestBin]], now: datetime
) -> dict[str, timedelta]:
    """Return the width of bins by source, where a last bin is old enough for that to matter.

    Services of one source share the width, so that one of them tells it.
    """
    late = {
        one.source: (name, one.time)
        for name, latest in bins.items()
        for one in latest
        if UNKNOWN_AFTER < now - one.time <= 2 * _WIDEST
    }
    return {source: _width(store, source, *where) for source, where in late.items()}


def _width(store: Viewer, source: str, service: str, last: datetime) -> timedelta:
    frame = store.counts(service, start=last - 3 * _WIDEST, end=last + timedelta(microseconds=1))
    times: pd.Series = frame.loc[frame["source"] == source, "time"]
    return timedelta(seconds=width_of(seconds_of(times)))
