"""A real HTTP server on the loopback, which answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Request:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def key(self) -> str:
        return self.headers["idempotency-key"]


class Loopback:
    """Attributes may be changed while it runs.

    Attributes
    ----------
    answer : status of the next answers, or "hang", "hang up", "gibberish", "drip".
    headers : of the next answers.
    """

    def __init__(self) -> None:
        self.answer: int | str = 200
        self.headers: dict[str, str] = {}
        self.requests: list[Request] = []
        self.accepted: list[Request] = []
        self.stopped = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Loopback]:
        loopback = cls()
        thread = threading.Thread(
            target=loopback._server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        thread.start()
        try:
            yield loopback
        finally:
            loopback.stopped.set()
            loopback._server.shutdown()
            thread.join()
            loopback._server.server_close()

    def distinct(self) -> list[Request]:
        """The accepted requests as a receiver keeps them that honours the key."""
        return list({request.key: request for request in self.accepted}.values())

    def _handler(loopback) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - self is the handler's
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.path, headers, self.rfile.read(length))
                loopback.requests.append(request)
                self.close_connection = True
                if loopback.answer == "hang":
                    loopback.stopped.wait(30)
                elif loopback.answer == "gibberish":
                    self.wfile.write(b"\x00\x01 this is no HTTP\r\n\r\n")
                elif loopback.answer == "drip":
                    self._drip()
                elif isinstance(loopback.answer, int):
                    self._reply(loopback.answer, request)

            def _reply(self, status: int, request: Request) -> None:
                if 200 <= status < 300:
                    loopback.accepted.append(request)
                self.send_response(status)
                for name, value in loopback.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if status != 204:
                    # What came is sent back: a receiver may echo every secret.
                    self.wfile.write(str(request).encode())

            def _drip(self) -> None:
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                with suppress(ConnectionError):
                    while not loopback.stopped.wait(0.02):
                        self.wfile.write(b"X-Patience: please\r\n")

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
