"""Nobody is told of the end of what they never heard of."""

from __future__ import annotations

from detector.domain.alert import AlertKind
from detector.engine.ingest import _without_unheard_ends
from detector.ports import CycleRecord
from tests.fakes.outages import a_delivery, an_alert, an_incident
from tests.fakes.store import FakeStore

BEGAN = a_delivery(an_alert(an_incident(), kind=AlertKind.OPENED, sequence=1))
ENDED = a_delivery(an_alert(an_incident(), kind=AlertKind.RESOLVED, sequence=2))


def test_an_end_whose_beginning_was_too_old_to_tell_is_not_told() -> None:
    assert _without_unheard_ends([ENDED], FakeStore()) == []


def test_an_end_is_told_with_its_beginning() -> None:
    assert _without_unheard_ends([BEGAN, ENDED], FakeStore()) == [BEGAN, ENDED]


def test_an_end_is_told_to_whom_the_beginning_was_told_before() -> None:
    store = FakeStore()
    store.commit(CycleRecord(deliveries=[BEGAN]))
    assert _without_unheard_ends([ENDED], store) == [ENDED]


def test_another_receiver_having_heard_is_not_enough() -> None:
    store = FakeStore()
    elsewhere = a_delivery(an_alert(an_incident(), sequence=1), receiver="chat")
    store.commit(CycleRecord(deliveries=[elsewhere]))
    assert _without_unheard_ends([ENDED], store) == []
