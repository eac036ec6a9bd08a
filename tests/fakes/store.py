"""The store as plain dictionaries: obviously right, and the oracle of the contract suite."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import pandas as pd

from detector.errors import StoreError
from detector.model.alert import Alert, AlertKind
from detector.model.decision import Decision, Reason
from detector.model.delivery import Delivery, DeliveryStatus, Notice
from detector.model.documents import (
    alert_from_dict,
    alert_to_dict,
    incident_from_dict,
    incident_to_dict,
    notice_from_dict,
    notice_to_dict,
)
from detector.model.health import SourceAlert, SourceHealth
from detector.model.incident import Incident
from detector.store.base import OnRecord, RunRecord

COLUMNS = ["time", "service", "source", "count", "expected", "evidence"]


class FakeStore:
    """Everything in memory; numbers are rounded as the wire does, as in every store."""

    def __init__(self) -> None:
        self._state: dict[str, bytes] = {}
        self._counts: dict[tuple[str, datetime, str], tuple[float, float, float]] = {}
        self._incidents: dict[str, Incident] = {}
        self._outbox: dict[tuple[str, str], Delivery] = {}
        self._alerts: dict[str, Alert] = {}
        self._decisions: dict[tuple[str, datetime, str, str, str], Decision] = {}
        self._source_health: dict[str, SourceHealth] = {}

    def state(self) -> dict[str, bytes]:
        return dict(self._state)

    def commit(self, record: RunRecord) -> None:
        if record.counts is not None:
            self._take_counts(record.counts)
        for key, value in record.state.items():
            if value is None:
                self._state.pop(key, None)
            else:
                self._state[key] = value
        for incident in record.incidents:
            self._incidents[incident.id] = incident_from_dict(incident_to_dict(incident))
        for delivery in record.deliveries:
            held = replace(
                delivery,
                alert=_rounded(delivery.alert),
                recorded_at=delivery.recorded_at or delivery.due_at,
            )
            self._outbox.setdefault((delivery.receiver, delivery.alert.key), held)

        for alert in record.alerts:
            self._alerts.setdefault(alert.key, rounded(alert))
        for decision in record.decisions:
            said = decision.reason.value, json.dumps(dict(decision.params), sort_keys=True)
            key = (decision.incident_id, decision.at, decision.receiver, *said)
            self._decisions.pop(key, None)
            self._decisions[key] = decision
        self._source_health |= {one.source: one for one in record.source_health}

    def _take_counts(self, counts: pd.DataFrame) -> None:
        if missing := [name for name in COLUMNS if name not in counts.columns]:
            raise ValueError(f"counts to commit lack the columns {missing}")
        if not isinstance(counts["time"].dtype, pd.DatetimeTZDtype):
            raise ValueError("time of counts must be timezone-aware UTC")  # noqa: TRY004
        for row in counts[COLUMNS].itertuples(index=False):
            key = (row.service, row.time.to_pydatetime(), row.source)
            self._counts[key] = (row.count, row.expected, row.evidence)

    def counts(self, service: str, *, start: datetime, end: datetime) -> pd.DataFrame:
        rows = [
            (time, name, source, *numbers)
            for (name, time, source), numbers in self._counts.items()
            if name == service and start <= time < end
        ]
        frame = pd.DataFrame(sorted(rows, key=lambda row: (row[0], row[2])), columns=COLUMNS)
        frame["time"] = pd.to_datetime(frame["time"], utc=True).dt.as_unit("us")
        kinds = {"service": "str", "source": "str"} | dict.fromkeys(COLUMNS[3:], "float64")
        return frame.astype(kinds)

    def incidents(
        self, *, service: str | None = None, limit: int | None = None
    ) -> tuple[Incident, ...]:
        found = [i for i in self._incidents.values() if service in (None, i.service)]
        found.sort(key=lambda i: (i.noticed_at, i.id), reverse=True)
        return tuple(found[:limit])

    def incident(self, incident_id: str) -> Incident | None:
        return self._incidents.get(incident_id)

    def alerts(
        self, *, incident_id: str | None = None, limit: int | None = None
    ) -> tuple[Alert, ...]:
        found = [a for a in self._alerts.values() if incident_id in (None, a.incident.id)]
        found.sort(key=lambda a: (a.at, a.incident.id, a.sequence), reverse=True)
        return tuple(found[:limit])

    def decisions(self, incident_id: str) -> tuple[Decision, ...]:
        return tuple(d for d in self._decisions.values() if d.incident_id == incident_id)

    def decision_counts(self) -> dict[tuple[Reason, str], int]:
        return Counter((d.reason, d.receiver) for d in self._decisions.values())

    def source_health(self) -> tuple[SourceHealth, ...]:
        return tuple(self._source_health[source] for source in sorted(self._source_health))

    def deliveries(self, *, incident_id: str | None = None) -> tuple[Delivery, ...]:
        found = [d for d in self._outbox.values() if incident_id in (None, d.alert.about)]
        return _in_order(found)

    def on_record(self, incident_ids: Collection[str]) -> dict[str, OnRecord]:
        return {
            one: OnRecord(
                alerts=tuple(reversed(self.alerts(incident_id=one))),
                decisions=self.decisions(one),
                deliveries=self.deliveries(incident_id=one),
            )
            for one in incident_ids
        }

    def last_taken(
        self, receivers: Collection[str], incident_ids: Collection[str]
    ) -> tuple[Delivery, ...]:
        last: dict[tuple[str, str], Delivery] = {}
        for held in sorted(self._outbox.values(), key=lambda d: d.alert.place):
            about = (held.alert.about, held.receiver)
            wanted = held.receiver in receivers and held.alert.about in incident_ids
            dead_end = (
                held.status is DeliveryStatus.DEAD
                and isinstance(held.alert, Alert)
                and held.alert.kind is AlertKind.RESOLVED
            )
            if wanted and (held.status is DeliveryStatus.SENT or dead_end):
                last[about] = held
        return tuple(last[about] for about in sorted(last))

    def unended(self, *, since: datetime) -> tuple[Incident, ...]:
        last: dict[tuple[str, str], Alert] = {}
        for held in sorted(self._outbox.values(), key=lambda d: d.alert.place):
            if isinstance(held.alert, Alert) and held.status is not DeliveryStatus.DEAD:
                last[held.alert.about, held.receiver] = held.alert
        owed = {one for (one, _), a in last.items() if a.kind is not AlertKind.RESOLVED}
        known = (self._incidents[one] for one in sorted(owed & self._incidents.keys()))
        return tuple(i for i in known if i.resolved_at is not None and i.resolved_at >= since)

    def due(self, now: datetime, *, limit: int) -> tuple[Delivery, ...]:
        due: list[Delivery] = []
        waiting: set[tuple[str, str]] = set()
        for delivery in sorted(self._outbox.values(), key=lambda d: d.alert.place):
            turn = (delivery.alert.about, delivery.receiver)
            if delivery.status is not DeliveryStatus.PENDING:
                continue
            if delivery.due_at > now:
                waiting.add(turn)
            elif turn not in waiting:
                due.append(delivery)
        return _in_order(due)[:limit]

    def mark(
        self,
        delivery: Delivery,
        status: DeliveryStatus,
        *,
        at: datetime,
        due_at: datetime | None = None,
        error: str | None = None,
    ) -> None:
        key = (delivery.receiver, delivery.alert.key)
        held = self._outbox.get(key)
        if held is None or held.status is not DeliveryStatus.PENDING:
            raise StoreError(f"{key[1]} to {key[0]!r} is not waiting to be delivered")
        self._outbox[key] = replace(
            held,
            status=status,
            attempts=held.attempts + 1,
            due_at=due_at or held.due_at,
            sent_at=at if status is DeliveryStatus.SENT else None,
            error=error,
        )

    def forget(self, *, before: datetime) -> int:
        counts = [key for key in self._counts if key[1] < before]
        for key in counts:
            del self._counts[key]
        old = [key for key, held in self._outbox.items() if self._is_over(held, before)]
        for place in old:
            del self._outbox[place]
        return len(counts) + len(old)

    def _is_over(self, held: Delivery, before: datetime) -> bool:
        if held.alert.at >= before or held.status is DeliveryStatus.PENDING:
            return False
        if isinstance(held.alert, SourceAlert):
            return True
        known = self._incidents.get(held.alert.incident.id)
        resolved_at = None if known is None else known.resolved_at
        return resolved_at is not None and resolved_at < before

    def close(self) -> None:
        pass


def rounded(alert: Alert) -> Alert:
    """The alert as every store and receiver keeps it."""
    return alert_from_dict(alert_to_dict(alert))


def _rounded(notice: Notice) -> Notice:
    return notice_from_dict(notice_to_dict(notice))


def _in_order(deliveries: Collection[Delivery]) -> tuple[Delivery, ...]:
    """By sequence and number within an incident; incidents by the times of what was told."""

    def order(one: Delivery) -> tuple[datetime, str, tuple[int, int], str]:
        alert = one.alert
        before = [d.alert.at for d in deliveries if _precedes(d.alert, alert)]
        return (max([alert.at, *before]), alert.about, alert.place, one.receiver)

    return tuple(sorted(deliveries, key=order))


def _precedes(one: Notice, other: Notice) -> bool:
    return one.about == other.about and one.place <= other.place
