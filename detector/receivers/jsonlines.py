"""Alerts as lines of JSON, appended to a file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import BinaryIO, ClassVar, Literal

from detector.errors import Unreachable
from detector.model.alert import Alert
from detector.model.delivery import Notice
from detector.model.health import SourceAlert
from detector.receivers.base import ReceiverContext, ReceiverSettings
from detector.receivers.payload import document
from detector.text.phrasing import Phrasing

_OURS = b'{"key": '


class JsonLinesSettings(ReceiverSettings):
    """Alerts as one JSON object per line, appended to a file."""

    carries: ClassVar[str] = "one line of JSON per alert, to a file"
    needs: ClassVar[str] = "a path"
    example: ClassVar[str] = """\
[[receivers]]
type = "jsonlines"
name = "log"
path = "var/alerts.jsonl"
"""

    type: Literal["jsonlines"]
    path: Path
    """The file; its folder is created."""

    def build(self, context: ReceiverContext) -> JsonLinesReceiver:
        """Return the receiver."""
        return JsonLinesReceiver(self.name, context.base / self.path)

    def describe(self, say: Phrasing) -> str:
        """Return the file."""
        return say.texts("integration.lines", path=self.path)


class JsonLinesReceiver:
    """Appends one line per alert and syncs it to the disk; a key that is there stays there once.

    The file is its own memory: its keys are read before the first line is written, and again
    whenever somebody else has touched it (a log rotation). A last line that a crash tore is cut
    off; what is not ours is left alone.

    Parameters
    ----------
    name : the receiver's name in ``config.toml``.
    path : the file; it is made, with its folder, when missing.
    """

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._path = path
        self._keys: set[str] = set()
        self._seen: tuple[int, int, int] | None = None  # device, inode, size when we last read it

    def __repr__(self) -> str:
        return f"JsonLinesReceiver({self.name!r}, {str(self._path)!r})"

    def send(self, alert: Alert) -> None:
        """Append the alert unless its key is there, or raise `Unreachable` (disk full, rights)."""
        self._take(alert)

    def send_source_alert(self, alert: SourceAlert) -> None:
        """Append what became of a source; see `send`."""
        self._take(alert)

    def _take(self, alert: Notice) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a+b") as file:
                self._look(file)
                if alert.key not in self._keys:
                    self._append(file, alert)
        except OSError as error:
            self._seen = None  # what was written before the error is read again
            raise Unreachable(f"{self._path}: {error.strerror or type(error).__name__}") from None

    def _look(self, file: BinaryIO) -> None:
        if self._seen != _state(file):
            _repair(file)
            file.seek(0)
            self._keys = {key for line in file if (key := _key(line)) is not None}
            self._seen = _state(file)

    def _append(self, file: BinaryIO, alert: Notice) -> None:
        file.write(document(alert, ascii_only=False) + b"\n")
        file.flush()
        os.fsync(file.fileno())
        self._keys.add(alert.key)
        self._seen = _state(file)


def _state(file: BinaryIO) -> tuple[int, int, int]:
    status = os.fstat(file.fileno())
    return status.st_dev, status.st_ino, status.st_size


def _key(line: bytes) -> str | None:
    if not line.startswith(_OURS):
        return None
    try:
        key = json.loads(line)["key"]
    except ValueError:
        return None
    return key if isinstance(key, str) else None


def _repair(file: BinaryIO) -> None:
    """End the last line, or cut it off if it is the beginning of one of ours."""
    tail, start = _last_line(file)
    if not tail:
        return
    if _key(tail) is None and (tail.startswith(_OURS) or _OURS.startswith(tail)):
        file.truncate(start)
    else:
        file.write(b"\n")
        file.flush()


def _last_line(file: BinaryIO, *, block: int = 65_536) -> tuple[bytes, int]:
    """Return what follows the last line break, and where it starts."""
    position = file.seek(0, os.SEEK_END)
    tail = b""
    while position > 0:
        step = min(block, position)
        position = file.seek(position - step)
        tail = file.read(step) + tail
        if (at := tail.rfind(b"\n")) >= 0:
            return tail[at + 1 :], position + at + 1
    return tail, 0
