"""What happened, to be shown later: alerts, decisions and the health of sources."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, func, select

from detector.model.alert import Alert, AlertKind
from detector.model.decision import Decision, Reason
from detector.model.documents import alert_from_dict, alert_to_dict
from detector.model.health import SourceHealth, SourceReason, SourceState
from detector.store.base import RunRecord
from detector.store.connections import in_parts, insert_new, upsert
from detector.store.row_values import from_micros, maybe_from_micros, maybe_to_micros, to_micros
from detector.store.schema import ALERTS, DECISIONS, SOURCE_HEALTH


def write(connection: Connection, record: RunRecord) -> None:
    """Write the alerts, decisions and source health of ``record``."""
    if record.alerts:
        connection.execute(insert_new(connection, ALERTS), [_alert_row(a) for a in record.alerts])
    if record.decisions:
        rows = _numbered(connection, record.decisions)
        connection.execute(upsert(connection, DECISIONS), rows)
    if record.source_health:
        connection.execute(
            upsert(connection, SOURCE_HEALTH),
            [_health_row(health) for health in record.source_health],
        )


def alerts(connection: Connection, incident_id: str | None, limit: int | None) -> tuple[Alert, ...]:
    """Return alerts, the latest first."""
    asked = select(ALERTS.c.document).order_by(
        ALERTS.c.at.desc(), ALERTS.c.incident_id.desc(), ALERTS.c.sequence.desc()
    )
    if incident_id is not None:
        asked = asked.where(ALERTS.c.incident_id == incident_id)
    documents = connection.scalars(asked.limit(limit))
    return tuple(alert_from_dict(json.loads(document)) for document in documents)


def decisions(connection: Connection, incident_id: str) -> tuple[Decision, ...]:
    """Return the decisions about one incident, in the order in which they were taken."""
    return decisions_about(connection, [incident_id])


def alerts_about(connection: Connection, incident_ids: Collection[str]) -> tuple[Alert, ...]:
    """Return what there was to tell of many incidents, in order within each."""
    asked = (
        select(ALERTS.c.document)
        .where(ALERTS.c.incident_id.in_(incident_ids))
        .order_by(ALERTS.c.at, ALERTS.c.incident_id, ALERTS.c.sequence)
    )
    documents = connection.scalars(asked)
    return tuple(alert_from_dict(json.loads(document)) for document in documents)


def decisions_about(connection: Connection, incident_ids: Collection[str]) -> tuple[Decision, ...]:
    """Return the decisions about many incidents, in order within each."""
    asked = (
        select(DECISIONS)
        .where(DECISIONS.c.incident_id.in_(incident_ids))
        .order_by(DECISIONS.c.incident_id, DECISIONS.c.number)
    )
    return tuple(map(_decision_of, connection.execute(asked)))


def decision_counts(connection: Connection) -> dict[tuple[Reason, str], int]:
    """Return how many decisions there are of each reason and receiver."""
    place = DECISIONS.c.reason, DECISIONS.c.receiver
    asked = select(*place, func.count()).group_by(*place).order_by(*place)
    return {(Reason(why), whom): int(n) for why, whom, n in connection.execute(asked)}


def source_health(connection: Connection) -> tuple[SourceHealth, ...]:
    """Return how each source is, by name."""
    return tuple(
        map(_health_of, connection.execute(select(SOURCE_HEALTH).order_by(SOURCE_HEALTH.c.source)))
    )


def _alert_row(alert: Alert) -> dict[str, Any]:
    return {
        "key": alert.key,
        "incident_id": alert.incident.id,
        "sequence": alert.sequence,
        "at": to_micros(alert.at),
        "document": json.dumps(alert_to_dict(alert)),
    }


def _numbered(connection: Connection, decisions: Iterable[Decision]) -> list[dict[str, Any]]:
    """Return decisions as rows, with numbers that follow the last ones of their incidents."""
    taken = list(decisions)
    last = _last_numbers(connection, {decision.incident_id for decision in taken})
    rows = []
    for decision in taken:
        last[decision.incident_id] += 1
        rows.append(_decision_row(decision, number=last[decision.incident_id]))
    return rows


def _last_numbers(connection: Connection, incident_ids: Collection[str]) -> Counter[str]:
    one = DECISIONS.c.incident_id
    last = select(one, func.max(DECISIONS.c.number)).group_by(one)
    return Counter(
        {
            incident_id: int(number)
            for ids in in_parts(incident_ids)
            for incident_id, number in connection.execute(last.where(one.in_(ids)))
        }
    )


def _decision_row(decision: Decision, *, number: int) -> dict[str, Any]:
    return {
        "incident_id": decision.incident_id,
        "at": to_micros(decision.at),
        "receiver": decision.receiver,
        "reason": decision.reason.value,
        "params": _json(decision.params),
        "kind": None if decision.kind is None else decision.kind.value,
        "number": number,
    }


def _decision_of(row: Row[Any]) -> Decision:
    kind = None if row.kind is None else AlertKind(row.kind)
    params = json.loads(row.params)
    at = from_micros(row.at)
    return Decision(row.incident_id, at, Reason(row.reason), params, kind, row.receiver)


def _json(params: Mapping[str, Any]) -> str:
    """Return parameters as they are stored: equal ones are equal texts, for they are of the key."""
    return json.dumps(dict(params), ensure_ascii=False, sort_keys=True)


def _health_row(health: SourceHealth) -> dict[str, Any]:
    return {
        "source": health.source,
        "state": health.state.value,
        "since": to_micros(health.since),
        "reason": health.reason.value,
        "params": _json(health.params),
        "polled_at": maybe_to_micros(health.polled_at),
        "observed_until": maybe_to_micros(health.observed_until),
    }


def _health_of(row: Row[Any]) -> SourceHealth:
    return SourceHealth(
        source=row.source,
        state=SourceState(row.state),
        since=from_micros(row.since),
        reason=SourceReason(row.reason),
        params=json.loads(row.params),
        polled_at=maybe_from_micros(row.polled_at),
        observed_until=maybe_from_micros(row.observed_until),
    )
