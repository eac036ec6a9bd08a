"""The store for readers: services, counts and pages of incidents, alerts and decisions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import BigInteger, Select, bindparam, cast, func, literal, select, tuple_, union

from detector.model.alert import Alert
from detector.model.delivery import DeliveryStatus
from detector.model.documents import alert_from_dict
from detector.model.incident import Incident
from detector.store.base import IncidentQuery
from detector.store.connections import open_shared
from detector.store.row_values import COUNT_COLUMNS, counts_frame, incident_of, to_micros
from detector.store.schema import ALERTS, COUNTS, DECISIONS, INCIDENTS, OUTBOX
from detector.store.sql_store import SqlStore

_LATELY = 6 * 3_600_000_000
CURVE_COLUMNS = (
    "service",
    "source",
    "time",
    "count",
    "low",
    "total",
    "expected",
    "evidence",
    "bins",
)


def open_viewer(location: str | Path) -> SqlViewer:
    """Open the store at ``location`` for looking; a pipeline may be writing to it.

    Raises
    ------
    StoreError : there is no store yet, or its schema is not this version's.
    """
    return open_shared(location, lambda engine, url: SqlViewer(engine, url, None), readonly=True)


class SqlViewer(SqlStore):
    """A store opened for looking; see `detector.store.base.Viewer`."""

    def services(self) -> tuple[str, ...]:
        """Return the services that have counts or incidents, by name."""
        # From name to next name: the table may have millions of rows and a hundred services.
        first = select(func.min(COUNTS.c.service).label("name")).cte("named", recursive=True)
        following = (
            select(func.min(COUNTS.c.service))
            .where(COUNTS.c.service > first.c.name)
            .scalar_subquery()
        )
        named = first.union_all(select(following).where(first.c.name.is_not(None)))
        asked = union(select(named.c.name), select(INCIDENTS.c.service))
        with self._reading() as connection:
            return tuple(sorted(name for name in connection.scalars(asked) if name is not None))

    def latest(self, services: Sequence[str]) -> pd.DataFrame:
        """Return the last observed bin of every source of ``services`` that was observed lately.

        That is, within six hours of its last one of all; source health tells how long it is away.
        """
        time, source = COUNTS.c.time, COUNTS.c.source
        of_it = (COUNTS.c.service == bindparam("service")) & COUNTS.c.count.is_not(None)
        last = select(func.max(time)).where(of_it).scalar_subquery()
        latest = select(source.label("place"), func.max(time).label("at"))
        of_sources = latest.where(of_it, time > last - _LATELY).group_by(source).subquery()
        asked = (
            select(*(COUNTS.c[name] for name in COUNT_COLUMNS))
            .join(of_sources, (source == of_sources.c.place) & (time == of_sources.c.at))
            .where(of_it)
            .order_by(source)
        )
        with self._reading() as connection:
            rows = [r for name in services for r in connection.execute(asked, {"service": name})]
        return counts_frame(rows)

    def last_incidents(self) -> Mapping[str, Incident]:
        """Return, by service, the incident that goes on, else the one noticed last."""
        place = func.row_number().over(
            partition_by=INCIDENTS.c.service,
            order_by=(
                INCIDENTS.c.resolved_at.is_not(None),
                INCIDENTS.c.noticed_at.desc(),
                INCIDENTS.c.id.desc(),
            ),
        )
        placed = select(INCIDENTS.c.document, place.label("place")).subquery()
        with self._reading() as connection:
            found = connection.scalars(select(placed.c.document).where(placed.c.place == 1))
            return {incident.service: incident for incident in map(incident_of, found)}

    def curve(
        self, *, start: datetime, end: datetime, step: timedelta, service: str | None = None
    ) -> pd.DataFrame:
        """Return the observed bins of ``[start, end)`` melted into steps that keep the peaks."""
        time, count = COUNTS.c.time, COUNTS.c.count
        micros = literal(step // timedelta(microseconds=1), BigInteger)
        left = (time - time % micros).label("left")
        observed = time.between(to_micros(start), to_micros(end) - 1) & count.is_not(None)
        asked = (
            select(
                COUNTS.c.service,
                COUNTS.c.source,
                left,
                func.max(count),
                func.min(count),
                func.sum(count),
                func.avg(COUNTS.c.expected),
                func.max(COUNTS.c.evidence),
                cast(func.count(), BigInteger),
            )
            .where(observed)
            .group_by(COUNTS.c.service, COUNTS.c.source, left)
            .order_by(COUNTS.c.service, COUNTS.c.source, left)
        )
        # The key begins with the service: without one the whole history would be read.
        named = self.services() if service is None else (service,)
        with self._reading() as connection:
            return _curve(connection.execute(asked.where(COUNTS.c.service.in_(named))))

    def incident_page(self, asked: IncidentQuery) -> tuple[Incident, ...]:
        """Return the incidents that ``asked`` is about, the one noticed last first."""
        chosen = _filtered(select(INCIDENTS.c.document), asked)
        order = INCIDENTS.c.noticed_at.desc(), INCIDENTS.c.id.desc()
        with self._reading() as connection:
            documents = connection.scalars(chosen.order_by(*order).limit(asked.limit))
            return tuple(map(incident_of, documents))

    def alert_page(
        self, *, before: tuple[datetime, str, int] | None, limit: int
    ) -> tuple[Alert, ...]:
        """Return alerts behind ``before`` (time, incident, sequence), the latest first."""
        place = (ALERTS.c.at, ALERTS.c.incident_id, ALERTS.c.sequence)
        asked = select(ALERTS.c.document).order_by(*(column.desc() for column in place))
        if before is not None:
            asked = asked.where(tuple_(*place) < (to_micros(before[0]), *before[1:]))
        with self._reading() as connection:
            documents = connection.scalars(asked.limit(limit))
            return tuple(alert_from_dict(json.loads(document)) for document in documents)

    def outbox(self) -> Mapping[DeliveryStatus, int]:
        """Return how many deliveries there are of every status."""
        asked = select(OUTBOX.c.status, func.count()).group_by(OUTBOX.c.status)
        with self._reading() as connection:
            found = {str(status): int(n) for status, n in connection.execute(asked)}
        return {status: found.get(status.value, 0) for status in DeliveryStatus}


def _filtered(chosen: Select[Any], asked: IncidentQuery) -> Select[Any]:
    noticed = INCIDENTS.c.noticed_at
    if asked.service is not None:
        chosen = chosen.where(INCIDENTS.c.service == asked.service)
    if asked.is_open is not None:
        over = INCIDENTS.c.resolved_at.is_not(None)
        chosen = chosen.where(~over if asked.is_open else over)
    if asked.since is not None:
        chosen = chosen.where(noticed >= to_micros(asked.since))
    if asked.until is not None:
        chosen = chosen.where(noticed < to_micros(asked.until))
    if asked.before is not None:
        at, name = asked.before
        chosen = chosen.where(tuple_(noticed, INCIDENTS.c.id) < (to_micros(at), name))
    if asked.reason is not None or asked.receiver is not None:
        chosen = chosen.where(INCIDENTS.c.id.in_(_decided(asked)))
    return chosen


def _decided(asked: IncidentQuery) -> Select[Any]:
    """Return the ids of incidents with a decision for the reason and the receiver asked for."""
    chosen = select(DECISIONS.c.incident_id)
    if asked.reason is not None:
        chosen = chosen.where(DECISIONS.c.reason == asked.reason.value)
    if asked.receiver is not None:
        chosen = chosen.where(DECISIONS.c.receiver == asked.receiver)
    return chosen


def _curve(rows: Iterable[Sequence[Any]]) -> pd.DataFrame:
    columns = list(zip(*rows, strict=True)) or [()] * len(CURVE_COLUMNS)
    frame = pd.DataFrame(dict(zip(CURVE_COLUMNS, map(list, columns), strict=True)))
    frame["time"] = pd.to_datetime(frame["time"].astype("int64"), unit="us", utc=True).dt.as_unit(
        "us"
    )
    numbers = dict.fromkeys(("count", "low", "total", "expected", "evidence"), "float64")
    return frame.astype({"service": "str", "source": "str", "bins": "int64"} | numbers)
