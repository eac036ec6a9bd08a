"""What receivers that forget are told again, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from detector.errors import Unreachable
from detector.model.alert import Alert, AlertKind
from detector.model.delivery import Delivery, DeliveryStatus
from detector.model.incident import Incident
from detector.model.merge import IncidentMerge
from detector.model.surge import Surge
from detector.notify.alerts import AlertHistory
from detector.notify.incident_records import IncidentRecord, standing_incidents
from detector.notify.refresh import refresh
from detector.pipeline.run import latest_incidents
from detector.pipeline.state import LatestIncident, PipelineState
from detector.store.base import RunRecord
from tests.fakes.outages import NOON, a_delivery, an_alert, an_incident
from tests.fakes.sink import FakeSink
from tests.fakes.store import FakeStore

MINUTE = timedelta(minutes=1)


class ForgetfulSink(FakeSink):
    """Keeps what it is told again in ``again``, one entry per turn."""

    def __init__(self, name: str = "ops", trouble: Exception | None = None) -> None:
        super().__init__(name)
        self.again: list[list[str]] = []
        self._trouble = trouble

    def refresh(self, alerts: Sequence[Alert], *, now: datetime) -> None:
        if self._trouble is not None:
            raise self._trouble
        self.again.append([alert.key for alert in alerts])


OPENED = an_alert()
OVER = an_incident(lasted=30 * MINUTE)
WORSE = an_alert(kind=AlertKind.ESCALATED, sequence=2)
ENDED = an_alert(OVER, kind=AlertKind.RESOLVED, sequence=2, at=OVER.resolved_at)


def store_with(*sent: tuple[Alert, datetime, DeliveryStatus], receiver: str = "ops") -> FakeStore:
    store = FakeStore()
    for alert, at, status in sent:
        delivery = a_delivery(alert, receiver=receiver)
        store.commit(RunRecord(incidents=[alert.incident], deliveries=[delivery]))
        if status is not DeliveryStatus.PENDING:
            store.mark(delivery, status, at=at)
    return store


def told_again(store: FakeStore, now: datetime) -> list[str]:
    sink = ForgetfulSink()
    assert refresh(store, {"ops": sink}, store.incidents(), now=now) == {}
    (again,) = sink.again
    return again


SENT, PENDING, DEAD = DeliveryStatus.SENT, DeliveryStatus.PENDING, DeliveryStatus.DEAD
LATE = OVER.resolved_at or NOON


@pytest.mark.parametrize(
    ("sent", "now", "again"),
    [
        pytest.param([(OPENED, NOON, SENT)], NOON, [OPENED], id="an open incident"),
        pytest.param(
            [(OPENED, NOON, SENT)], NOON + 600 * MINUTE, [OPENED], id="however long it lasts"
        ),
        pytest.param([(OPENED, NOON, PENDING)], NOON, [], id="not what is on its way"),
        pytest.param([(OPENED, NOON, DEAD)], NOON, [], id="not what was refused"),
        pytest.param(
            [(OPENED, NOON, SENT), (ENDED, LATE, SENT)],
            LATE + 4 * MINUTE,
            [ENDED],
            id="an end, for five minutes",
        ),
        pytest.param(
            [(OPENED, NOON, SENT), (ENDED, LATE, SENT)],
            LATE + 5 * MINUTE,
            [],
            id="and then no more",
        ),
        pytest.param(
            [(OPENED, NOON, SENT), (ENDED, LATE + 60 * MINUTE, SENT)],
            LATE + 61 * MINUTE,
            [ENDED],
            id="five minutes from when the end was taken, not from when it was noticed",
        ),
        pytest.param(
            [(OPENED, NOON, SENT), (ENDED, LATE, PENDING)],
            LATE + 10 * MINUTE,
            [OPENED],
            id="the beginning, while the end does not get through",
        ),
        pytest.param(
            [(OPENED, NOON, SENT), (ENDED, LATE, DEAD)],
            LATE + 10 * MINUTE,
            [],
            id="nothing, where the end was refused for good",
        ),
        pytest.param(
            [(OPENED, NOON, SENT), (WORSE, NOON, DEAD)],
            NOON + 10 * MINUTE,
            [OPENED],
            id="what it took before, where news were refused",
        ),
    ],
)
def test_told_again_is(
    sent: list[tuple[Alert, datetime, DeliveryStatus]], now: datetime, again: list[Alert]
) -> None:
    assert told_again(store_with(*sent), now) == [alert.key for alert in again]


def test_the_latest_message_of_an_incident_is_told_again() -> None:
    store = store_with((OPENED, NOON, SENT), (WORSE, NOON, SENT))
    assert told_again(store, NOON) == [WORSE.key]


def test_what_another_receiver_was_told_is_not_told_again() -> None:
    store = store_with((OPENED, NOON, SENT), receiver="other")
    assert told_again(store, NOON) == []


def test_a_receiver_out_of_reach_is_named_and_stops_nobody() -> None:
    trouble, well = Unreachable("ops: no answer"), ForgetfulSink("well")
    sinks = {"ops": ForgetfulSink("ops", trouble), "well": well}
    assert refresh(FakeStore(), sinks, [], now=NOON) == {"ops": trouble}
    assert well.again == [[]]


def test_where_nobody_forgets_the_store_is_left_in_peace() -> None:
    class NoStore(FakeStore):
        def last_taken(self, receivers: object, incident_ids: object) -> tuple[Delivery, ...]:
            raise AssertionError(receivers, incident_ids)

    assert refresh(NoStore(), {"ops": FakeSink()}, [an_incident()], now=NOON) == {}


def lasting(incident: Incident) -> LatestIncident:
    """The latest incident of its service, as the state holds it; people were told of it."""
    surge = Surge(
        onset=incident.onset,
        noticed_at=incident.noticed_at,
        peak_at=incident.peak_at,
        peak_count=incident.peak_count,
        expected_at_peak=incident.expected_at_peak,
        excess=incident.excess,
        evidence=incident.evidence,
        ended_at=incident.ended_at,
        resolved_at=incident.resolved_at,
    )
    merging = IncidentMerge(incident.service).with_surge("weibo", surge, incident.severity)
    return LatestIncident(merging, AlertHistory(1, incident.severity))


REPLACING = an_incident(noticed_at=NOON + 180 * MINUTE)


@pytest.mark.parametrize(
    ("latest", "owed", "now", "standing"),
    [
        pytest.param([an_incident()], [], NOON, [an_incident()], id="one that goes on"),
        pytest.param([OVER], [], LATE + 60 * MINUTE, [OVER], id="one that ended within a day"),
        pytest.param([OVER], [], LATE + 1440 * MINUTE, [], id="not one of long ago"),
        pytest.param(
            [REPLACING],
            [OVER],
            LATE + 4000 * MINUTE,
            [OVER, REPLACING],
            id="one whose end is owed although the service failed anew",
        ),
    ],
)
def test_what_may_stand_is(
    latest: list[Incident], owed: list[Incident], now: datetime, standing: list[Incident]
) -> None:
    state = PipelineState(incidents={i.service: lasting(i) for i in latest})
    kept = {i.id: IncidentRecord(i) for i in owed}
    found = standing_incidents(latest_incidents(state), kept, now=now)
    assert [i.id for i in found] == [i.id for i in standing]


def test_what_nobody_was_told_of_does_not_stand() -> None:
    unsaid = replace(lasting(an_incident()), told=None)
    state = PipelineState(incidents={"WeChat": unsaid})
    assert list(standing_incidents(latest_incidents(state), {}, now=NOON)) == []
