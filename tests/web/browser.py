"""A browser on this machine: the seal of our forms, and a login."""

from __future__ import annotations

import re

import httpx

from detector.model.token import Scope
from tests.web.house import House


def seal_of(client: httpx.Client) -> str:
    """Return the seal of our forms, as the page with the login shows it."""
    page = client.get("/login", headers={"accept": "text/html"})
    found = re.search(r'name="csrf" value="(\w+)"', page.text)
    assert found is not None
    return found[1]


def logged(made: House, scope: Scope = Scope.WRITE) -> httpx.Client:
    """Return a browser that logged in."""
    client = made.client()
    token = made.token(scope)
    form = {"csrf": seal_of(client), "token": token, "next": "/silences"}
    answer = client.post("/login", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/silences")
    return client
