"""A receiver over HTTP that honours the deduplication key and fails at random.

Its failures are those that lose or double messages in careless senders: it refuses before it took
the message, or it takes the message and then answers with an error or not at all.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote


class ReceiverPolicy:
    """What came, by key.

    Attributes
    ----------
    url : where to post.
    messages : body by key, in the order of first acceptance.
    repeats : how often a key came again after it was taken.
    changed : keys that came again with another body.
    failures : how often it failed on purpose.
    calls : how often anything came.
    """

    def __init__(self, *, failing: float, seed: int) -> None:
        self.messages: dict[str, bytes] = {}
        self.repeats = 0
        self.changed: set[str] = set()
        self.failures = 0
        self.calls = 0
        self._failing = failing
        self._random = random.Random(seed)
        self._called = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    @classmethod
    @contextmanager
    def started(cls, *, failing: float, seed: int = 0) -> Iterator[ReceiverPolicy]:
        """Serve until the end of the block; ``failing`` is the share of answers that fail."""
        receiver = cls(failing=failing, seed=seed)
        serve = receiver._server.serve_forever
        thread = threading.Thread(target=serve, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            receiver._server.shutdown()
            thread.join()
            receiver._server.server_close()

    def take(self, key: str, body: bytes) -> int | None:
        """Take a message, or not; return the status to answer with, None to hang up."""
        with self._called:
            self.calls += 1
            self._called.notify_all()
            trouble = self._random.choice(["refuse", "fail after", "hang up after"])
            if self._random.random() >= self._failing:
                trouble = "none"
            self.failures += trouble != "none"
            if trouble == "refuse":
                return 503
            self._keep(key, body)
            return {"none": 204, "fail after": 500, "hang up after": None}[trouble]

    def wait_for_calls(self, more: int, *, timeout: float) -> bool:
        """Return when ``more`` calls have come from now on, or False after ``timeout`` seconds."""
        with self._called:
            wanted = self.calls + more
            return self._called.wait_for(lambda: self.calls >= wanted, timeout)

    def _keep(self, key: str, body: bytes) -> None:
        if key in self.messages:
            self.repeats += 1
            if self.messages[key] != body:
                self.changed.add(key)
        self.messages.setdefault(key, body)


def _handler(receiver: ReceiverPolicy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            self.close_connection = True
            if len(body) < length:
                return  # the sender was killed in the middle of its sentence
            status = receiver.take(unquote(self.headers["Idempotency-Key"]), body)
            if status is not None:
                self.send_response(status)
                self.end_headers()

        def handle(self) -> None:
            # The sender was killed while it talked to us: that is the experiment.
            with suppress(ConnectionError):
                super().handle()

        def log_message(self, *_: object) -> None:
            """Say nothing: thousands of lines would drown the test's own output."""

    return Handler
