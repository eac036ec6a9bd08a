"""One pass over the outbox after another, with receivers that misbehave."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.errors import Rejected, StoreError, Unreachable
from detector.model.alert import AlertKind
from detector.model.delivery import Delivery, DeliveryStatus
from detector.notify.deliver import RetryPolicy, deliver
from detector.store.base import RunRecord
from tests.fakes.outages import NOON, a_delivery, an_alert, an_incident
from tests.fakes.sink import FakeSink
from tests.fakes.store import FakeStore

LIFE = (AlertKind.OPENED, AlertKind.ESCALATED, AlertKind.RESOLVED)
LATER = timedelta(hours=1)


def store_of(*deliveries: Delivery) -> FakeStore:
    store = FakeStore()
    store.commit(RunRecord(deliveries=deliveries))
    return store


def life_of(service: str = "WeChat", receiver: str = "ops") -> list[Delivery]:
    """The three messages about one incident."""
    incident = an_incident(service)
    return [
        a_delivery(an_alert(incident, kind=kind, sequence=n), receiver=receiver)
        for n, kind in enumerate(LIFE, start=1)
    ]


def only(store: FakeStore) -> Delivery:
    (delivery,) = store.deliveries()
    return delivery


def test_nothing_due_is_an_empty_report() -> None:
    report = deliver(store_of(), {}, now=NOON)
    assert (report.sent, report.retried, report.dead) == ((), (), ())


def test_what_is_due_is_sent_once() -> None:
    store, sink = store_of(a_delivery()), FakeSink()
    report = deliver(store, {"ops": sink}, now=NOON)
    assert report.sent == store.deliveries()
    assert only(store).status is DeliveryStatus.SENT
    assert only(store).sent_at == NOON
    deliver(store, {"ops": sink}, now=NOON + LATER)
    assert sink.calls == 1


def test_all_messages_of_an_incident_are_sent_in_order_in_one_pass() -> None:
    store, sink = store_of(*reversed(life_of())), FakeSink()
    deliver(store, {"ops": sink}, now=NOON)
    assert [alert.sequence for alert in sink.got] == [1, 2, 3]


def test_a_failure_holds_back_the_later_messages_of_its_incident() -> None:
    sink = FakeSink(failures=[Unreachable("busy")])
    store = store_of(*life_of())
    deliver(store, {"ops": sink}, now=NOON)
    assert (sink.calls, sink.got) == (1, [])
    deliver(store, {"ops": sink}, now=NOON + LATER)
    assert [alert.sequence for alert in sink.got] == [1, 2, 3]


def test_an_unreachable_receiver_is_tried_once_per_pass_and_does_not_hold_up_others() -> None:
    dead = FakeSink(failures=[Unreachable("no route")], always=True)
    alive = FakeSink("chat")
    services = [f"service {n}" for n in range(20)]
    store = store_of(
        *(d for service in services for r in ("ops", "chat") for d in life_of(service, r))
    )
    report = deliver(store, {"ops": dead, "chat": alive}, now=NOON)
    assert dead.calls == 1
    assert len(alive.got) == len(report.sent) == 60
    assert [d.receiver for d in report.retried] == ["ops"]


def test_a_message_that_always_fails_does_not_starve_the_receivers_others() -> None:
    class Picky(FakeSink):
        def send(self, alert: object) -> None:
            if alert.incident.service == "poison":  # type: ignore[attr-defined]
                raise Unreachable("500")
            super().send(alert)  # type: ignore[arg-type]

    sink = Picky()
    store = store_of(*life_of("poison"), *life_of("wholesome"))
    deliver(store, {"ops": sink}, now=NOON)
    deliver(store, {"ops": sink}, now=NOON + timedelta(seconds=1))
    assert [alert.incident.service for alert in sink.got] == ["wholesome"] * 3


def test_a_rejected_message_is_dead_with_its_reason_and_the_next_is_sent() -> None:
    sink = FakeSink(failures=[Rejected("400 Bad Request")])
    store = store_of(*life_of())
    report = deliver(store, {"ops": sink}, now=NOON)
    assert [(d.alert.sequence, d.error) for d in report.dead] == [(1, "400 Bad Request")]
    assert [alert.sequence for alert in sink.got] == [2, 3]
    deliver(store, {"ops": sink}, now=NOON + LATER)
    assert sink.calls == 3, "a dead message is not tried again"


def test_a_retry_waits_as_long_as_the_receiver_asked() -> None:
    sink = FakeSink(failures=[Unreachable("429", retry_after=120)])
    store = store_of(a_delivery())
    (postponed,) = deliver(store, {"ops": sink}, now=NOON).retried
    assert postponed == only(store)
    assert (postponed.attempts, postponed.error) == (1, "429")
    assert postponed.due_at == NOON + timedelta(seconds=120)
    deliver(store, {"ops": sink}, now=NOON + timedelta(seconds=119))
    assert sink.calls == 1
    deliver(store, {"ops": sink}, now=NOON + timedelta(seconds=120))
    assert sink.got


def test_a_failure_after_a_day_is_the_last_and_says_so() -> None:
    sink = FakeSink(failures=[Unreachable("no route")], always=True)
    store = store_of(a_delivery())
    now = NOON
    while only(store).status is DeliveryStatus.PENDING:
        now = only(store).due_at
        deliver(store, {"ops": sink}, now=now)
    assert NOON + timedelta(hours=24) <= now < NOON + timedelta(hours=24, minutes=12)
    assert only(store).error == f"given up after {sink.calls} attempts: no route"


def test_what_waited_through_a_standstill_of_days_is_still_tried() -> None:
    store, sink = store_of(a_delivery()), FakeSink()
    report = deliver(store, {"ops": sink}, now=NOON + timedelta(days=5))
    assert len(report.sent) == 1


def test_a_receiver_given_up_on_is_tried_once_per_pass_too() -> None:
    sink = FakeSink(failures=[Unreachable("no route")], always=True)
    store = store_of(*(d for n in range(5) for d in life_of(f"service {n}")))
    deliver(store, {"ops": sink}, now=NOON, policy=RetryPolicy(give_up_after=timedelta(0)))
    assert sink.calls == 1


def test_the_age_at_which_it_is_given_up_can_be_chosen() -> None:
    sink = FakeSink(failures=[Unreachable("no")], always=True)
    store = store_of(a_delivery())
    policy = RetryPolicy(give_up_after=timedelta(0))
    assert deliver(store, {"ops": sink}, now=NOON, policy=policy).dead == store.deliveries()


def test_a_receiver_that_is_not_configured_is_waited_for() -> None:
    store, sink = store_of(a_delivery(receiver="renamed")), FakeSink()
    (waiting,) = deliver(store, {"ops": sink}, now=NOON).retried
    assert waiting.error == "config.toml has no receiver 'renamed'"
    deliver(store, {"renamed": sink}, now=NOON + LATER)
    assert len(sink.got) == 1


def test_a_bug_in_one_sink_is_raised_after_everybody_else_has_their_messages() -> None:
    broken = FakeSink(failures=[ZeroDivisionError("canary")], always=True)
    sound = FakeSink("pager")
    store = store_of(*life_of(), *life_of(receiver="pager"))
    with pytest.raises(ExceptionGroup) as caught:
        deliver(store, {"ops": broken, "pager": sound}, now=NOON)
    assert [type(bug) for bug in caught.value.exceptions] == [ZeroDivisionError]
    assert len(sound.got) == 3
    postponed = next(d for d in store.deliveries() if d.error)
    assert postponed.due_at > NOON
    assert "ZeroDivisionError" in str(postponed.error)
    assert "canary" not in str(postponed.error)


def test_a_pass_that_is_stopped_leaves_the_rest_due() -> None:
    store, sink = store_of(*life_of()), FakeSink()
    report = deliver(store, {"ops": sink}, now=NOON, stopping=lambda: sink.calls == 2)
    assert [d.alert.sequence for d in report.sent] == [1, 2]
    assert [d.alert.sequence for d in store.due(NOON, limit=9)] == [3]


def test_a_very_long_error_is_cut() -> None:
    store = store_of(a_delivery())
    deliver(store, {"ops": FakeSink(failures=[Rejected("x" * 10_000)])}, now=NOON)
    assert len(str(only(store).error)) == 500


def test_a_crash_between_sending_and_recording_repeats_the_message_with_its_key() -> None:
    class Crashing(FakeStore):
        crash = True

        def mark(self, *args: object, **kwargs: object) -> None:
            if self.crash:
                self.crash = False
                raise StoreError("power cut")
            super().mark(*args, **kwargs)  # type: ignore[arg-type]

    store, sink = Crashing(), FakeSink()
    store.commit(RunRecord(deliveries=life_of()))
    with pytest.raises(StoreError):
        deliver(store, {"ops": sink}, now=NOON)
    deliver(store, {"ops": sink}, now=NOON)
    assert [alert.sequence for alert in sink.got] == [1, 1, 2, 3]
    assert len(set(sink.keys)) == 3


FAILURES = st.sampled_from(
    [None, Unreachable("busy"), Unreachable("429", retry_after=30.0), Rejected("400")]
)


@settings(deadline=None, max_examples=40)
@given(
    failures=st.dictionaries(st.sampled_from(["ops", "chat"]), st.lists(FAILURES, max_size=12)),
    n_incidents=st.integers(1, 4),
)
def test_whatever_fails_everything_ends_sent_once_or_dead_and_in_order(
    failures: dict[str, list[Exception | None]], n_incidents: int
) -> None:
    sinks = {name: FakeSink(name, failures.get(name, [])) for name in ("ops", "chat")}
    deliveries = [
        d for n in range(n_incidents) for name in sinks for d in life_of(f"service {n}", name)
    ]
    store = store_of(*deliveries)
    now: datetime = NOON
    for _ in range(30):
        deliver(store, sinks, now=now)
        now += timedelta(minutes=15)
    assert all(d.status is not DeliveryStatus.PENDING for d in store.deliveries())
    for name, sink in sinks.items():
        sent = [
            d.alert.key
            for d in store.deliveries()
            if d.receiver == name and d.status is DeliveryStatus.SENT
        ]
        assert sorted(sink.keys) == sorted(sent)
        for n in range(n_incidents):
            told = [a.sequence for a in sink.got if a.incident.service == f"service {n}"]
            assert told == sorted(told)
