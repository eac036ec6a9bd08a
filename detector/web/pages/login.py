"""The page to log in on; what it sends is taken by the API's side of the house."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from detector.web.backend import AskedBackend
from detector.web.pages.painting import page

router = APIRouter(include_in_schema=False)


@router.get("/login")
def login(
    request: Request,
    backend: AskedBackend,
    next: str = "/",  # noqa: A002 - the parameter's name
    wrong: bool = False,
) -> Response:
    """Show the form that takes a token."""
    return page(request, backend, "login.html", next=next, wrong=wrong)
