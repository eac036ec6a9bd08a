"""What a browser may change: only by a form of ours, and not from elsewhere."""

from __future__ import annotations

import pytest

from detector.model.token import Scope
from tests.web.browser import logged, seal_of
from tests.web.house import House

SILENCE = {"matchers": ["service=WeChat"], "duration": "1h"}


@pytest.mark.parametrize("with_login", [True, False], ids=["logged in", "on this machine"])
def test_a_browser_changes_something_only_by_a_page_of_ours(made: House, with_login: bool) -> None:
    client = logged(made) if with_login else made.client()
    seal = seal_of(client)
    assert client.post("/v1/silences", json=SILENCE).status_code == 403
    wrong = client.post("/v1/silences", json=SILENCE, headers={"x-csrf-token": "wrong"})
    assert wrong.status_code == 403
    right = client.post("/v1/silences", json=SILENCE, headers={"x-csrf-token": seal})
    assert right.status_code == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "null"},
    ],
    ids=str,
)
def test_what_another_site_sends_is_refused_even_with_the_seal(
    made: House, headers: dict[str, str]
) -> None:
    client = logged(made)
    told = {"x-csrf-token": seal_of(client), **headers}
    assert client.post("/v1/silences", json=SILENCE, headers=told).status_code == 403


def test_the_seal_of_one_browser_is_none_for_another(made: House) -> None:
    client, other = made.client(), made.client()
    told = {"x-csrf-token": seal_of(other)}
    seal_of(client)
    assert client.post("/v1/silences", json=SILENCE, headers=told).status_code == 403


def test_a_login_makes_the_forms_before_it_void(made: House) -> None:
    client = made.client()
    before = seal_of(client)
    form = {"csrf": before, "token": made.token(Scope.WRITE)}
    client.post("/login", data=form)
    told = {"x-csrf-token": before}
    assert client.post("/v1/silences", json=SILENCE, headers=told).status_code == 403


def test_every_answer_has_the_headers_that_protect_browsers(made: House) -> None:
    client = made.client()
    answers = [client.get(path) for path in ("/", "/v1/sources", "/nothing", "/healthz")]
    answers.append(client.get("/", headers={"host": "evil.example"}))
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
