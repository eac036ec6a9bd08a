"""What stands at the other end of each sink, with one shape for the contract suite."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from detector.notify.receiver import Receiver
from detector.receivers.alertmanager import AlertmanagerReceiver
from detector.receivers.apprise import AppriseReceiver
from detector.receivers.console import ConsoleReceiver
from detector.receivers.jsonlines import JsonLinesReceiver
from detector.receivers.pagerduty import PagerDutyReceiver
from detector.receivers.webhook import JSON, BodyFormat, WebhookReceiver, cloud_events
from tests.fakes.clock import FakeClock
from tests.fakes.outages import NOON
from tests.fakes.words import a_writer
from tests.receivers.loopback import Loopback, Request

CANARY = "c4n4ry-s3cr3t"
"""Every secret of every sink under contract holds it; nothing that people see may."""

PATIENT = 20.0
"""Seconds for an exchange: machines that run tests are busy."""

Keeps = Literal["messages", "incidents", "nothing"]


@dataclass(frozen=True)
class ReceiverPolicy:
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

    sink: Receiver
    arrived: Callable[[], list[str]]
    held: Callable[[], list[str]]
    keeps: Keeps
    break_down: Callable[[bool], None]
    server: Loopback | None = None


@contextmanager
def console(_folder: Path, timeout: float = PATIENT) -> Iterator[ReceiverPolicy]:
    stream = _Breakable()
    sink = ConsoleReceiver("ops", stream, writer=a_writer())

    def blocks() -> list[str]:
        return [b for b in stream.getvalue().split("\n\n") if b]

    yield ReceiverPolicy(
        sink, blocks, blocks, "nothing", lambda mended: setattr(stream, "broken", not mended)
    )


class _Breakable(io.StringIO):
    broken = False

    def write(self, text: str) -> int:
        if self.broken:
            raise BrokenPipeError(32, "Broken pipe")
        return super().write(text)


@contextmanager
def json_lines(folder: Path, timeout: float = PATIENT) -> Iterator[ReceiverPolicy]:
    path = folder / "deep" / "alerts.jsonl"

    def break_down(mended: bool) -> None:
        if mended:
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
            path.mkdir(parents=True)

    def lines() -> list[str]:
        return path.read_text("utf-8").splitlines() if path.is_file() else []

    yield ReceiverPolicy(JsonLinesReceiver("ops", path), lines, lines, "messages", break_down)


@contextmanager
def webhook(_folder: Path, timeout: float = PATIENT) -> Iterator[ReceiverPolicy]:
    yield from _hook(JSON, lambda event: str(event["key"]), timeout)


@contextmanager
def cloudevents(_folder: Path, timeout: float = PATIENT) -> Iterator[ReceiverPolicy]:
    form = cloud_events("https://outages.example.org")
    yield from _hook(form, lambda event: f"{event['source']} {event['id']}", timeout)


def _hook(form: BodyFormat, key: Callable[[Any], str], timeout: float) -> Iterator[ReceiverPolicy]:
    with Loopback.started() as server:
        sink = WebhookReceiver(
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
def alertmanager(_folder: Path, timeout: float = PATIENT) -> Iterator[ReceiverPolicy]:
    with Loopback.started() as server:
        sink = AlertmanagerReceiver(
            "ops",
            f"{server.url}/{CANARY}",
            writer=a_writer(),
            clock=FakeClock(NOON),
            timeout=timeout,
            token=CANARY,
        )
        yield _over_http(sink, server, "incidents", lambda alerts: alerts[0]["labels"]["incident"])


@contextmanager
def pagerduty(_folder: Path, timeout: float = PATIENT) -> Iterator[ReceiverPolicy]:
    with Loopback.started() as server:
        sink = PagerDutyReceiver(
            "ops",
            CANARY,
            writer=a_writer(),
            clock=FakeClock(NOON),
            url=f"{server.url}/{CANARY}",
            timeout=timeout,
        )
        yield _over_http(sink, server, "incidents", lambda event: event["dedup_key"])


@contextmanager
def apprise(_folder: Path, timeout: float = PATIENT) -> Iterator[ReceiverPolicy]:
    with Loopback.started() as server:
        host = server.url.removeprefix("http://")
        url = f"json://{CANARY}:{CANARY}@{host}/{CANARY}/"
        sink = AppriseReceiver("ops", url, writer=a_writer(), timeout=timeout)
        yield _over_http(sink, server, "nothing", lambda _: "")


def _over_http(
    sink: Receiver, server: Loopback, keeps: Keeps, key: Callable[[Any], str]
) -> ReceiverPolicy:
    def held() -> list[str]:
        if keeps == "nothing":
            return [_text(request) for request in server.accepted]
        latest = {key(json.loads(request.body)): _text(request) for request in server.accepted}
        return list(latest.values())

    return ReceiverPolicy(
        sink,
        lambda: [_text(request) for request in server.accepted],
        held,
        keeps,
        lambda mended: setattr(server, "answer", 200 if mended else 503),
        server,
    )


def _text(request: Request) -> str:
    return json.dumps(json.loads(request.body))


RECEIVERS: dict[str, Callable[..., AbstractContextManager[ReceiverPolicy]]] = {
    "console": console,
    "JSON lines": json_lines,
    "webhook": webhook,
    "CloudEvents": cloudevents,
    "Alertmanager": alertmanager,
    "PagerDuty": pagerduty,
    "Apprise": apprise,
}

OVER_HTTP = [name for name in RECEIVERS if name not in {"console", "JSON lines"}]
