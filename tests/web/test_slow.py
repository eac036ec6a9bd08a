"""Whoever asks slowly, or nothing at all, holds up nobody."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from detector.model.token import Scope
from detector.web import limits, pulse, server
from tests.web.house import House, house
from tests.web.serving import served


@pytest.fixture
def made(tmp_path: Path) -> Iterator[House]:
    made = house(tmp_path, incidents=())
    yield made
    made.close()


def connected(address: str) -> socket.socket:
    place = urlsplit(address)
    return socket.create_connection((place.hostname or "", place.port or 0), timeout=5)


def until_closed(slow: socket.socket, send: bytes) -> float:
    """Send a byte now and then; return after how many seconds the other side closed."""
    began = time.monotonic()
    slow.settimeout(0.05)
    for i in range(100):
        try:
            slow.sendall(send[i : i + 1])
            if slow.recv(100) == b"":
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return time.monotonic() - began


@pytest.mark.parametrize(
    "before", [b"", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"], ids=["first", "second"]
)
def test_a_head_that_does_not_come_is_not_waited_for(
    made: House, monkeypatch: pytest.MonkeyPatch, before: bytes
) -> None:
    monkeypatch.setattr(server, "HEAD_WITHIN", 0.4)
    with served(made) as address, connected(address) as slow:
        if before:
            slow.sendall(before)
            assert b"200 OK" in slow.recv(10_000)
        assert until_closed(slow, b"GET / HTTP/1.1\r\nX: " + b"x" * 100) < 3


def test_an_answer_may_take_longer_than_a_head(
    made: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEAD_WITHIN", 0.2)
    with served(made) as address, httpx.stream("GET", f"{address}/live", timeout=10) as answer:
        lines = answer.iter_lines()
        assert any(line.startswith("event: changed") for line in lines)
        time.sleep(0.5)
        made.backend.controls.withdraw("nothing")
        assert not answer.is_closed
        assert httpx.get(f"{address}/healthz").status_code == 200


def test_a_body_that_does_not_come_is_not_waited_for(
    made: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BODY_WITHIN", 0.3)
    head = (
        f"POST /v1/posts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
        f"{made.token(Scope.PUSH)}\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
    )
    with served(made) as address, connected(address) as slow:
        slow.sendall(head.encode() + b"{")
        answer = slow.recv(10_000)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer


def test_those_who_ask_nothing_leave_room_for_those_who_do(
    made: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(made) as address, ExitStack() as idle:
        monkeypatch.setattr(server, "MOST", 5)
        monkeypatch.setattr(server, "HEAD_WITHIN", 0.5)
        for _ in range(12):
            idle.enter_context(connected(address))
        time.sleep(0.2)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{address}/healthz")
        time.sleep(1.0)
        assert httpx.get(f"{address}/healthz").status_code == 200


def test_only_so_many_listen_for_changes(made: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "MOST_LISTENERS", 2)
    with served(made) as address, ExitStack() as listening:
        open_ones = []  # an iterator that is forgotten ends its answer
        for _ in range(2):
            answer = listening.enter_context(httpx.stream("GET", f"{address}/live", timeout=10))
            open_ones.append(answer.iter_lines())
            assert any(line.startswith("event:") for line in open_ones[-1])
        refused = httpx.get(f"{address}/live")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
        assert httpx.get(f"{address}/v1/sources").status_code == 200
