"""Logins of browsers: their cookie, and what ends them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from detector.model.token import Scope, Token
from detector.web.sessions import logged_in, sealed, unsealed
from tests.web.browser import logged, seal_of
from tests.web.house import NOW, House, house


def test_a_login_is_a_cookie_that_scripts_and_other_sites_do_not_get(made: House) -> None:
    client = logged(made)
    assert client.get("/v1/sources").status_code == 200
    answer = made.client().get("/login", headers={"accept": "text/html"})
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "secret" not in client.cookies[made.cookie]


def test_over_https_the_cookie_stays_there(tmp_path: Path) -> None:
    made = house(tmp_path, web='public_url = "https://status.example.org"\n')
    answer = made.client().get("/login", headers={"accept": "text/html"})
    assert "; Secure" in answer.headers["set-cookie"]
    made.close()


def test_a_wrong_login_comes_back_to_the_form_and_opens_nothing(made: House) -> None:
    made.token(Scope.READ)
    client = made.client()
    form = {"csrf": seal_of(client), "token": "wrong", "next": "/sources"}
    answer = client.post("/login", data=form)
    assert answer.headers["location"] == "/login?wrong=true&next=%2Fsources"
    assert client.get("/v1/sources").status_code == 401


@pytest.mark.parametrize(
    "there", ["//evil.example", "/\\evil.example", "https://evil.example", "/login?next=/", "\r\nx"]
)
def test_a_login_leads_nowhere_else(made: House, there: str) -> None:
    client = made.client()
    form = {"csrf": seal_of(client), "token": made.token(Scope.READ), "next": there}
    assert client.post("/login", data=form).headers["location"] == "/"


def test_a_token_to_push_is_no_login(made: House) -> None:
    client = made.client()
    form = {"csrf": seal_of(client), "token": made.token(Scope.PUSH)}
    assert client.post("/login", data=form).headers["location"].startswith("/login?wrong")


def test_logging_out_ends_it(made: House) -> None:
    client = logged(made)
    client.post("/logout", data={"csrf": seal_of(client)})
    assert client.get("/v1/sources").status_code == 401


@pytest.mark.usefixtures("at_once")
def test_revoking_the_token_ends_its_logins(made: House) -> None:
    client = logged(made)
    made.token(Scope.READ)
    made.backend.controls.revoke_token("write")
    assert client.get("/v1/sources").status_code == 401


def _other_key(made: House) -> str:
    token = next(t for t in made.backend.controls.tokens() if t.scope is Scope.WRITE)
    return sealed(logged_in(token, NOW + timedelta(hours=1)), b"another key")


def _past(made: House) -> str:
    token = next(t for t in made.backend.controls.tokens() if t.scope is Scope.WRITE)
    return sealed(logged_in(token, NOW), made.backend.session_key)


def _cut(made: House) -> str:
    token = next(t for t in made.backend.controls.tokens() if t.scope is Scope.WRITE)
    return sealed(logged_in(token, NOW + timedelta(hours=1)), made.backend.session_key)[:-1]


@pytest.mark.parametrize("cookie", [_other_key, _past, _cut, lambda _: "x.y", lambda _: "."])
def test_a_cookie_that_is_not_ours_or_over_opens_nothing(
    made: House, cookie: Callable[[House], str]
) -> None:
    made.token(Scope.WRITE)
    client = made.client(cookies={made.cookie: cookie(made)})
    assert client.get("/v1/sources").status_code == 401


def test_a_cookie_is_read_as_it_was_written() -> None:
    token = Token("read", Scope.READ, "0" * 64, NOW, NOW + timedelta(days=1))
    session = logged_in(token, NOW)
    assert unsealed(sealed(session, b"key"), b"key") == session
    assert unsealed(sealed(session, b"key"), b"other") is None


def test_two_dashboards_on_one_host_do_not_end_each_others_logins(
    made: House, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = house(tmp_path / "other", incidents=())
    other.backend = replace(other.backend, session_key=b"the key of another")
    client, secret = logged(made), other.token(Scope.READ)
    there = other.client(base_url="http://127.0.0.1:9090", cookies=client.cookies)
    form = {"csrf": seal_of(there), "token": secret}
    assert there.post("/login", data=form).status_code == 303
    back = made.client(cookies=there.cookies)
    back.get("/", headers={"accept": "text/html"})
    assert back.get("/v1/sources").status_code == 200
    there = other.client(base_url="http://127.0.0.1:9090", cookies=back.cookies)
    assert there.get("/v1/sources").status_code == 200
    other.close()
