"""What other sites make a browser send: links are followed, posts are refused, logins stay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from detector.model.token import Scope
from tests.web.browser import logged, seal_of
from tests.web.house import House, house

PAGE = {"accept": "text/html"}
#: What a browser says of a form that a page elsewhere sends; older ones say only the origin.
ELSEWHERE = [
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "origin": "http://evil.example"},
    {"origin": "http://evil.example"},
    {"origin": "null"},
]
SILENCE = {"matchers": "service=WeChat", "hours": "2", "author": "x", "comment": "x"}
FORMS = {
    "/silences": SILENCE,
    "/login": {"token": "x"},
    "/logout": {},
}


@pytest.fixture
def made(tmp_path: Path) -> Iterator[House]:
    made = house(tmp_path)
    yield made
    made.close()


def test_who_follows_a_link_from_elsewhere_comes_logged_in_and_stays_so(made: House) -> None:
    client = logged(made)
    before = client.cookies[made.cookie]
    told = PAGE | {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    answer = client.get("/incidents", headers=told)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert client.cookies[made.cookie] == before


@pytest.mark.parametrize("path", ["/login", "/", "/nothing"])
def test_a_session_that_holds_is_never_replaced(made: House, path: str) -> None:
    for client in (logged(made), made.client()):
        client.get("/login", headers=PAGE)
        assert made.cookie in client.cookies
        assert "set-cookie" not in client.get(path, headers=PAGE).headers


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("has_seal", [True, False], ids=["with the seal", "without"])
def test_a_form_on_another_site_does_nothing_though_the_cookie_came_along(
    made: House, headers: dict[str, str], path: str, has_seal: bool
) -> None:
    client = logged(made)
    form = FORMS[path] | ({"csrf": seal_of(client)} if has_seal else {})
    answer = client.post(path, data=form, headers=PAGE | headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert made.backend.controls.silences() == ()
    assert client.get("/v1/sources").status_code == 200, "still logged in"


@pytest.mark.parametrize("path", FORMS)
def test_a_form_that_comes_without_the_cookie_does_not_replace_it(made: House, path: str) -> None:
    made.token(Scope.READ)
    answer = made.client().post(path, data=FORMS[path], headers=PAGE | ELSEWHERE[0])
    assert answer.status_code in (303, 403)
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_json_in_a_form_of_another_site_does_nothing(made: House, kind: str) -> None:
    body = b'{"matchers": ["service=WeChat"], "duration": "1h", "comment": "="}'
    answer = logged(made).post(
        "/v1/silences", content=body, headers={"content-type": kind, **ELSEWHERE[0]}
    )
    assert answer.status_code in (403, 422)
    assert made.backend.controls.silences() == ()


def test_logging_out_takes_a_form_of_ours(made: House) -> None:
    client = logged(made)
    assert client.post("/logout").status_code == 403
    assert client.get("/logout").status_code in (404, 405)
    assert client.get("/v1/sources").status_code == 200


def test_a_token_in_an_address_opens_nothing(made: House) -> None:
    secret = made.token(Scope.READ)
    client: httpx.Client = made.client()
    for name in ("token", "access_token", "api_key", "authorization"):
        assert client.get(f"/v1/sources?{name}={secret}").status_code in (401, 422)
        assert client.get(f"/incidents?{name}={secret}").status_code == 401
