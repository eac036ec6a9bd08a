"""The path that a reverse proxy keeps us under, e.g. ``/outages``."""

from __future__ import annotations

from fastapi import Request
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send


class Prefixed:
    """Middleware: lets every path begin with the prefix, whether the proxy took it off or not.

    Parameters
    ----------
    app : what is inside; it is told the prefix as its ``root_path``.
    prefix : ``/path``, without a slash at the end; empty for none.
    """

    def __init__(self, app: ASGIApp, *, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if self._prefix and scope["type"] == "http":
            scope = {**scope, "root_path": self._prefix, "path": self._whole(scope["path"])}
        await self._app(scope, receive, send)

    def _whole(self, path: str) -> str:
        if path == self._prefix:
            return f"{path}/"
        return path if path.startswith(f"{self._prefix}/") else self._prefix + path


def prefix_of(scope: Scope) -> str:
    """Return the prefix that addresses of ours begin with, without a slash at the end."""
    return str(scope.get("root_path", "")).rstrip("/")


def path_of(asked: HTTPConnection) -> str:
    """Return which of our pages is asked for: the path without the prefix."""
    return str(asked.scope["path"]).removeprefix(prefix_of(asked.scope))


def address(request: Request, path: str) -> str:
    """Return where a browser finds ``path`` of ours."""
    return prefix_of(request.scope) + path
