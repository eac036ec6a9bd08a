"""What is on record of many incidents at once: after a start, all that go on are asked about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from sqlalchemy import Connection

from detector.domain.alert import Alert
from detector.domain.decision import Decision
from detector.domain.delivery import Delivery
from detector.ports import OnRecord
from detector.stores import chronicle, outbox

#: Incidents in one question: databases bound the parameters of a statement.
_AT_ONCE = 500

T = TypeVar("T")


def on_record(connection: Connection, incident_ids: Collection[str]) -> Mapping[str, OnRecord]:
    """Return what is on record of ``incident_ids``, by id; every id has an entry."""
    asked, found = list(incident_ids), dict[str, OnRecord]()
    for start in range(0, len(asked), _AT_ONCE):
        found |= _records(connection, asked[start : start + _AT_ONCE])
    return found


def _records(connection: Connection, ids: Sequence[str]) -> Mapping[str, OnRecord]:
    alerts = _grouped(chronicle.alerts_about(connection, ids), _subject)
    decisions = _grouped(chronicle.decisions_about(connection, ids), _judged)
    deliveries = _grouped(outbox.about(connection, ids), _addressed)
    return {
        one: OnRecord(tuple(alerts[one]), tuple(decisions[one]), tuple(deliveries[one]))
        for one in ids
    }


def _subject(alert: Alert) -> str:
    return alert.incident.id


def _judged(decision: Decision) -> str:
    return decision.incident_id


def _addressed(delivery: Delivery) -> str:
    return delivery.alert.about


def _grouped(rows: Iterable[T], about: Callable[[T], str]) -> Mapping[str, list[T]]:
    groups: dict[str, list[T]] = defaultdict(list)
    for row in rows:
        groups[about(row)].append(row)
    return groups
