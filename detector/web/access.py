"""The tokens that the desk knows, looked up by digest."""

from __future__ import annotations

import hmac
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.security import HTTPBearer

from detector.config.web import is_loopback
from detector.model.token import (
    Scope,
    Token,
    digest_of,
)
from detector.store.base import Controls
from detector.web.backend import AskedBackend, Backend
from detector.web.prefix import address
from detector.web.problems import Problem
from detector.web.sessions import (
    anonymous,
    form_seal,
    logged_in,
    open_session,
    session_of,
)

#: So many seconds after it was revoked a token opens nothing any more.
FRESH = 1.0


class TokenBook:
    """Tokens by digest, read from the desk again when what is known is a second old.

    A secret is looked up by its SHA-256, so how long that takes tells nothing about others.

    Parameters
    ----------
    desk : who knows the tokens.
    wall : the wall's time, after which tokens expire.
    """

    def __init__(self, desk: Controls, wall: Callable[[], datetime]) -> None:
        self._desk = desk
        self._wall = wall
        self._lock = threading.Lock()
        self._read_at = -FRESH
        self._tokens: tuple[Token, ...] = ()

    def find(self, secret: str) -> Token | None:
        """Return the token whose secret this is, None if there is none or its time is over."""
        digest = digest_of(secret)
        return next((t for t in self._valid() if t.digest == digest), None)

    def known(self, secret: str) -> Token | None:
        """Return what `find` does as of the last look at the desk, without waiting for it."""
        digest, now = digest_of(secret), self._wall()
        held = (t for t in self._tokens if t.digest == digest)
        return next((t for t in held if t.expires_at is None or now < t.expires_at), None)

    def named(self, name: str) -> Token | None:
        """Return the token of that name, None if there is none or its time is over."""
        return next((t for t in self._valid() if t.name == name), None)

    def has_reader(self) -> bool:
        """Return whether some token opens the dashboard."""
        return any(t.scope.allows(Scope.READ) for t in self._valid())

    def _valid(self) -> list[Token]:
        now = self._wall()
        return [t for t in self._known() if t.expires_at is None or now < t.expires_at]

    def _known(self) -> tuple[Token, ...]:
        with self._lock:
            if time.monotonic() - self._read_at >= FRESH:
                self._tokens = self._desk.tokens()
                self._read_at = time.monotonic()
            return self._tokens


# Who asks, and whether they may.


_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever asks.

    Attributes
    ----------
    name : for people and logs: the token's name, or ``this machine``, or ``anybody``.
    scopes : what they may do.
    by_cookie : whether a browser said who it is by itself, so that a form of ours must vouch.
    """

    name: str
    scopes: frozenset[Scope]
    by_cookie: bool = False

    def may(self, scope: Scope) -> bool:
        """Return whether they may do what ``scope`` stands for."""
        return scope in self.scopes


def _granted(scope: Scope) -> frozenset[Scope]:
    return frozenset(wanted for wanted in Scope if scope.allows(wanted))


def visitor_of(request: Request) -> Visitor:
    """Return who asks. Raises `Problem` 401 for a token that is none (any more)."""
    backend: Backend = request.app.state.backend
    book: TokenBook = request.app.state.tokens
    secret = bearer(request)
    if secret is not None:
        token = book.find(secret)
        if token is None:
            raise unauthorized("this token is unknown, revoked or past its day")
        return Visitor(token.name, _granted(token.scope))
    session = session_of(request)
    held = book.named(session.token) if session.token else None
    if held is not None and session.is_of(held, backend.wall()):
        return Visitor(held.name, _granted(held.scope), by_cookie=True)
    if is_here(request) and not book.has_reader():
        return Visitor("this machine", _granted(Scope.WRITE), by_cookie=True)
    public = backend.settings.web.access == "public-read-only"
    return Visitor("anybody", _granted(Scope.READ) if public else frozenset(), by_cookie=True)


def bearer(request: Request) -> str | None:
    """Return the token that the request carries, None without one."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.casefold() == "bearer" and secret.strip() else None


