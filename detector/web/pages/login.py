"""Log in and out: a browser shows a token once and gets a cookie for it."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from detector.model.token import Scope
from detector.web.access import form_of_ours
from detector.web.backend import AskedBackend
from detector.web.pages.rendering import page
from detector.web.prefix import address
from detector.web.sessions import anonymous, logged_in, open_session
from detector.web.token_book import TokenBook

router = APIRouter(include_in_schema=False)


@router.get("/login")
def show_login(
    request: Request,
    backend: AskedBackend,
    next: str = "/",  # noqa: A002 - the parameter's name
    wrong: bool = False,
) -> Response:
    """Show the form that takes a token."""
    return page(request, backend, "login.html", next=next, wrong=wrong)


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
