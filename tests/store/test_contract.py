"""What every store does, the fake included."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from detector.errors import StoreError
from detector.model.alert import AlertKind
from detector.model.decision import Decision, Reason
from detector.model.delivery import Delivery, DeliveryStatus
from detector.model.documents import incident_from_dict, incident_to_dict
from detector.model.health import SourceHealth, SourceReason, SourceState
from detector.model.incident import Incident, Severity
from detector.store.base import RunRecord, Store
from tests.fakes.outages import NOON, a_delivery, an_alert, an_incident
from tests.fakes.store import COLUMNS, rounded

MINUTE = timedelta(minutes=1)


def some_counts(
    service: str = "WeChat", source: str = "weibo", *, start: datetime = NOON, n_bins: int = 3
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "time": pd.date_range(start, periods=n_bins, freq="min"),
            "service": service,
            "source": source,
            "count": np.arange(n_bins, dtype=float),
            "expected": 2.5,
            "evidence": 0.25,
        }
    )[COLUMNS]


def test_memory_is_what_the_last_cycle_left(store: Store) -> None:
    store.commit(RunRecord(state={"a": b"one", "b": b"\x00\xff", "c": b""}))
    store.commit(RunRecord(state={"a": b"two", "b": None, "never there": None}))
    assert store.state() == {"a": b"two", "c": b""}


def test_counts_come_back_as_they_went(store: Store) -> None:
    counts = some_counts()
    store.commit(RunRecord(counts=counts))
    read = store.counts("WeChat", start=NOON, end=NOON + 3 * MINUTE)
    pd.testing.assert_frame_equal(read, counts.astype(read.dtypes.to_dict()))
    assert str(read["time"].dt.tz) == "UTC"


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_any_resolution_mean_the_same(store: Store, unit: str) -> None:
    counts = some_counts()
    counts["time"] = counts["time"].dt.as_unit(unit)
    store.commit(RunRecord(counts=counts))
    read = store.counts("WeChat", start=NOON, end=NOON + 3 * MINUTE)
    assert read["time"].tolist() == [NOON, NOON + MINUTE, NOON + 2 * MINUTE]


def test_not_observed_comes_back_as_nan_and_not_as_zero(store: Store) -> None:
    counts = some_counts()
    counts.loc[1, ["count", "expected", "evidence"]] = np.nan
    store.commit(RunRecord(counts=counts))
    read = store.counts("WeChat", start=NOON, end=NOON + 3 * MINUTE)
    assert read["count"].isna().tolist() == [False, True, False]
    assert read.loc[0, "count"] == 0.0


def test_the_span_of_counts_is_half_open(store: Store) -> None:
    store.commit(RunRecord(counts=some_counts()))
    read = store.counts("WeChat", start=NOON + MINUTE, end=NOON + 2 * MINUTE)
    assert read["time"].tolist() == [NOON + MINUTE]


def test_no_counts_is_an_empty_table_of_the_same_columns(store: Store) -> None:
    store.commit(RunRecord(counts=some_counts()))
    none = store.counts("QQ", start=NOON, end=NOON + MINUTE)
    some = store.counts("WeChat", start=NOON, end=NOON + MINUTE)
    assert len(none) == 0
    assert none.dtypes.to_dict() == some.dtypes.to_dict()


def test_a_revised_bin_replaces_the_one_before(store: Store) -> None:
    store.commit(RunRecord(counts=some_counts()))
    revised = some_counts(n_bins=1).assign(count=99.0, evidence=np.nan)
    store.commit(RunRecord(counts=revised))
    read = store.counts("WeChat", start=NOON, end=NOON + 3 * MINUTE)
    assert read["count"].tolist() == [99.0, 1.0, 2.0]
    assert np.isnan(read["evidence"][0])


def test_a_bin_that_comes_twice_in_one_cycle_keeps_its_last_row(store: Store) -> None:
    twice = pd.concat([some_counts(n_bins=1), some_counts(n_bins=1).assign(count=7.0)])
    store.commit(RunRecord(counts=twice))
    assert store.counts("WeChat", start=NOON, end=NOON + MINUTE)["count"].tolist() == [7.0]


def test_counts_are_sorted_by_time_then_source(store: Store) -> None:
    for source in ("weibo", "bluesky"):
        store.commit(RunRecord(counts=some_counts(source=source, n_bins=2)))
    read = store.counts("WeChat", start=NOON, end=NOON + 2 * MINUTE)
    assert read["source"].tolist() == ["bluesky", "weibo"] * 2


def test_counts_without_a_time_zone_are_refused(store: Store) -> None:
    naive = some_counts()
    naive["time"] = naive["time"].dt.tz_localize(None)
    with pytest.raises(ValueError, match="timezone-aware"):
        store.commit(RunRecord(state={"a": b"1"}, counts=naive))
    assert store.state() == {}


def test_counts_that_lack_a_column_are_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="evidence"):
        store.commit(RunRecord(counts=some_counts().drop(columns="evidence")))


def test_incidents_come_back_rounded_as_the_wire_rounds(store: Store) -> None:
    incident = an_incident("微信 'quoted\"", sources=("weibo", "bluesky"), lasted=30 * MINUTE)
    store.commit(RunRecord(incidents=[incident]))
    assert store.incident(incident.id) == incident_from_dict(incident_to_dict(incident))


def test_an_incident_that_changed_replaces_itself(store: Store) -> None:
    store.commit(RunRecord(incidents=[an_incident()]))
    store.commit(RunRecord(incidents=[an_incident(severity=Severity.CRITICAL)]))
    (held,) = store.incidents()
    assert held.severity is Severity.CRITICAL


def test_an_unknown_incident_is_none(store: Store) -> None:
    assert store.incident("never") is None


def test_incidents_are_listed_latest_notice_first(store: Store) -> None:
    early, late = an_incident(), an_incident(noticed_at=NOON + MINUTE)
    other = an_incident("QQ", noticed_at=NOON + 2 * MINUTE)
    store.commit(RunRecord(incidents=[late, early, other]))
    assert [i.id for i in store.incidents()] == [other.id, late.id, early.id]
    assert [i.id for i in store.incidents(service="WeChat")] == [late.id, early.id]
    assert [i.id for i in store.incidents(limit=1)] == [other.id]


def test_an_alert_that_is_in_the_outbox_is_left_alone(store: Store) -> None:
    delivery = a_delivery()
    store.commit(RunRecord(deliveries=[delivery]))
    store.mark(delivery, DeliveryStatus.SENT, at=NOON)
    store.commit(RunRecord(deliveries=[delivery]))
    (held,) = store.deliveries()
    assert held.status is DeliveryStatus.SENT
    assert held.alert == rounded(delivery.alert)


def test_the_same_alert_to_two_receivers_is_two_deliveries(store: Store) -> None:
    store.commit(RunRecord(deliveries=[a_delivery(receiver=r) for r in ("ops", "chat")]))
    assert [d.receiver for d in store.due(NOON, limit=9)] == ["chat", "ops"]


def test_a_delivery_is_due_at_its_time_and_not_before(store: Store) -> None:
    due_at = NOON + timedelta(seconds=1, microseconds=1)
    store.commit(RunRecord(deliveries=[a_delivery(due_at=due_at)]))
    assert store.due(due_at - timedelta(microseconds=1), limit=9) == ()
    (due,) = store.due(due_at, limit=9)
    assert due.due_at == due.recorded_at == due_at


def alerts_of_one_incident() -> list[tuple[str, AlertKind, int]]:
    return [("opened", AlertKind.OPENED, 1), ("resolved", AlertKind.RESOLVED, 2)]


def test_the_second_message_waits_for_a_first_that_is_to_be_tried_later(store: Store) -> None:
    first, second = (
        a_delivery(an_alert(kind=kind, sequence=sequence))
        for _, kind, sequence in alerts_of_one_incident()
    )
    store.commit(RunRecord(deliveries=[second, first]))
    assert [d.alert.sequence for d in store.due(NOON, limit=9)] == [1, 2]
    store.mark(first, DeliveryStatus.PENDING, at=NOON, due_at=NOON + MINUTE, error="busy")
    assert store.due(NOON, limit=9) == ()
    store.mark(first, DeliveryStatus.SENT, at=NOON + MINUTE)
    assert [d.alert.sequence for d in store.due(NOON, limit=9)] == [2]


def test_a_dead_message_does_not_hold_up_the_next(store: Store) -> None:
    first, second = (
        a_delivery(an_alert(kind=kind, sequence=sequence))
        for _, kind, sequence in alerts_of_one_incident()
    )
    store.commit(RunRecord(deliveries=[first, second]))
    store.mark(first, DeliveryStatus.DEAD, at=NOON, error="400")
    assert [d.alert.sequence for d in store.due(NOON, limit=9)] == [2]


def test_incidents_and_receivers_do_not_wait_for_each_other(store: Store) -> None:
    stuck = a_delivery()
    other_receiver = a_delivery(receiver="chat")
    other_incident = a_delivery(an_alert(an_incident("QQ")))
    store.commit(RunRecord(deliveries=[stuck, other_receiver, other_incident]))
    store.mark(stuck, DeliveryStatus.PENDING, at=NOON, due_at=NOON + MINUTE)
    due = {(d.alert.incident.service, d.receiver) for d in store.due(NOON, limit=9)}
    assert due == {("WeChat", "chat"), ("QQ", "ops")}


def test_due_is_limited_and_oldest_alert_first(store: Store) -> None:
    alerts = [an_alert(an_incident(f"service {n}", noticed_at=NOON - n * MINUTE)) for n in range(5)]
    store.commit(RunRecord(deliveries=[a_delivery(alert) for alert in alerts]))
    due = store.due(NOON, limit=2)
    assert [d.alert.incident.service for d in due] == ["service 4", "service 3"]


def test_a_failed_attempt_is_counted_and_explained(store: Store) -> None:
    delivery = a_delivery()
    store.commit(RunRecord(deliveries=[delivery]))
    for attempt in (1, 2):
        later = NOON + attempt * MINUTE
        store.mark(delivery, DeliveryStatus.PENDING, at=NOON, due_at=later, error=f"try {attempt}")
    (held,) = store.deliveries()
    assert (held.attempts, held.due_at, held.error) == (2, NOON + 2 * MINUTE, "try 2")
    assert held.recorded_at == NOON


def test_a_sent_message_knows_when_and_forgets_its_error(store: Store) -> None:
    delivery = a_delivery()
    at = NOON + timedelta(seconds=2, microseconds=345)
    store.commit(RunRecord(deliveries=[delivery]))
    store.mark(delivery, DeliveryStatus.PENDING, at=NOON, due_at=NOON, error="busy")
    store.mark(delivery, DeliveryStatus.SENT, at=at)
    (held,) = store.deliveries()
    assert (held.status, held.sent_at, held.error) == (DeliveryStatus.SENT, at, None)


@pytest.mark.parametrize("end", [DeliveryStatus.SENT, DeliveryStatus.DEAD])
def test_what_has_ended_is_not_marked_again(store: Store, end: DeliveryStatus) -> None:
    delivery = a_delivery()
    store.commit(RunRecord(deliveries=[delivery]))
    store.mark(delivery, end, at=NOON)
    with pytest.raises(StoreError, match="not waiting"):
        store.mark(delivery, DeliveryStatus.PENDING, at=NOON, due_at=NOON)
    (held,) = store.deliveries()
    assert held.status is end


def test_a_delivery_that_was_never_recorded_cannot_be_marked(store: Store) -> None:
    with pytest.raises(StoreError, match="not waiting"):
        store.mark(a_delivery(), DeliveryStatus.SENT, at=NOON)


def test_deliveries_are_listed_in_order_of_their_alerts(store: Store) -> None:
    late = a_delivery(an_alert(an_incident("QQ", noticed_at=NOON + MINUTE)))
    early = a_delivery()
    store.commit(RunRecord(deliveries=[late, early]))
    assert [d.alert.key for d in store.deliveries()] == [early.alert.key, late.alert.key]
    assert [d.alert.key for d in store.deliveries(incident_id=late.alert.incident.id)] == [
        late.alert.key
    ]


def test_alerts_are_kept_once_and_listed_latest_first(store: Store) -> None:
    first = an_alert()
    second = an_alert(kind=AlertKind.ESCALATED, sequence=2, at=NOON + MINUTE)
    store.commit(RunRecord(alerts=[first, second]))
    store.commit(RunRecord(alerts=[first]))
    assert store.alerts() == (rounded(second), rounded(first))
    assert store.alerts(limit=1) == (rounded(second),)
    assert store.alerts(incident_id="another") == ()


SILENCED = {"author": "王", "until": "2022-07-22T14:00:00Z", "comment": "部署"}


def test_decisions_are_counted_by_reason_and_receiver(store: Store) -> None:
    assert dict(store.decision_counts()) == {}
    opened = [Decision(one, NOON, Reason.OPENED) for one in ("a", "b")]
    told = [Decision(one, NOON, Reason.OPENED, receiver="ops") for one in ("a", "b", "c")]
    held = [
        Decision("a", NOON, Reason.SILENCED, SILENCED | {"author": who}, receiver="ops")
        for who in ("ana", "bo")
    ]
    store.commit(RunRecord(decisions=[*opened, *told, *held]))
    assert dict(store.decision_counts()) == {
        (Reason.OPENED, ""): 2,
        (Reason.OPENED, "ops"): 3,
        (Reason.SILENCED, "ops"): 2,
    }


def test_decisions_are_listed_in_the_order_in_which_they_were_taken(store: Store) -> None:
    late = Decision("wechat-1", NOON - MINUTE, Reason.SILENCED, SILENCED, receiver="ops")
    told = Decision("wechat-1", NOON, Reason.OPENED, kind=AlertKind.OPENED, receiver="zoe")
    same = [replace(told, receiver=name) for name in ("ops", "ana")]
    another = replace(told, incident_id="wechat-2")
    store.commit(RunRecord(decisions=[told, *same]))
    store.commit(RunRecord(decisions=[another, late]))
    assert store.decisions("wechat-1") == (told, *same, late)
    assert store.on_record(["wechat-1"])["wechat-1"].decisions == (told, *same, late)
    assert store.decisions("wechat-2") == (another,)


def test_a_decision_that_is_recorded_again_is_there_once_as_the_last(store: Store) -> None:
    told = Decision("wechat-1", NOON + MINUTE, Reason.OPENED, kind=AlertKind.OPENED, receiver="ops")
    muted = Decision("wechat-1", NOON, Reason.SILENCED, SILENCED, receiver="ops")
    store.commit(RunRecord(decisions=[told, muted]))
    assert store.decisions("wechat-1") == (told, muted)
    store.commit(RunRecord(decisions=[told]))
    assert store.decisions("wechat-1") == (muted, told)
    assert store.decisions("wechat-2") == ()


def test_what_is_on_record_of_many_incidents_is_what_each_has(store: Store) -> None:
    incidents = [an_incident(f"Service {n}") for n in range(1201)]
    told = [an_alert(incident) for incident in incidents[:600]]
    ends = [
        an_alert(alert.incident, kind=AlertKind.RESOLVED, sequence=2, at=NOON + MINUTE)
        for alert in told[::7]
    ]
    decided = [
        Decision(i.id, NOON, Reason.UPDATED, receiver=r) for i in incidents[300:] for r in "ab"
    ]
    sent = [a_delivery(alert, receiver=r) for alert in [*told, *ends] for r in "ba"]
    store.commit(RunRecord(alerts=[*ends, *told], decisions=decided, deliveries=sent))
    ids = [incident.id for incident in incidents]
    known = store.on_record(ids)
    assert known.keys() == set(ids)
    for one in (ids[0], ids[299], ids[595], ids[600], ids[-1]):
        assert known[one].alerts == tuple(reversed(store.alerts(incident_id=one)))
        assert known[one].decisions == store.decisions(one)
        assert known[one].deliveries == store.deliveries(incident_id=one)
    assert [len(known[ids[n]].alerts) for n in (0, 1, 1200)] == [2, 1, 0]


def test_the_last_that_a_receiver_took_is_found(store: Store) -> None:
    going_on, over, unheard = (an_incident(name) for name in ("WeChat", "QQ", "Alipay"))
    opened = {i.id: an_alert(i) for i in (going_on, over, unheard)}
    worse = an_alert(going_on, kind=AlertKind.ESCALATED, sequence=2, at=NOON + MINUTE)
    again = replace(worse, kind=AlertKind.REMINDER, at=NOON + 2 * MINUTE, notice=3)
    ended = an_alert(over, kind=AlertKind.RESOLVED, sequence=2, at=NOON + MINUTE)
    sent, dead = DeliveryStatus.SENT, DeliveryStatus.DEAD
    for alert, receiver, status in (
        (opened[going_on.id], "ops", sent),
        (worse, "ops", sent),
        (again, "ops", dead),
        (opened[going_on.id], "chat", sent),
        (opened[over.id], "ops", sent),
        (ended, "ops", dead),
        (opened[over.id], "chat", sent),
        (ended, "chat", None),
        (opened[unheard.id], "ops", None),
    ):
        delivery = a_delivery(alert, receiver=receiver)
        store.commit(RunRecord(deliveries=[delivery]))
        if status is not None:
            store.mark(delivery, status, at=NOON)
    said = store.last_taken({"ops", "chat"}, [going_on.id, over.id, unheard.id])
    assert [(d.receiver, d.alert.key, d.status) for d in said] == [
        ("chat", opened[over.id].key, sent),
        ("ops", ended.key, dead),
        ("chat", opened[going_on.id].key, sent),
        ("ops", worse.key, sent),
    ]
    assert store.last_taken(["chat"], [unheard.id]) == ()
    assert store.last_taken([], []) == ()


def a_late_beginning() -> list[Delivery]:
    """What a silence kept back for half an hour, twice more, and an end decided before."""
    incident = an_incident()
    late = replace(an_alert(incident), at=NOON + 30 * MINUTE, notice=1)
    again = replace(an_alert(incident), kind=AlertKind.ESCALATED, at=NOON + 31 * MINUTE, notice=2)
    over = an_incident(lasted=20 * MINUTE)
    end = an_alert(over, kind=AlertKind.RESOLVED, sequence=2, at=NOON + 27 * MINUTE)
    return [a_delivery(alert) for alert in (late, again, end)]


def test_messages_of_an_incident_are_in_order_of_their_numbers_whatever_the_times(
    store: Store,
) -> None:
    told = a_late_beginning()
    between = a_delivery(an_alert(an_incident("QQ"), at=NOON + 29 * MINUTE))
    store.commit(RunRecord(deliveries=[*reversed(told), between]))
    keys = [d.alert.key for d in (between, *told)]
    assert [d.alert.key for d in store.deliveries()] == keys
    assert [d.alert.key for d in store.due(NOON, limit=9)] == keys
    assert [d.alert.key for d in store.due(NOON, limit=2)] == keys[:2]
    store.mark(told[1], DeliveryStatus.PENDING, at=NOON, due_at=NOON + MINUTE)
    assert [d.alert.key for d in store.due(NOON, limit=9)] == keys[:2]


def test_an_end_is_the_last_word_although_the_beginning_was_told_at_a_later_time(
    store: Store,
) -> None:
    told = a_late_beginning()
    incident = told[-1].alert.about
    store.commit(RunRecord(incidents=[an_incident(lasted=20 * MINUTE)], deliveries=told))
    assert store.unended(since=NOON) == ()
    for delivery in told:
        store.mark(delivery, DeliveryStatus.SENT, at=NOON)
    (last,) = store.last_taken(["ops"], [incident])
    assert last.alert.key == told[-1].alert.key


def test_a_feed_is_kept_as_it_stands_last(store: Store) -> None:
    alive = SourceHealth("weibo", SourceState.UP, NOON, SourceReason.OBSERVED, {}, NOON, NOON)
    dead = SourceHealth(
        "weibo",
        SourceState.DOWN,
        NOON + MINUTE,
        SourceReason.NEVER_OBSERVED,
        {"error": "空"},
        NOON + MINUTE,
        None,
    )
    store.commit(RunRecord(source_health=[alive]))
    store.commit(RunRecord(source_health=[dead]))
    assert store.source_health() == (dead,)


def test_old_counts_and_messages_of_incidents_long_over_are_forgotten(store: Store) -> None:
    long = timedelta(days=400)
    over = an_incident(noticed_at=NOON - long, lasted=30 * MINUTE)
    goes_on = an_incident("QQ", noticed_at=NOON - long)
    deliveries = [a_delivery(an_alert(incident)) for incident in (over, goes_on)]
    on_its_way = a_delivery(an_alert(over, kind=AlertKind.RESOLVED, sequence=2))
    store.commit(
        RunRecord(
            counts=pd.concat([some_counts(), some_counts(start=NOON - long)]),
            incidents=[over, goes_on],
            alerts=[d.alert for d in deliveries],
            deliveries=[*deliveries, on_its_way],
        )
    )
    for delivery in deliveries:
        store.mark(delivery, DeliveryStatus.SENT, at=NOON)
    assert store.forget(before=NOON - timedelta(days=30)) == 4
    assert len(store.counts("WeChat", start=NOON - 2 * long, end=NOON + long)) == 3
    left = {d.alert.key for d in store.deliveries()}
    assert left == {deliveries[1].alert.key, on_its_way.alert.key}
    assert len(store.incidents()) == 2
    assert len(store.alerts()) == 2


def test_ends_are_owed_to_who_was_told_of_a_beginning_and_of_no_end(store: Store) -> None:
    def alerts(number: int, *kinds: AlertKind) -> tuple[Incident, list[Delivery]]:
        incident = an_incident(noticed_at=NOON + number * MINUTE, lasted=20 * MINUTE)
        told = [an_alert(incident, kind=k, sequence=i) for i, k in enumerate(kinds, start=1)]
        return incident, [a_delivery(alert) for alert in told]

    opened, resolved, again = AlertKind.OPENED, AlertKind.RESOLVED, AlertKind.REOPENED
    stories = [
        alerts(0, opened),
        alerts(1, opened, resolved),
        alerts(2, opened, resolved, again),
        alerts(3),
        alerts(4, opened),
    ]
    going_on = an_incident("QQ")
    store.commit(
        RunRecord(
            incidents=[*(incident for incident, _ in stories), going_on],
            deliveries=[d for _, told in stories for d in told] + [a_delivery(an_alert(going_on))],
        )
    )
    store.mark(stories[4][1][0], DeliveryStatus.DEAD, at=NOON)
    owed = store.unended(since=NOON)
    assert [i.id for i in owed] == [stories[0][0].id, stories[2][0].id]
    assert [i.id for i in store.unended(since=NOON + 28 * MINUTE)] == [stories[2][0].id]
    assert store.unended(since=NOON + timedelta(days=1)) == ()
