"""What one of two instances does until it is killed: wait to lead, commit a cycle, deliver."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib import import_module

from detector.domain.delivery import DeliveryStatus
from detector.engine.delivery import deliver
from detector.errors import StoreError
from detector.leadership import Leadership
from detector.ports import Sink
from detector.sinks.webhook import WebhookSink
from detector.stores.sql import SqlStore, open_store
from tests.crash.life import HASTY, RECEIVERS, cycle, cycles_of

TTL = timedelta(milliseconds=400)


def live(store_at: str, url: str, other_url: str, until: int | None) -> None:
    """Lead whenever possible, for ever, or until cycle ``until`` and all messages are done."""
    urls = dict(zip(RECEIVERS, (url, other_url), strict=True))
    sinks = {name: WebhookSink(name, at, clock=_now, timeout=5.0) for name, at in urls.items()}
    with closing(open_store(store_at, standby=True, ttl=TTL)) as store:
        leadership = Leadership(store.lease)
        with closing(leadership):
            while _lived_on(store, leadership, sinks, until):
                pass


def _lived_on(
    store: SqlStore, leadership: Leadership, sinks: Mapping[str, Sink], until: int | None
) -> bool:
    """Take a turn if we lead; return whether there is more to do.

    Like the schedule it outlives what the store refuses: another has taken over, or the server has
    thrown out one that slept in its transaction.
    """
    try:
        if until is not None and _done(store, until):
            return False
        if leadership.wait(timedelta(seconds=60), stopping=lambda: False):
            if until is None or cycles_of(store) < until:
                store.commit(cycle(cycles_of(store)))
            deliver(store, sinks, now=_now(), policy=HASTY)
    except StoreError:
        return True
    return True


def warm_up() -> None:
    """Pay for what Python pays once per process, so that children do not pay it again."""
    import_module("psycopg")


def _done(store: SqlStore, until: int) -> bool:
    pending = any(d.status is DeliveryStatus.PENDING for d in store.deliveries())
    return cycles_of(store) >= until and not pending


def _now() -> datetime:
    return datetime.now(UTC)
