"""Dead letters: seen, and sent again, while a pipeline holds the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from detector.errors import StoreError
from detector.model.alert import AlertKind
from detector.model.delivery import DeliveryStatus
from detector.store.base import RunRecord
from detector.store.outbox import DeadLetters, open_dead_letters
from detector.store.sql_store import SqlStore, open_store
from tests.fakes.outages import NOON, a_delivery, an_alert, an_incident

HOUR = timedelta(hours=1)
DEAD, WAITING = a_delivery(), a_delivery(an_alert(an_incident("QQ")))


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres").fresh_database())
    return str(tmp_path / "store.db")


@pytest.fixture
def store(location: str) -> Iterator[SqlStore]:
    """A store, held by its writer, with one dead letter and one that waits."""
    with closing(open_store(location)) as opened:
        opened.commit(RunRecord(deliveries=[DEAD, WAITING]))
        opened.mark(DEAD, DeliveryStatus.DEAD, at=NOON, error="410 Gone")
        yield opened


@pytest.fixture
def outbox(store: SqlStore, location: str) -> Iterator[DeadLetters]:
    with closing(open_dead_letters(location)) as opened:
        yield opened


def test_they_are_told_apart(outbox: DeadLetters) -> None:
    (dead,) = outbox.with_status(DeliveryStatus.DEAD)
    assert (dead.alert.key, dead.error, dead.attempts) == (DEAD.alert.key, "410 Gone", 1)
    (waiting,) = outbox.with_status(DeliveryStatus.PENDING)
    assert waiting.alert.key == WAITING.alert.key
    assert outbox.with_status(DeliveryStatus.SENT) == ()


def test_a_dead_one_is_sent_again_as_patiently_as_a_new_one(
    outbox: DeadLetters, store: SqlStore
) -> None:
    assert outbox.retry("ops", DEAD.alert.key, at=NOON + HOUR)
    assert outbox.with_status(DeliveryStatus.DEAD) == ()
    assert DEAD.alert.key not in {d.alert.key for d in store.due(NOON, limit=9)}
    revived = next(d for d in store.due(NOON + HOUR, limit=9) if d.alert.key == DEAD.alert.key)
    assert (revived.attempts, revived.recorded_at, revived.error) == (0, NOON + HOUR, None)
    store.mark(revived, DeliveryStatus.SENT, at=NOON + HOUR)
    assert not outbox.retry("ops", DEAD.alert.key, at=NOON + HOUR)


def test_what_was_followed_by_a_message_that_was_taken_is_not_sent_again(
    outbox: DeadLetters, store: SqlStore
) -> None:
    end = a_delivery(an_alert(kind=AlertKind.RESOLVED, sequence=2))
    store.commit(RunRecord(deliveries=[end]))
    store.mark(end, DeliveryStatus.SENT, at=NOON)
    assert not outbox.retry("ops", DEAD.alert.key, at=NOON)
    again = a_delivery(an_alert(kind=AlertKind.REOPENED, sequence=3))
    store.commit(RunRecord(deliveries=[again]))
    store.mark(again, DeliveryStatus.DEAD, at=NOON, error="410 Gone")
    assert outbox.retry("ops", again.alert.key, at=NOON)


@pytest.mark.parametrize(
    ("receiver", "key"),
    [("ops", WAITING.alert.key), ("chat", DEAD.alert.key), ("ops", "nope")],
    ids=["one that waits", "to somebody else", "one that there is not"],
)
def test_nothing_else_is_touched(outbox: DeadLetters, receiver: str, key: str) -> None:
    before = outbox.with_status(DeliveryStatus.PENDING)
    assert not outbox.retry(receiver, key, at=NOON)
    assert outbox.with_status(DeliveryStatus.PENDING) == before


def test_a_store_that_there_is_not_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store yet"):
        open_dead_letters(tmp_path / "nothing.db")
    assert not (tmp_path / "nothing.db").exists()
