"""What one of two instances does until it is killed: wait to lead, commit a cycle, deliver."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib import import_module

from detector.errors import StoreError
from detector.model.delivery import DeliveryStatus
from detector.notify.deliver import deliver
from detector.notify.receiver import Receiver
from detector.pipeline.leader import Leader
from detector.pipeline.schedule import Job, Schedule
from detector.receivers.webhook import WebhookReceiver
from detector.store.sql_store import SqlStore, open_store
from tests.crash.life import HASTY, RECEIVERS, cycle, cycles_of

TTL = timedelta(milliseconds=400)


def live(store_at: str, url: str, other_url: str, until: int | None) -> None:
    """Lead whenever possible, for ever, or until cycle ``until`` and all messages are done."""
    urls = dict(zip(RECEIVERS, (url, other_url), strict=True))
    sinks = {name: WebhookReceiver(name, at, clock=_now, timeout=5.0) for name, at in urls.items()}
    with closing(open_store(store_at, standby=True, ttl=TTL)) as store:
        leadership = Leader(store.lease)
        assert leadership.renew_every is not None
        schedule = Schedule(
            lambda: _lived(store, leadership, sinks, until),
            every=timedelta(days=1),
            misfire_grace=timedelta(days=1),
            jobs=[Job("lease", leadership.renew, leadership.renew_every, parallel=True)],
        )
        with closing(leadership):
            schedule.run()


def _lived(
    store: SqlStore, leadership: Leader, sinks: Mapping[str, Receiver], until: int | None
) -> bool:
    """Take turns without a pause, as one run, while the lease is renewed beside it."""
    while _lived_on(store, leadership, sinks, until):
        pass
    return False


def _lived_on(
    store: SqlStore, leadership: Leader, sinks: Mapping[str, Receiver], until: int | None
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
