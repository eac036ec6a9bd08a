"""The server: uvicorn in a thread beside the pipeline."""

from __future__ import annotations

import logging
import socket
import threading
from types import TracebackType

import uvicorn
from sse_starlette.sse import AppStatus
from starlette.types import ASGIApp

from detector.errors import ConfigError
from detector.settings.web import WebSettings
from detector.web.connections import MOST, PromptProtocol

# What goes wrong in a request is logged where it is answered; the rest is chatter.
logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
#: Seconds that answers under way may take when we stop; a browser's event stream never ends.
GRACE = 2


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
