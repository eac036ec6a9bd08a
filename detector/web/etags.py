"""Answers that did not change are not sent again: ETag and If-None-Match (RFC 9110, 2022)."""

from __future__ import annotations

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_KINDS = ("application/json", "application/atom+xml", "text/calendar", "text/csv", "image/svg+xml")


class ETags:
    """Middleware: names whole answers to GET by their content, and leaves out what is known."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match", "")
        held: Message | None = None

        async def send_named(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and _is_named(message):
                held = message
                return
            if held is None:
                await send(message)
                return
            start, held = held, None
            if message.get("more_body"):
                await send(start)
                await send(message)
            else:
                await _send_whole(start, message, known, send)

        await self._app(scope, receive, send_named)


def _is_named(message: Message) -> bool:
    headers = Headers(raw=message["headers"])
    is_ours = headers.get("content-type", "").startswith(_KINDS)
    return message["status"] == 200 and is_ours and "etag" not in headers


async def _send_whole(start: Message, body: Message, known: str, send: Send) -> None:
    tag = f'"{hashlib.sha256(body.get("body", b"")).hexdigest()[:32]}"'
    headers = MutableHeaders(raw=list(start["headers"]))
    headers["etag"] = tag
    if known.strip() == "*" or tag in (
        part.strip().removeprefix("W/") for part in known.split(",")
    ):
        del headers["content-length"]
        await send({**start, "status": 304, "headers": headers.raw})
        await send({**body, "body": b""})
        return
    await send({**start, "headers": headers.raw})
    await send(body)
