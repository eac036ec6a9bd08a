"""Delivery law: recorded before it is sent, sent until it has arrived, once at the key."""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from detector.model.delivery import DeliveryStatus
from detector.store.sql_store import open_store
from tests.crash.life import RECEIVERS, cycles_of, keys_after
from tests.crash.nursery import Nursery
from tests.crash.receiver import ReceiverPolicy
from tests.fakes.outages import NOON

N_KILLS = int(os.environ.get("KILLS", "60"))
LONGEST_CHILDHOOD = 0.1  # seconds; the store is opened in them


def test_kills_at_random_moments_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    store_at, lines_at = tmp_path / "store.db", tmp_path / "alerts.jsonl"
    moments = random.Random(20220722)
    with (
        ReceiverPolicy.started(failing=0.3) as receiver,
        Nursery.opened("tests.crash.life:warm_up") as nursery,
    ):
        live = ("tests.crash.life:live", str(store_at), receiver.url, str(lines_at))
        for number in range(N_KILLS):
            nursery.bear(*live, None)
            _let_live(receiver, moments, as_child=number % 2 == 0)
            assert nursery.kill() == -9
        with closing(open_store(store_at)) as store:
            n_cycles = cycles_of(store) + 3
        nursery.bear(*live, n_cycles)
        assert nursery.wait() == 0
    expected = keys_after(n_cycles)
    assert n_cycles > N_KILLS / 4, "the children lived long enough to do something"
    assert receiver.repeats > 0, "the receiver was told something twice, and kept it once"
    _assert_arrived_once_and_in_order(receiver, expected)
    _assert_written_once(lines_at, expected)
    _assert_recorded(store_at, expected, n_cycles)
    print(
        f"{N_KILLS} kills, {len(expected)} messages, {receiver.repeats} tellings taken as repeats"
    )


def _let_live(receiver: ReceiverPolicy, moments: random.Random, *, as_child: bool) -> None:
    """Wait for a random moment: of opening the store, or some way into the work.

    The second kind counts what the child got done, so that it means the same on a busy machine.
    """
    if as_child:
        time.sleep(moments.uniform(0, LONGEST_CHILDHOOD))
        return
    assert receiver.wait_for_calls(moments.randint(1, 6), timeout=20)
    time.sleep(moments.uniform(0, 0.02))


def _assert_arrived_once_and_in_order(receiver: ReceiverPolicy, expected: set[str]) -> None:
    assert set(receiver.messages) == expected
    assert receiver.changed == set(), "the same key never means another message"
    told: dict[str, list[int]] = {}
    for body in receiver.messages.values():
        alert = json.loads(body)
        told.setdefault(alert["incident"]["id"], []).append(alert["sequence"])
    assert all(sequences == sorted(sequences) for sequences in told.values())


def _assert_written_once(lines_at: Path, expected: set[str]) -> None:
    written = Counter(json.loads(line)["key"] for line in lines_at.read_bytes().splitlines())
    assert written == Counter(expected)


def _assert_recorded(store_at: Path, expected: set[str], n_cycles: int) -> None:
    with closing(open_store(store_at, readonly=True)) as store:
        deliveries = store.deliveries()
        counts = store.counts("WeChat", start=NOON, end=NOON + timedelta(days=30))
        assert len(store.incidents()) == n_cycles
    assert counts["count"].tolist() == list(range(n_cycles))
    assert {d.status for d in deliveries} == {DeliveryStatus.SENT}
    assert sorted((d.receiver, d.alert.key) for d in deliveries) == sorted(
        (receiver, key) for receiver in RECEIVERS for key in expected
    )
