"""A house served over a real port of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from detector.config.web_settings import WebSettings
from detector.web.app import create_app
from detector.web.server import WebServer, listening_socket
from tests.web.house import House


@contextmanager
def served(house: House) -> Iterator[str]:
    """Serve ``house``; yields its address."""
    listening = listening_socket(WebSettings(listen="127.0.0.1:0"))
    with WebServer(create_app(house.backend), listening) as server:
        yield f"http://127.0.0.1:{server.port}"
