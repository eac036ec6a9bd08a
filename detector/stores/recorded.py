"""What is on record of many incidents at once: after a start, all that go on are asked about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
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
    found: dict[str, OnRecord] = {}
    for ids in _parts(incident_ids):
        found |= _records(connection, ids)
    return found


def last_said(
    connection: Connection, receivers: Collection[str], incident_ids: Collection[str]
) -> tuple[Delivery, ...]:
    """Return the last message of each incident that each receiver took, or refused as its end."""
    parts = _parts(sorted(incident_ids))
    return tuple(said for ids in parts for said in outbox.last_said(connection, receivers, ids))


def _parts(incident_ids: Collection[str]) -> Iterator[Sequence[str]]:
    ids = list(incident_ids)
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))


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
