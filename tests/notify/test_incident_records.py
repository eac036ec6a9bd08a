"""What the store is asked for, and how often."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from functools import partial

from detector.model.alert import Attribution, Because
from detector.model.decision import Decision, Reason
from detector.model.incident import Incident
from detector.notify.incident_records import (
    IncidentRecord,
    IncidentRecords,
    gather,
    keep,
    read_records,
    without,
)
from detector.notify.policy import NotificationPolicy
from detector.store.base import OnRecord, RunRecord
from tests.fakes.outages import NOON, a_delivery, an_alert, an_incident
from tests.fakes.store import FakeStore

HOUR = timedelta(hours=1)
INCIDENTS = {i.id: i for i in (an_incident(f"Service {n}") for n in range(40))}


class CountingStore(FakeStore):
    """Keeps how many incidents it was asked for, question by question."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def on_record(self, incident_ids: Collection[str]) -> dict[str, OnRecord]:
        self.asked.append(len(incident_ids))
        return super().on_record(incident_ids)


def a_store() -> CountingStore:
    store = CountingStore()
    alerts = [an_alert(incident) for incident in INCIDENTS.values()]
    store.commit(
        RunRecord(
            alerts=alerts,
            deliveries=[a_delivery(alert) for alert in alerts],
            decisions=[Decision(one, NOON, Reason.UPDATED, receiver="ops") for one in INCIDENTS],
        )
    )
    return store


def gathered(
    store: FakeStore, incidents: dict[str, Incident], kept: IncidentRecords
) -> tuple[IncidentRecord, ...]:
    return gather(store, incidents, (), kept=kept, observed_until=lambda _: None)


def kept_after(records: tuple[IncidentRecord, ...], policy: NotificationPolicy) -> IncidentRecords:
    return keep({}, records, policy, latest=[r.incident.id for r in records], now=NOON)


def test_after_a_start_the_store_is_asked_once_for_all_incidents() -> None:
    store = a_store()
    records = gathered(store, INCIDENTS, read_records(store, since=NOON))
    assert store.asked == [len(INCIDENTS)]
    assert {r.incident.id for r in records} == INCIDENTS.keys()
    for record in records:
        (known,) = record.states.values()
        assert (len(record.alerts), set(record.states)) == (1, {"ops"})
        assert known.decided is not None
        assert known.decided.reason is Reason.UPDATED
    assert all(r.states["ops"].sequence == 1 for r in records)


def test_what_is_kept_is_not_asked_for_again() -> None:
    store = a_store()
    records = gathered(store, INCIDENTS, {})
    again = gathered(store, INCIDENTS, kept_after(records, NotificationPolicy([])))
    assert [r.alerts for r in again] == [r.alerts for r in records]
    assert store.asked == [len(INCIDENTS)]


def test_a_new_incident_is_asked_for_alone() -> None:
    store = a_store()
    kept = kept_after(gathered(store, INCIDENTS, {}), NotificationPolicy([]))
    newcomer = an_incident("Newcomer", noticed_at=NOON + HOUR)
    gathered(store, {**INCIDENTS, newcomer.id: newcomer}, kept)
    assert store.asked == [len(INCIDENTS), 1]


def test_of_what_is_settled_nothing_is_asked_until_there_is_more_to_say() -> None:
    store = a_store()
    over = an_incident("Over", noticed_at=NOON - 9 * HOUR, lasted=HOUR)
    kept = kept_after((IncidentRecord(over, (an_alert(over),)),), NotificationPolicy([]))
    assert gathered(store, {over.id: over}, kept) == ()
    assert store.asked == []
    again = an_alert(replace(over, ended_at=None, resolved_at=None), sequence=3)
    (record,) = gather(store, {}, [again], kept=kept, observed_until=lambda _: None)
    assert record.fresh == (again,)
    assert store.asked == [1]


def test_after_a_start_what_is_over_is_settled_at_once_but_not_the_root_of_what_is_open() -> None:
    store = FakeStore()
    root = an_incident("Root", noticed_at=NOON - 9 * HOUR, lasted=HOUR)
    over = an_incident("Over", noticed_at=NOON - 9 * HOUR, lasted=HOUR)
    because = Attribution(root.service, root.id, Because.MENTIONS, 0.4)
    related = an_alert(an_incident("Open"))
    related = replace(related, attribution=because)
    store.commit(RunRecord(alerts=[an_alert(root), an_alert(over), related]))
    incidents = {i.id: i for i in (root, over, related.incident)}
    records = gather(
        store,
        incidents,
        (),
        kept={},
        observed_until=lambda _: None,
        is_over=partial(IncidentRecord.settles, policy=NotificationPolicy([]), now=NOON),
    )
    assert {r.incident.service: r.is_settled for r in records} == {
        "Root": False,
        "Over": True,
        "Open": False,
    }


def test_what_is_refused_after_it_was_settled_is_asked_for_again() -> None:
    over = an_incident("Over", lasted=HOUR)
    kept = {over.id: IncidentRecord(over, is_read=False, is_settled=True)}
    left = without(kept, [a_delivery(an_alert(over))])
    assert not left[over.id].is_settled
    assert without(kept, []) == kept
