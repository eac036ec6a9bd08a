"""What a child does until it is killed: commit a cycle, deliver, and again, from where it was."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from detector.model.alert import Alert, AlertKind
from detector.model.delivery import Delivery, DeliveryStatus
from detector.model.incident import Incident
from detector.notify.deliver import RetryPolicy, deliver
from detector.receivers.jsonlines import JsonLinesReceiver
from detector.receivers.webhook import WebhookReceiver
from detector.store.base import RunRecord, Store
from detector.store.sql_store import open_store
from tests.fakes.outages import NOON, an_incident

RECEIVERS = ("hook", "log")
HASTY = RetryPolicy(first=timedelta(milliseconds=1), longest=timedelta(milliseconds=10))


def live(store_at: str, url: str, lines_at: str, until: int | None) -> None:
    """Run cycles for ever, or until cycle ``until`` is committed and everything is delivered."""
    sinks = {
        "hook": WebhookReceiver("hook", url, clock=_now, timeout=5.0),
        "log": JsonLinesReceiver("log", Path(lines_at)),
    }
    with closing(open_store(store_at)) as store:
        while until is None or cycles_of(store) < until:
            store.commit(cycle(cycles_of(store)))
            deliver(store, sinks, now=_now(), policy=HASTY)
        while any(d.status is DeliveryStatus.PENDING for d in store.deliveries()):
            deliver(store, sinks, now=_now(), policy=HASTY)


def warm_up() -> None:
    """Pay for what Python pays once per process, so that children do not pay it again."""
    with closing(open_store("sqlite://")) as store:
        for number in range(2):
            store.commit(cycle(number))
            deliver(store, {}, now=_now(), policy=HASTY)
        cycles_of(store)


def cycles_of(store: Store) -> int:
    """How many cycles the store holds."""
    return int(store.state().get("cycles", b"0"))


def cycle(number: int) -> RunRecord:
    """The record of one cycle: a bin, an incident that opens, and the one before that ends."""
    opened = _incident(number)
    alerts = [Alert(AlertKind.OPENED, opened.noticed_at, opened, 1)]
    incidents = [opened]
    if number > 0:
        ended = _incident(number - 1, over=True)
        alerts.append(Alert(AlertKind.RESOLVED, opened.noticed_at, ended, 2))
        incidents.append(ended)
    return RunRecord(
        state={"cycles": str(number + 1).encode()},
        counts=_counts(number),
        incidents=incidents,
        deliveries=[
            Delivery(receiver, alert, DeliveryStatus.PENDING, 0, _now())
            for alert in alerts
            for receiver in RECEIVERS
        ],
    )


def keys_after(n_cycles: int) -> set[str]:
    """The keys of all messages that so many cycles decide on."""
    return {d.alert.key for n in range(n_cycles) for d in cycle(n).deliveries}


def _incident(number: int, *, over: bool = False) -> Incident:
    noticed_at = NOON + number * timedelta(minutes=1)
    return an_incident(noticed_at=noticed_at, lasted=timedelta(minutes=4) if over else None)


def _counts(number: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "time": pd.to_datetime([NOON + number * timedelta(minutes=1)], utc=True),
            "service": "WeChat",
            "source": "weibo",
            "count": float(number),
            "expected": 1.0,
            "evidence": 0.5,
        }
    )


def _now() -> datetime:
    return datetime.now(UTC)
