"""The thread that reads Jetstream's websocket into a line, whatever its hosts do."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from detector.errors import SourceError, Unavailable
from detector.sources.headers import ours
from detector.sources.jetstream_line import COLLECTION, Line, parse_event

#: Larger messages are not sent to us; one that the client refused would come again for ever.
LARGEST = 1_000_000
#: A host that sends so many messages in a row that are no events is left for the next.
MOST_GARBLED = 20
#: An event that is dated so far ahead of our clock is none.
AHEAD = timedelta(minutes=1)
LONGEST_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class Reading:
    """How the stream is read; see `JetstreamSource`. ``begin`` and ``overlap`` in microseconds."""

    name: str
    hosts: Sequence[str]
    contact: str | None
    begin: int
    overlap: int
    silence: float
    capacity: int
    pause: float
    clock: Callable[[], datetime]


class Reader:
    """Reads the stream into ``line`` until `stopped`.

    Parameters
    ----------
    reading : how.
    line : where events go; only touched with ``changed`` held.
    changed : notified when the first event came or a connection ended.

    Attributes
    ----------
    trouble : why the last connection ended; None while events come.
    """

    def __init__(self, reading: Reading, line: Line, changed: threading.Condition) -> None:
        self.stopped = threading.Event()
        self.trouble: SourceError | None = None
        self._how, self._line, self._changed = reading, line, changed
        self.thread = threading.Thread(
            target=self._run, daemon=True, name=f"jetstream {reading.name}"
        )
        self.thread.start()

    def _run(self) -> None:
        connections = failures = 0
        while not self.stopped.is_set():
            host = self._how.hosts[connections % len(self._how.hosts)]
            before = self._line.at
            why = self._read_from(host)
            connections += 1
            failures = 1 if self._line.at != before else failures + 1
            with self._changed:
                self.trouble = Unavailable(f"{self._how.name}: {_shown(host)}: {why}")
                self._changed.notify_all()
            longest = min(self._how.pause * 2 ** min(failures - 1, 10), LONGEST_PAUSE)
            self.stopped.wait(longest * random.uniform(0.5, 1.0))  # noqa: S311 - jitter

    def _read_from(self, host: str) -> str:
        """Read until the connection ends, and return why it did."""
        try:
            with connect(
                f"{host}/subscribe?{urlencode(self._query())}",
                user_agent_header=ours(self._how.contact)["User-Agent"],
                compression=None,
                max_size=LARGEST + 1024,
                close_timeout=0.5,
                proxy=None,
            ) as connection:
                return self._read(connection)
        except InvalidStatus as error:
            return f"answered {error.response.status_code}"
        except OSError:
            return "no connection"
        except (WebSocketException, EOFError) as error:
            return f"the connection broke ({type(error).__name__})"

    def _query(self) -> dict[str, str | int]:
        proof = self._line.proof
        return {
            "wantedCollections": COLLECTION,
            "maxMessageSizeBytes": LARGEST,
            "cursor": self._how.begin if proof is None else proof - self._how.overlap,
        }

    def _read(self, connection: ClientConnection) -> str:
        self._line.connected()
        garbled, silent = 0, 0.0
        step = min(0.1, self._how.silence)
        while not self.stopped.is_set():
            message = None
            with suppress(TimeoutError):
                message = connection.recv(timeout=step, decode=False)
            if message is None:
                silent += step
                if silent >= self._how.silence:
                    return f"sent nothing for {silent:g} s"
                continue
            silent = 0.0
            garbled = 0 if self._take(bytes(message)) else garbled + 1
            if garbled >= MOST_GARBLED:
                return f"sent {garbled} messages in a row that are no events of now"
        return "left"

    def _take(self, message: bytes) -> bool:
        """Put the event in line, once there is room; return whether it is one."""
        try:
            event = parse_event(message)
        except msgspec.DecodeError:
            return False
        if event.time_us > 1e6 * (self._how.clock() + AHEAD).timestamp():
            return False
        with self._changed:
            self._changed.wait_for(self._has_room)
            if not self.stopped.is_set():
                first = not self._line.spans or self.trouble is not None
                self._line.take(event)
                self.trouble = None
                if first:
                    self._changed.notify_all()
        return True

    def _has_room(self) -> bool:
        return len(self._line.waiting) < self._how.capacity or self.stopped.is_set()


def _shown(host: str) -> str:
    return host.partition("://")[2].partition("/")[0].rpartition("@")[2]
