"""Notifications on a terminal or any other text stream: blocks of text with coloured titles."""

from __future__ import annotations

from typing import ClassVar, Literal, TextIO

from detector.errors import Unreachable
from detector.model.alert import Alert, AlertKind
from detector.model.health import SourceAlert, SourceState
from detector.model.incident import Severity
from detector.notify.render import Writer
from detector.receivers.base import ReceiverContext, WordedSettings
from detector.text.notification_text import NotificationText
from detector.text.phrasing import Phrasing

_RESET = "\x1b[0m"
_GREEN = "\x1b[1;32m"
_YELLOW = "\x1b[1;33m"
_SHADES = {
    Severity.MINOR: _YELLOW,
    Severity.MAJOR: "\x1b[1;31m",
    Severity.CRITICAL: "\x1b[1;97;41m",
}


class ConsoleSettings(WordedSettings):
    """Messages as text on the terminal."""

    carries: ClassVar[str] = "messages on the terminal"
    example: ClassVar[str] = """\
[[receivers]]
type = "console"
name = "terminal"
time_zone = "Asia/Shanghai"
"""

    type: Literal["console"]

    def build(self, context: ReceiverContext) -> ConsoleReceiver:
        """Return the receiver."""
        return ConsoleReceiver(self.name, context.console, writer=self.writer(context))

    def describe(self, say: Phrasing) -> str:
        """Return where it writes."""
        return say.texts("integration.terminal")


class ConsoleReceiver:
    """Writes one readable block per alert.

    A terminal cannot know what it showed before a crash: a message that was written but not
    recorded as sent is shown again after a restart.

    Parameters
    ----------
    name : the receiver's name in ``config.toml``.
    stream : where to write; characters that its encoding lacks are written out.
    writer : words, in the reader's language and time zone.
    colour : whether to paint titles; None: if the stream is a terminal.
    """

    def __init__(
        self, name: str, stream: TextIO, *, writer: Writer, colour: bool | None = None
    ) -> None:
        self.name = name
        self._stream = stream
        self._writer = writer
        self._colour = colour

    def __repr__(self) -> str:
        return f"ConsoleReceiver({self.name!r})"

    def send(self, alert: Alert) -> None:
        """Write the block and flush it, or raise `Unreachable` if the stream is gone."""
        self._write(block(alert, self._writer.message(alert), colour=self._painted()))

    def send_source_alert(self, alert: SourceAlert) -> None:
        """Write what became of a source; raises as `send`."""
        self._write(source_block(alert, self._writer.source_message(alert), colour=self._painted()))

    def _painted(self) -> bool:
        if self._colour is not None:
            return self._colour
        return not self._stream.closed and self._stream.isatty()

    def _write(self, text: str) -> None:
        if self._stream.closed:
            raise Unreachable("console: the stream is closed")
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        try:
            self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
            self._stream.flush()
        except OSError as error:
            raise Unreachable(f"console: {error.strerror or type(error).__name__}") from None


def block(alert: Alert, text: NotificationText, *, colour: bool) -> str:
    """Return a message as lines for a terminal, an empty line at the end.

    Parameters
    ----------
    alert : what is said.
    text : its words.
    colour : whether the title is painted with terminal escapes. Nothing else in the text ever
        holds one: hostile names are written out.
    """
    shade = _GREEN if alert.kind is AlertKind.RESOLVED else _SHADES[alert.incident.severity]
    head = f"{shade}{text.title}{_RESET}" if colour else text.title
    return _lines(head, text)


def source_block(alert: SourceAlert, text: NotificationText, *, colour: bool) -> str:
    """Return a message about a source as lines for a terminal; see `block`."""
    shade = _GREEN if alert.health.state is SourceState.UP else _YELLOW
    return _lines(f"{shade}{text.title}{_RESET}" if colour else text.title, text)


def _lines(head: str, text: NotificationText) -> str:
    return "\n".join([head, *(f"  {line}" for line in text.lines), "", ""])