def is_here(request: Request) -> bool:
    """Tell whether the request was made on this machine, to this machine, by nobody between."""
    client = request.client.host if request.client else ""
    try:
        near = ip_address(client).is_loopback
    except ValueError:
        near = False
    forwarded = any(name in request.headers for name in _FORWARDED)
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    return near and is_loopback(host) and not forwarded


def unauthorized(detail: str) -> Problem:
    """Return the problem of somebody who must say who they are."""
    return Problem(401, detail, headers={"WWW-Authenticate": 'Bearer realm="outage-detector"'})


Asking = Annotated[Visitor, Depends(visitor_of)]
"""In a handler's signature: who asks."""

_Shown = Annotated[
    Any, Depends(HTTPBearer(auto_error=False, description="made by `outage-detector token add`"))
]
"""Read by nobody here: it puts the token into the OpenAPI description."""


def needs(scope: Scope) -> Any:
    """Return the dependency of a route that lets in only who has ``scope``.

    Who is known by a cookie, or by nothing, changes something only with a form of ours.
    """

    async def check(request: Request, visitor: Asking, _bearer: _Shown) -> None:
        if not visitor.may(scope):
            raise _refusal(visitor, scope)
        if visitor.by_cookie and request.method not in {"GET", "HEAD"}:
            await require_our_form(request)

    return Depends(check)


async def require_our_form(request: Request) -> None:
    """Raise `Problem` 403 unless the request comes from a page of ours: its site, its seal.

    The seal is the field ``csrf`` of a form, or the header ``X-CSRF-Token``.
    """
    if not _is_same_site(request):
        raise Problem(403, "another site sent this; send it from a page of ours, or with a token")
    backend: Backend = request.app.state.backend
    right = form_seal(session_of(request), backend.session_key)
    if not hmac.compare_digest((await _seal(request)).encode(), right.encode()):
        why = "this page is too old, or it is none of ours: load it anew (or send a token)"
        raise Problem(403, why)


form_of_ours = Depends(require_our_form)
"""The dependency of a route that takes a form of ours from anybody, such as the login."""


async def _seal(request: Request) -> str:
    kind = request.headers.get("content-type", "")
    if kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        return str((await request.form()).get("csrf", ""))
    return request.headers.get("x-csrf-token", "")


def _is_same_site(request: Request) -> bool:
    """Tell whether the browser says that a page of ours sent this; scripts say nothing."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    if origin is None:
        return True
    backend: Backend = request.app.state.backend
    ours = {request.headers.get("host", ""), urlsplit(backend.url).netloc}
    return urlsplit(origin).netloc in ours


def _refusal(visitor: Visitor, scope: Scope) -> Problem:
    if not visitor.scopes or (visitor.by_cookie and visitor.name == "anybody"):
        return unauthorized(f"this takes a token with the scope {scope.value!r}, or a login")
    return Problem(403, f"{visitor.name!r} has no right to this; it takes {scope.value!r}")


# ``POST /login``, ``POST /logout``: a browser shows a token once and gets a cookie for it.


router = APIRouter(include_in_schema=False)


@router.post("/login", dependencies=[form_of_ours])
def login(
    request: Request,
    backend: AskedBackend,
    token: Annotated[str, Form(max_length=500)],
    next: Annotated[str, Form(max_length=2_000)] = "/",  # noqa: A002 - the field's name
) -> Response:
    """Open a session for who has a token that may look; a wrong one comes back to the form."""
    book: TokenBook = request.app.state.tokens
    found = book.find(token.strip())
    if found is None or not found.scope.allows(Scope.READ):
        query = urlencode({"wrong": "true", "next": local_path(next)})
        return RedirectResponse(address(request, f"/login?{query}"), 303)
    until = backend.wall() + backend.settings.web.session
    open_session(request, logged_in(found, until))
    return RedirectResponse(address(request, local_path(next)), 303)


@router.post("/logout", dependencies=[form_of_ours])
def logout(request: Request) -> Response:
    """End the session."""
    open_session(request, anonymous())
    return RedirectResponse(address(request, "/"), 303)


def local_path(path: str) -> str:
    """Return ``path`` if it leads to a page of ours, else the first page.

    Two slashes, or a backslash, would lead a browser to another host.
    """
    is_ours = re.fullmatch(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*", path) is not None
    return path if is_ours and not path.startswith("/login") else "/"
