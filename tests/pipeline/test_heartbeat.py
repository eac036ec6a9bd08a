"""Signs of life: to a watchdog over HTTP, to systemd over its socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from detector.errors import ConfigError
from detector.pipeline.heartbeat import Heartbeat
from tests.fakes.clock import FakeClock
from tests.fakes.outages import NOON
from tests.receivers.loopback import Loopback
from tests.receivers.receivers import CANARY

SECOND = timedelta(seconds=1)


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback.started() as started:
        yield started


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)


def heart(server: Loopback, clock: FakeClock, **options: Any) -> Heartbeat:
    return Heartbeat(clock=clock, url=f"{server.url}/{CANARY}", **{"timeout": 20.0, **options})


def paths(server: Loopback) -> list[str]:
    return [request.path.replace(CANARY, "ID") for request in server.requests]


def test_pings_lie_at_least_so_far_apart(server: Loopback, clock: FakeClock) -> None:
    beating = heart(server, clock)
    for _ in range(7):
        assert beating.beat() is None
        clock.advance(20 * SECOND)
    assert paths(server) == ["/ID"] * 3


def test_trouble_and_its_end_are_told_at_once_and_why(server: Loopback, clock: FakeClock) -> None:
    beating = heart(server, clock)
    for troubles in ([], ["source weibo failed"], ["source weibo failed"], []):
        beating.beat(troubles)
        clock.advance(SECOND)
    assert paths(server) == ["/ID", "/ID/fail", "/ID"]
    assert server.requests[1].body == b"source weibo failed"


def test_trouble_is_no_failure_if_that_is_not_wanted(server: Loopback, clock: FakeClock) -> None:
    heart(server, clock, fail=False).beat(["source weibo failed"])
    assert paths(server) == ["/ID"]


@pytest.mark.parametrize("answer", [404, 500, "hang", "hang up"])
def test_a_ping_that_fails_is_told_without_the_address_and_does_no_harm(
    server: Loopback, clock: FakeClock, answer: int | str
) -> None:
    server.answer = answer
    beating = heart(server, clock, timeout=0.5 if answer == "hang" else 20.0)
    failure = beating.beat()
    assert failure is not None
    assert failure.startswith("heartbeat: ")
    assert CANARY not in failure + repr(beating)


def test_without_an_address_nobody_is_pinged(clock: FakeClock) -> None:
    assert Heartbeat(clock=clock).beat(["trouble"]) is None


def test_an_address_that_cannot_be_used_is_explained_without_quoting_it(clock: FakeClock) -> None:
    with pytest.raises(ConfigError) as caught:
        Heartbeat(clock=clock, url=f"ftp://{CANARY}")
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("kind", ["a file", "an abstract name"])
def test_systemd_hears_of_start_turns_and_end(kind: str, clock: FakeClock, tmp_path: Path) -> None:
    name = str(tmp_path / "notify") if kind == "a file" else f"@outage-detector-{tmp_path.name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(name if kind == "a file" else f"\0{name[1:]}")
        systemd.settimeout(2)
        beating = Heartbeat(clock=clock, socket_path=name)
        beating.ready()
        beating.beat()
        beating.standing_by()
        beating.stopping()
        heard = [systemd.recv(100) for _ in range(4)]
        assert heard == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_a_systemd_that_is_not_there_does_no_harm(clock: FakeClock, tmp_path: Path) -> None:
    beating = Heartbeat(clock=clock, socket_path=str(tmp_path / "nobody"))
    beating.ready()
    assert beating.beat() is None
