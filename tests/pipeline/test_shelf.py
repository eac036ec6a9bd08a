"""What the store is asked for, and how often."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from detector.model.decision import Decision, Reason
from detector.notify.policy import NotificationPolicy
from detector.pipeline.shelf import Shelf, gather, start_shelf
from detector.pipeline.state import PipelineState
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


def test_after_a_start_the_store_is_asked_once_for_all_incidents() -> None:
    store = a_store()
    dossiers = gather(store, INCIDENTS, (), PipelineState(), shelf=start_shelf(store, since=NOON))
    assert store.asked == [len(INCIDENTS)]
    assert {d.incident.id for d in dossiers} == INCIDENTS.keys()
    for dossier in dossiers:
        (known,) = dossier.states.values()
        assert (len(dossier.alerts), set(dossier.states)) == (1, {"ops"})
        assert known.decided is not None
        assert known.decided.reason is Reason.UPDATED
    assert all(d.states["ops"].sequence == 1 for d in dossiers)


def test_what_is_on_the_shelf_is_not_asked_for_again() -> None:
    store = a_store()
    dossiers = gather(store, INCIDENTS, (), PipelineState(), shelf=Shelf())
    left = Shelf().after(dossiers, NotificationPolicy([]), standing=INCIDENTS, now=NOON)
    again = gather(store, INCIDENTS, (), PipelineState(), shelf=left)
    assert [d.alerts for d in again] == [d.alerts for d in dossiers]
    assert store.asked == [len(INCIDENTS)]


def test_a_new_incident_is_asked_for_alone() -> None:
    store = a_store()
    dossiers = gather(store, INCIDENTS, (), PipelineState(), shelf=Shelf())
    left = Shelf().after(dossiers, NotificationPolicy([]), standing=INCIDENTS, now=NOON)
    newcomer = an_incident("Newcomer", noticed_at=NOON + HOUR)
    gather(store, {**INCIDENTS, newcomer.id: newcomer}, (), PipelineState(), shelf=left)
    assert store.asked == [len(INCIDENTS), 1]
