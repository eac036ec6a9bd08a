"""Logins and forms of browsers: a signed cookie, and a token that only our pages know.

The cookie names a session and, after a login, the access token that it was opened with, by name
and the beginning of its digest: revoking the token ends the session. It is signed (HMAC-SHA-256),
not secret. Its name is of the key too: browsers send cookies to every port of a host, and two
dashboards there must not end each other's logins. A form carries a second signature of the session;
another site can neither read nor make it, so what it lets a browser send is refused (signed
double-submit cookie). The cookie is ``SameSite=Lax``: who follows a link from a chat comes logged
in, but what another site posts comes without it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from datetime import datetime

import msgspec
from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from detector.model.token import Token
from detector.web.prefix import prefix_of

_COOKIE = "outage_detector_session"
_DIGEST = 16
_NAME = 8


class Session(msgspec.Struct, frozen=True):
    """One browser.

    Attributes
    ----------
    id : random.
    token, digest : the access token of the login and how its digest begins; empty before one.
    until : when the login ends, seconds since 1970; 0 before one.
    """

    id: str
    token: str = ""
    digest: str = ""
    until: float = 0.0

    def is_of(self, token: Token, now: datetime) -> bool:
        """Tell whether the session was opened with ``token`` and still holds at ``now``."""
        same = hmac.compare_digest(token.digest[:_DIGEST], self.digest)
        return same and token.name == self.token and now.timestamp() < self.until


def cookie_name(key: bytes) -> str:
    """Return what the cookie is called where ``key`` signs it."""
    return f"{_COOKIE}_{_signature(key, 'name', _COOKIE)[:_NAME]}"


def anonymous() -> Session:
    """Return the session of a browser that was never here."""
    return Session(secrets.token_urlsafe(16))


def logged_in(token: Token, until: datetime) -> Session:
    """Return a new session that ``token`` opens; the old one's forms do not hold for it."""
    return Session(secrets.token_urlsafe(16), token.name, token.digest[:_DIGEST], until.timestamp())


def sealed(session: Session, key: bytes) -> str:
    """Return the cookie's value."""
    body = base64.urlsafe_b64encode(msgspec.json.encode(session)).rstrip(b"=").decode()
    return f"{body}.{_signature(key, 'session', body)}"


def unsealed(cookie: str, key: bytes) -> Session | None:
    """Return the session that `sealed` wrote with ``key``, None if it was written otherwise."""
    body, _, signature = cookie.partition(".")
    if not hmac.compare_digest(_signature(key, "session", body).encode(), signature.encode()):
        return None
    try:
        padded = body + "=" * (-len(body) % 4)
        return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=Session)
    except (msgspec.DecodeError, binascii.Error, ValueError):
        return None


def csrf_token(request: Request) -> str:
    """Return what a form of ours must carry in its field ``csrf``."""
    return form_seal(session_of(request), request.app.state.backend.session_key)


def form_seal(session: Session, key: bytes) -> str:
    """Return the signature of ``session`` that its forms carry."""
    return _signature(key, "form", session.id)


def session_of(request: Request) -> Session:
    """Return the session of the browser that asks."""
    session: Session = request.scope["session"]
    return session


def open_session(request: Request, session: Session) -> None:
    """Let the answer to ``request`` set ``session`` as the browser's."""
    request.scope["session"] = session
    request.scope["session_changed"] = True


class Sessions:
    """Middleware: reads the cookie; writes it when it changed, and with a page to who has none.

    Parameters
    ----------
    app : what is inside.
    key : signs the cookie.
    secure : whether browsers send it over https only.
    """

    def __init__(self, app: ASGIApp, *, key: bytes, secure: bool) -> None:
        self._app = app
        self._key = key
        self._name = cookie_name(key)
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        known = unsealed(Request(scope).cookies.get(self._name, ""), self._key)
        scope["session"] = known or anonymous()
        scope["session_changed"] = False

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if scope["session_changed"] or (known is None and _is_page(scope, headers)):
                    headers.append(
                        "set-cookie", self._cookie(scope["session"], prefix_of(scope) or "/")
                    )
            await send(message)

        await self._app(scope, receive, send_with_cookie)

    def _cookie(self, session: Session, path: str) -> str:
        secure = "; Secure" if self._secure else ""
        kept = f"Path={path}; HttpOnly; SameSite=Lax{secure}"
        return f"{self._name}={sealed(session, self._key)}; {kept}"


def _is_page(scope: Scope, headers: MutableHeaders) -> bool:
    """Tell whether a page was asked for and is the answer.

    A post from another site comes without the cookie that its browser holds: the page that refuses
    it must not replace that one.
    """
    return scope["method"] == "GET" and headers.get("content-type", "").startswith("text/html")


def _signature(key: bytes, purpose: str, text: str) -> str:
    return hmac.new(key, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()
