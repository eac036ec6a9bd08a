"""What every answer tells browsers, and which host names are answered to."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from detector.config.web_settings import WebSettings, is_loopback
from detector.web.problems import Problem, problem_response

#: Nothing but what we serve ourselves; no script and no style inside a page; in nobody's frame.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-cache",
}


class SecurityHeaders:
    """Middleware: adds `HEADERS` where the answer does not say otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class KnownHosts:
    """Middleware: answers only to names that are ours.

    A page elsewhere whose name was made to point here (DNS rebinding) asks under its own name.

    Parameters
    ----------
    app : what is inside.
    hosts : names without port that are answered to, beside those of this machine.
    any_host : answer to every name: the address is open to a network whose names we do not know.
    """

    def __init__(self, app: ASGIApp, *, hosts: Collection[str], any_host: bool) -> None:
        self._app = app
        self._hosts = frozenset(host.casefold() for host in hosts)
        self._any_host = any_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or self._is_ours(Headers(scope=scope).get("host", "")):
            await self._app(scope, receive, send)
            return
        problem = Problem(421, "this server does not answer to that name; see web.public_url")
        await problem_response(problem)(scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return self._any_host or is_loopback(name) or name.casefold() in self._hosts


def our_hosts(settings: WebSettings) -> frozenset[str]:
    """Return the names that the settings say are ours."""
    named = urlsplit(settings.public_url or "").hostname
    return frozenset(filter(None, (named, settings.address[0])))
