"""What stands at the other end of each sink, with one shape for the contract suite."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from detector.ports import Sink
from detector.sinks.alertmanager import AlertmanagerSink
from detector.sinks.apprise import AppriseSink
from detector.sinks.cloudevents import cloud_events
from detector.sinks.console import ConsoleSink
from detector.sinks.jsonlines import JsonLinesSink
from detector.sinks.pagerduty import PagerDutySink
from detector.sinks.webhook import JSON, Form, WebhookSink
from tests.fakes.clock import FakeClock
from tests.fakes.outages import NOON
from tests.fakes.words import a_writer
from tests.sinks.loopback import Loopback, Request

CANARY = "c4n4ry-s3cr3t"
"""Every secret of every sink under contract holds it; nothing that people see may."""

PATIENT = 20.0
"""Seconds for an exchange: machines that run tests are busy."""

Keeps = Literal["messages", "incidents", "nothing"]


@dataclass(frozen=True)
class Receiver:
    """A sink and the other end of it.

    Attributes
    ----------
    sink : under contract, named "ops".
    arrived : what was taken, in order, as text.
    held : what the receiver has of it: repeats dropped by what it knows messages or incidents by.
    keeps : what it knows by their key.
    break_down : makes the receiver unreachable until called with True.
    server : of a sink that speaks HTTP, else None.
    """

    sink: Sink
    arrived: Callable[[], list[str]]
    held: Callable[[], list[str]]
    keeps: Keeps
    break_down: Callable[[bool], None]
    server: Loopback | None = None


@contextmanager
def console(_folder: Path, timeout: float = PATIENT) -> Iterator[Receiver]:
    stream = _Breakable()
    sink = ConsoleSink("ops", stream, writer=a_writer())

    def blocks() -> list[str]:
        return [b for b in stream.getvalue().split("\n\n") if b]

    yield Receiver(
        sink, blocks, blocks, "nothing", lambda mended: setattr(stream, "broken", not mended)
    )


class _Breakable(io.StringIO):
    broken = False

    def write(self, text: str) -> int:
        if self.broken:
            raise BrokenPipeError(32, "Broken pipe")
        return super().write(text)


@contextmanager
def json_lines(folder: Path, timeout: float = PATIENT) -> Iterator[Receiver]:
    path = folder / "deep" / "alerts.jsonl"

    def break_down(mended: bool) -> None:
        if mended:
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
            path.mkdir(parents=True)

    def lines() -> list[str]:
        return path.read_text("utf-8").splitlines() if path.is_file() else []

    yield Receiver(JsonLinesSink("ops", path), lines, lines, "messages", break_down)


@contextmanager
def webhook(_folder: Path, timeout: float = PATIENT) -> Iterator[Receiver]:
    yield from _hook(JSON, lambda event: str(event["key"]), timeout)


@contextmanager
def cloudevents(_folder: Path, timeout: float = PATIENT) -> Iterator[Receiver]:
    form = cloud_events("https://outages.example.org")
    yield from _hook(form, lambda event: f"{event['source']} {event['id']}", timeout)


def _hook(form: Form, key: Callable[[Any], str], timeout: float) -> Iterator[Receiver]:
    with Loopback.started() as server:
        sink = WebhookSink(
            "ops",
            f"{server.url}/{CANARY}?token={CANARY}",
            clock=FakeClock(NOON),
            form=form,
            timeout=timeout,
            token=CANARY,
            secret=CANARY.encode(),
        )
        yield _over_http(sink, server, "messages", key)


@contextmanager
def alertmanager(_folder: Path, timeout: float = PATIENT) -> Iterator[Receiver]:
    with Loopback.started() as server:
        sink = AlertmanagerSink(
            "ops",
            f"{server.url}/{CANARY}",
            writer=a_writer(),
            clock=FakeClock(NOON),
            timeout=timeout,
            token=CANARY,
        )
        yield _over_http(sink, server, "incidents", lambda alerts: alerts[0]["labels"]["incident"])


@contextmanager
def pagerduty(_folder: Path, timeout: float = PATIENT) -> Iterator[Receiver]:
    with Loopback.started() as server:
        sink = PagerDutySink(
            "ops",
            CANARY,
            writer=a_writer(),
            clock=FakeClock(NOON),
            url=f"{server.url}/{CANARY}",
            timeout=timeout,
        )
        yield _over_http(sink, server, "incidents", lambda event: event["dedup_key"])


@contextmanager
def apprise(_folder: Path, timeout: float = PATIENT) -> Iterator[Receiver]:
    with Loopback.started() as server:
        host = server.url.removeprefix("http://")
        url = f"json://{CANARY}:{CANARY}@{host}/{CANARY}/"
        sink = AppriseSink("ops", url, writer=a_writer(), timeout=timeout)
        yield _over_http(sink, server, "nothing", lambda _: "")


def _over_http(sink: Sink, server: Loopback, keeps: Keeps, key: Callable[[Any], str]) -> Receiver:
    def held() -> list[str]:
        if keeps == "nothing":
            return [_text(request) for request in server.accepted]
        latest = {key(json.loads(request.body)): _text(request) for request in server.accepted}
        return list(latest.values())

    return Receiver(
        sink,
        lambda: [_text(request) for request in server.accepted],
        held,
        keeps,
        lambda mended: setattr(server, "answer", 200 if mended else 503),
        server,
    )


def _text(request: Request) -> str:
    return json.dumps(json.loads(request.body))


RECEIVERS: dict[str, Callable[..., AbstractContextManager[Receiver]]] = {
    "console": console,
    "JSON lines": json_lines,
    "webhook": webhook,
    "CloudEvents": cloudevents,
    "Alertmanager": alertmanager,
    "PagerDuty": pagerduty,
    "Apprise": apprise,
}

OVER_HTTP = [name for name in RECEIVERS if name not in {"console", "JSON lines"}]
