"""The server: uvicorn in a thread beside the pipeline, with limits on connections.

Connections that ask nothing are closed in time, so that they use up no files of the pipeline's.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from types import TracebackType

import uvicorn
from sse_starlette.sse import AppStatus
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from detector.config.web_settings import WebSettings
from detector.errors import ConfigError

# What goes wrong in a request is logged where it is answered; the rest is chatter.
logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
#: Seconds that answers under way may take when we stop; a browser's event stream never ends.
GRACE = 2
#: Seconds in which the head of a request must have come.
HEAD_WITHIN = 10.0
#: Open at once; what comes beyond is closed unheard. The pipeline lives in the same process, and
#: a process has often 1,024 files.
MOST = 500


class PromptProtocol(H11Protocol):
    """HTTP/1.1 of uvicorn, with a limit on how many wait and on how long a head may take.

    uvicorn limits only how long a connection rests between two requests: whoever sends a byte now
    and then would hold one for ever.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request, or close at once where there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MOST:
            transport.abort()
        else:
            self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take in what came; what is no whole head yet does not prolong the time for it."""
        super().data_received(data)
        if self._is_answering():
            self._stop_waiting()
        elif self._deadline is None:
            self._await_head()

    def on_response_complete(self) -> None:
        """Go on with the next request; its head has its own time, from its first byte."""
        self._stop_waiting()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _await_head(self) -> None:
        self._deadline = self.loop.call_later(HEAD_WITHIN, self._close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _close(self) -> None:
        self._deadline = None
        if not self._is_answering() and not self.transport.is_closing():
            self.transport.close()


def listening_socket(settings: WebSettings) -> socket.socket:
    """Return a socket that listens at ``web.listen``.

    Raises
    ------
    ConfigError : the port is taken, or the address is none of this machine's.
    """
    host, port = settings.address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)[0][4])
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"web.listen: cannot listen at {settings.listen} ({error.strerror or error}); "
            "choose another port, or set web.enabled = false"
        ) from error
    return listening


class WebServer:
    """Serves an application in a thread of its own, from ``with`` to its end.

    Parameters
    ----------
    app : what to serve.
    listening : bound and listening; it is closed at the end.
    """

    def __init__(self, app: ASGIApp, listening: socket.socket) -> None:
        self._listening = listening
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=PromptProtocol,
                ws="none",
                access_log=False,
                log_config=None,
                lifespan="on",
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=5,
                timeout_graceful_shutdown=GRACE,
                limit_concurrency=MOST - 100,
            )
        )
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listening.getsockname()[1]
        return port

    def __enter__(self) -> WebServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Finish what is being answered, at most for `GRACE` seconds, and stop listening."""
        # Event streams never end by themselves.
        AppStatus.should_exit = True
        self._server.should_exit = True
        self._thread.join(timeout=GRACE + 2)
        AppStatus.should_exit = False
        self._listening.close()

    def _run(self) -> None:
        # Signals are the schedule's: in a thread uvicorn leaves them alone by itself.
        self._server.run(sockets=[self._listening])
