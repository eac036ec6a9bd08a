"""What stands at the other end of each sink, with one shape for the contract suite."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from detector.ports import Sink
from detector.sinks.console import ConsoleSink
from detector.sinks.jsonlines import JsonLinesSink
from detector.sinks.webhook import WebhookSink
from tests.fakes.clock import FakeClock
from tests.fakes.outages import NOON
from tests.fakes.words import a_writer
from tests.sinks.loopback import Loopback

CANARY = "c4n4ry-s3cr3t"
"""Every secret of every sink under contract holds it; nothing that people see may."""


@dataclass(frozen=True)
class Receiver:
    """A sink and the other end of it.

    Attributes
    ----------
    sink : under contract, named "ops".
    arrived : texts that the receiver holds now, one per message, repeats dropped by key if the
        receiver can.
    drops_repeats : whether it can.
    break_down : makes the receiver unreachable until called with True.
    """

    sink: Sink
    arrived: Callable[[], list[str]]
    drops_repeats: bool
    break_down: Callable[[bool], None]


@contextmanager
def console(_folder: Path) -> Iterator[Receiver]:
    stream = _Breakable()
    sink = ConsoleSink("ops", stream, writer=a_writer())
    yield Receiver(
        sink,
        lambda: [b for b in stream.getvalue().split("\n\n") if b],
        False,
        lambda mended: setattr(stream, "broken", not mended),
    )


class _Breakable(io.StringIO):
    broken = False

    def write(self, text: str) -> int:
        if self.broken:
            raise BrokenPipeError(32, "Broken pipe")
        return super().write(text)


@contextmanager
def json_lines(folder: Path) -> Iterator[Receiver]:
    path = folder / "deep" / "alerts.jsonl"

    def break_down(mended: bool) -> None:
        if mended:
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
            path.mkdir(parents=True)

    yield Receiver(
        JsonLinesSink("ops", path),
        lambda: path.read_text("utf-8").splitlines() if path.is_file() else [],
        True,
        break_down,
    )


@contextmanager
def webhook(_folder: Path) -> Iterator[Receiver]:
    with Loopback.started() as server:
        sink = WebhookSink(
            "ops",
            f"{server.url}/{CANARY}?token={CANARY}",
            clock=FakeClock(NOON),
            timeout=0.5,
            token=CANARY,
            secret=CANARY.encode(),
        )
        yield Receiver(
            sink,
            lambda: [json.dumps(json.loads(r.body)) for r in server.distinct()],
            True,
            lambda mended: setattr(server, "answer", 200 if mended else 503),
        )


RECEIVERS: dict[str, Callable[[Path], AbstractContextManager[Receiver]]] = {
    "console": console,
    "JSON lines": json_lines,
    "webhook": webhook,
}
