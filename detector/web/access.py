"""Who asks, and whether they may: tokens, logins, forms of ours."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from detector.config.web_settings import is_loopback
from detector.model.token import Scope
from detector.web.backend import Backend
from detector.web.problems import Problem
from detector.web.sessions import form_seal, session_of
from detector.web.token_book import TokenBook

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
