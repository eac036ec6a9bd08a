"""The table of docs/receivers.md, as found out: ``python -m tests.receivers.matrix``.

Each client meets a place that behaves in some way; the cell says what the client made of it.
"""

from __future__ import annotations

import logging
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from detector.errors import DeliveryError, Rejected, Unreachable
from detector.model.alert import Alert, AlertKind
from detector.notify.receiver import RefreshedReceiver
from tests.fakes.outages import NOON, an_alert, an_incident
from tests.page_table import Cells, PageTable
from tests.receivers.receivers import CANARY, PATIENT, RECEIVERS, ReceiverPolicy

ON_PAGE = PageTable(
    Path(__file__).parents[2] / "docs" / "receivers.md",
    begin="<!-- table: made by python -m tests.receivers.matrix -->",
    end="<!-- end -->",
)

HOSTILE = "微信\x1b[2J\r\nX-Injected: 1\x00\u202e\ud800 <!channel> @all 崩了"

#: What the receiver answers, by row.
ANSWERS: Mapping[str, Sequence[int | str]] = {
    "takes it (2xx)": (200, 201, 202, 204, 299),
    "wants time (408, 425, 429)": (408, 425, 429),
    "is in trouble (5xx)": (500, 502, 503, 504, 507, 599),
    "refuses it (other 4xx)": (400, 401, 403, 404, 405, 409, 410, 413, 422, 431),
    "points elsewhere (3xx)": (300, 301, 302, 303, 304, 307, 308),
    "does not answer": ("hang",),
    "answers without end": ("drip",),
    "hangs up": ("hang up",),
    "speaks no HTTP": ("gibberish",),
}
NEVER_ANSWER = ("does not answer", "answers without end")
ASKS_FOR_A_PAUSE = "asks for a pause (Retry-After)"
OUT_OF_REACH = "is out of reach"
HEARS_TWICE = "gets the same twice"
FORGETS = "forgets what is not repeated"
HOSTILE_NAME = "gets hostile names"
ECHOES = "echoes every secret"
ROWS: tuple[str, ...] = (
    *ANSWERS,
    ASKS_FOR_A_PAUSE,
    OUT_OF_REACH,
    HEARS_TWICE,
    FORGETS,
    HOSTILE_NAME,
    ECHOES,
)
NOT_APPLICABLE = "-"


def outcome(name: str, row: str, folder: Path) -> str:
    """Return what client ``name`` does when its receiver behaves as ``row`` says."""
    timeout = 0.5 if row in NEVER_ANSWER else PATIENT
    with RECEIVERS[name](folder, timeout=timeout) as receiver:
        if row in ANSWERS:
            return _judged(receiver, ANSWERS[row])
        return _OTHERS[row](receiver)


def _judged(receiver: ReceiverPolicy, answers: Sequence[int | str]) -> str:
    if receiver.server is None:
        return NOT_APPLICABLE
    found = []
    for receiver.server.answer in answers:
        asked = len(receiver.server.requests)
        began = time.monotonic()
        found.append(_sent(receiver, an_alert()))
        if len(receiver.server.requests) != asked + 1:
            return "ASKED AGAIN AT ONCE"
        if time.monotonic() - began > PATIENT / 4:
            return "WAITED FOR EVER"
    return ", ".join(dict.fromkeys(found))


def _sent(receiver: ReceiverPolicy, alert: Alert) -> str:
    try:
        receiver.sink.send(alert)
    except Rejected:
        return "given up"
    except Unreachable as error:
        return "tried again" + (f" after {error.retry_after:.0f} s" if error.retry_after else "")
    return "sent"


def _pause(receiver: ReceiverPolicy) -> str:
    if receiver.server is None:
        return NOT_APPLICABLE
    receiver.server.answer, receiver.server.headers = 429, {"Retry-After": "17"}
    return _sent(receiver, an_alert())


def _out_of_reach(receiver: ReceiverPolicy) -> str:
    receiver.break_down(False)
    first = _sent(receiver, an_alert())
    receiver.break_down(True)
    second = _sent(receiver, an_alert())
    return first if second == "sent" and len(receiver.arrived()) == 1 else "LOST"


def _twice(receiver: ReceiverPolicy) -> str:
    receiver.sink.send(an_alert())
    receiver.sink.send(an_alert())
    if len(receiver.held()) == 2:
        return "shown twice"
    return {"messages": "one message", "incidents": "one incident"}.get(receiver.keeps, "LOST")


def _forgets(receiver: ReceiverPolicy) -> str:
    if not isinstance(receiver.sink, RefreshedReceiver):
        return NOT_APPLICABLE
    receiver.sink.refresh([an_alert()], now=NOON + timedelta(minutes=1))
    return "repeated each run"


def _hostile(receiver: ReceiverPolicy) -> str:
    receiver.sink.send(an_alert(an_incident(HOSTILE, id="微信-1")))
    arrived = receiver.arrived()
    if len(arrived) != 1 or set("\x1b\r\x00\ud800\u202e") & set(arrived[0]):
        return "HARMED"
    return "inert"


def _echoes(receiver: ReceiverPolicy) -> str:
    shown = [repr(receiver.sink), str(receiver.sink)]
    with _logged(shown):
        _sent(receiver, an_alert())
        receiver.break_down(False)
        try:
            receiver.sink.send(replace(an_alert(), kind=AlertKind.ESCALATED, sequence=2))
        except DeliveryError as error:
            shown += traceback.format_exception(error)
            shown += [repr(e) + str(e.args) for e in _chain(error)]
    return "SHOWN" if CANARY in "\n".join(shown) else "never shown"


@contextmanager
def _logged(shown: list[str]) -> Iterator[None]:
    """Add to ``shown`` what every logger says, at every level that it is not closed for."""

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            shown.append(str(record.__dict__))

    listener, root = Listener(), logging.getLogger()
    before = root.level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(listener)
        root.setLevel(before)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


_OTHERS = {
    ASKS_FOR_A_PAUSE: _pause,
    OUT_OF_REACH: _out_of_reach,
    HEARS_TWICE: _twice,
    FORGETS: _forgets,
    HOSTILE_NAME: _hostile,
    ECHOES: _echoes,
}


def table() -> str:
    """Return the table in Markdown."""
    head = f"| the receiver … | {' | '.join(RECEIVERS)} |\n|---|{'---|' * len(RECEIVERS)}\n"
    return head + "".join(f"| {row} | {' | '.join(_cells(row))} |\n" for row in ROWS)


def _cells(row: str) -> list[str]:
    cells = []
    for name in RECEIVERS:
        with tempfile.TemporaryDirectory() as folder:
            cells.append(outcome(name, row, Path(folder)))
    return cells


def on_the_page() -> Cells:
    """Return the table as docs/receivers.md has it."""
    return ON_PAGE.read()


if __name__ == "__main__":
    ON_PAGE.write(table())
