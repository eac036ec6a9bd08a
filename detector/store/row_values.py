"""Values of the model as rows of the tables, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Row

from detector.model.delivery import Delivery, DeliveryStatus
from detector.model.documents import (
    incident_from_dict,
    incident_to_dict,
    notice_from_dict,
    notice_to_dict,
)
from detector.model.incident import Incident

COUNT_COLUMNS = ("time", "service", "source", "count", "expected", "evidence")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(instant: datetime) -> int:
    """Return whole microseconds since 1970 of an aware ``instant``; naive ones raise TypeError."""
    return (instant - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the aware UTC instant ``micros`` microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=micros)


def maybe_to_micros(instant: datetime | None) -> int | None:
    """Return `to_micros`, None for None."""
    return None if instant is None else to_micros(instant)


def maybe_from_micros(micros: int | None) -> datetime | None:
    """Return `from_micros`, None for None."""
    return None if micros is None else from_micros(micros)


def count_rows(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Return one tuple per row in the order of `COUNT_COLUMNS`; nan becomes None (not observed).

    Raises
    ------
    ValueError : a column is missing, or ``time`` is not timezone-aware.
    """
    if missing := [name for name in COUNT_COLUMNS if name not in frame.columns]:
        raise ValueError(f"counts to commit lack the columns {missing}")
    times = frame["time"]
    if not isinstance(times.dtype, pd.DatetimeTZDtype):
        raise ValueError(f"time of counts must be timezone-aware UTC, not {times.dtype}")  # noqa: TRY004 - a wrong value, not a wrong type of argument
    micros = times.dt.as_unit("us").astype("int64")
    numbers = (_with_none(frame[name]) for name in COUNT_COLUMNS[3:])
    return list(
        zip(
            micros.tolist(),
            frame["service"].tolist(),
            frame["source"].tolist(),
            *numbers,
            strict=True,
        )
    )


def _with_none(column: pd.Series) -> list[float | None]:
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    boxed = values.astype(object)
    boxed[np.isnan(values)] = None
    listed: list[float | None] = boxed.tolist()
    return listed


def counts_frame(rows: Iterable[Sequence[Any]]) -> pd.DataFrame:
    """Return the counts table of rows in the order of `COUNT_COLUMNS`, ``time`` in UTC."""
    columns = list(zip(*rows, strict=True)) or [()] * len(COUNT_COLUMNS)
    frame = pd.DataFrame(dict(zip(COUNT_COLUMNS, map(list, columns), strict=True)))
    frame["time"] = pd.to_datetime(frame["time"].astype("int64"), unit="us", utc=True).dt.as_unit(
        "us"
    )
    kinds = {"service": "str", "source": "str"} | dict.fromkeys(COUNT_COLUMNS[3:], "float64")
    return frame.astype(kinds)


def incident_row(incident: Incident) -> dict[str, Any]:
    """Return the row of ``incidents``."""
    return {
        "id": incident.id,
        "service": incident.service,
        "noticed_at": to_micros(incident.noticed_at),
        "resolved_at": maybe_to_micros(incident.resolved_at),
        "document": json.dumps(incident_to_dict(incident)),
    }


def incident_of(document: str) -> Incident:
    """Return the incident that `incident_row` wrote."""
    return incident_from_dict(json.loads(document))


def delivery_row(delivery: Delivery) -> dict[str, Any]:
    """Return the row of ``outbox``; it was recorded when it is first due."""
    alert, document = delivery.alert, notice_to_dict(delivery.alert)
    sequence, notice = alert.place
    return {
        "receiver": delivery.receiver,
        "key": alert.key,
        "incident_id": alert.about,
        "sequence": sequence,
        "notice": notice,
        "kind": document["kind"],
        "alert_at": to_micros(alert.at),
        "alert": json.dumps(document),
        "status": delivery.status.value,
        "attempts": delivery.attempts,
        "recorded_at": to_micros(delivery.recorded_at or delivery.due_at),
        "due_at": to_micros(delivery.due_at),
        "sent_at": maybe_to_micros(delivery.sent_at),
        "error": delivery.error,
    }


def delivery_of(row: Row[Any]) -> Delivery:
    """Return the delivery that a row of ``outbox`` holds."""
    return Delivery(
        receiver=row.receiver,
        alert=notice_from_dict(json.loads(row.alert)),
        status=DeliveryStatus(row.status),
        attempts=row.attempts,
        due_at=from_micros(row.due_at),
        sent_at=maybe_from_micros(row.sent_at),
        error=row.error,
        recorded_at=from_micros(row.recorded_at),
    )
