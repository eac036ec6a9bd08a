"""Alerts on a terminal or any other text stream."""

from __future__ import annotations

from typing import TextIO

from detector.alerting.block import block, feed_block
from detector.alerting.message import Writer
from detector.domain.alert import Alert
from detector.domain.feed import FeedAlert
from detector.errors import Unreachable


class ConsoleSink:
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
        return f"ConsoleSink({self.name!r})"

    def send(self, alert: Alert) -> None:
        """Write the block and flush it, or raise `Unreachable` if the stream is gone."""
        self._write(block(alert, self._writer.message(alert), colour=self._painted()))

    def send_feed(self, alert: FeedAlert) -> None:
        """Write what became of a source; raises as `send`."""
        self._write(feed_block(alert, self._writer.feed_message(alert), colour=self._painted()))

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
