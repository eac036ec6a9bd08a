"""What is particular to the console."""

from __future__ import annotations

import io

import pytest

from detector.errors import Unreachable
from detector.receivers.console import ConsoleReceiver
from tests.fakes.outages import an_alert, an_incident
from tests.fakes.words import a_writer


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "colour", "painted"),
    [
        pytest.param(Terminal(), None, True, id="a terminal is painted"),
        pytest.param(io.StringIO(), None, False, id="a file is not"),
        pytest.param(Terminal(), False, False, id="a terminal is not if colour is unwanted"),
        pytest.param(io.StringIO(), True, True, id="a file is if colour is wanted"),
    ],
)
def test_colour(stream: io.StringIO, colour: bool | None, painted: bool) -> None:
    ConsoleReceiver("ops", stream, writer=a_writer(), colour=colour).send(an_alert())
    assert ("\x1b[" in stream.getvalue()) is painted


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "latin-1", "utf-8"])
def test_letters_that_the_stream_lacks_are_written_out(encoding: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors="strict")
    ConsoleReceiver("ops", stream, writer=a_writer()).send(an_alert(an_incident("微信 👍")))
    text = raw.getvalue().decode(encoding)
    assert ("微信" in text) is (encoding in {"gbk", "utf-8"})
    assert ("\\u5fae" in text) is (encoding in {"ascii", "latin-1"})


def test_the_block_is_flushed_at_once(tmp_path: object) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8")  # type: ignore[type-var]
    ConsoleReceiver("ops", stream, writer=a_writer()).send(an_alert())
    assert raw.getvalue().endswith(b"\n\n")


def test_a_stream_that_was_closed_is_unreachable() -> None:
    stream = io.StringIO()
    stream.close()
    with pytest.raises(Unreachable, match="closed"):
        ConsoleReceiver("ops", stream, writer=a_writer()).send(an_alert())
