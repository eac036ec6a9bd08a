"""What somebody tries who knows HTTP well: files, secrets and other hosts are out of reach."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from detector.config import parse_settings
from detector.errors import ConfigError, StoreError
from detector.model.token import Scope
from tests.web.browser import seal_of
from tests.web.house import SETTINGS, House, house
from tests.web.serving import served

PAGE = {"accept": "text/html"}
SECRET = "postgresql://admin:hunter2@db.internal/outages"


@pytest.fixture
def made(tmp_path: Path) -> Iterator[House]:
    made = house(tmp_path)
    yield made
    made.close()


class Failing:
    """A store of which every look goes wrong, with a secret in what it says."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def fail(*_: object, **__: object) -> None:
            raise self._error

        return fail


@pytest.mark.parametrize(
    "path",
    [
        "/static/../templates/base.html",
        "/static/..%2ftemplates%2fbase.html",
        "/static/%2e%2e/%2e%2e/web/sessions.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/..%5c..%5csessions.py",
        "/static/chart.css%00.js",
        "/static/",
        "/static/.",
        "/static/__init__.py",
    ],
)
def test_only_styles_and_scripts_of_ours_are_served(made: House, path: str) -> None:
    with served(made) as address:
        place = httpx.URL(address)
        asked = httpx.Request("GET", place.copy_with(raw_path=path.encode()))
        with httpx.Client() as client:
            answer = client.send(asked)
    assert answer.status_code in (400, 404)
    assert "root:" not in answer.text
    assert "import " not in answer.text


@pytest.mark.parametrize(
    "error",
    [StoreError(f"{SECRET}: no connection"), RuntimeError(f"{SECRET} in /srv/detector/web.py")],
    ids=["the store is away", "a mistake of ours"],
)
@pytest.mark.parametrize(
    "path", ["/", "/v1/services", "/incidents.csv", "/metrics", "/badge/x.svg"]
)
def test_what_goes_wrong_inside_is_not_told_outside(
    made: House, error: Exception, path: str
) -> None:
    store: Any = Failing(error)
    broken = House(made.path, replace(made.backend, store=store))
    for headers in (PAGE, {}):
        with capture_logs():  # the console's own way to show where it went wrong takes seconds
            answer = broken.client().get(path, headers=headers)
        assert answer.status_code in (500, 503)
        assert not re.search(r"hunter2|db\.internal|/srv|Traceback|RuntimeError", answer.text)


def test_no_token_is_written_to_a_log(
    made: House, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    secret = made.token(Scope.READ)
    store: Any = Failing(RuntimeError("a mistake of ours"))
    broken = House(made.path, replace(made.backend, store=store))
    with capture_logs() as logs, caplog.at_level(0), served(broken) as address:
        for path in ("/v1/services", f"/v1/services?token={secret}", f"/nothing/?token={secret}"):
            httpx.get(address + path, headers={"authorization": f"Bearer {secret}"})
            httpx.get(address + path, headers={"authorization": "Bearer wrong-secret"})
    assert [one["path"] for one in logs] == ["/v1/services"]
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("http")]
    seen = f"{logs} {ours} {capfd.readouterr()}"
    assert secret not in seen
    assert "wrong-secret" not in seen


def test_a_token_is_no_longer_in_the_page_that_refuses_it(made: House) -> None:
    client = made.client()
    form = {"csrf": seal_of(client), "token": "wrong-secret", "next": "/"}
    made.token(Scope.READ)
    answer = client.post("/login", data=form)
    assert "wrong-secret" not in answer.text + str(answer.headers)
    assert "wrong-secret" not in client.get(answer.headers["location"], headers=PAGE).text


@pytest.mark.parametrize(
    "there",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "/%0d%0aSet-Cookie:evil=1",
        "/silences/../..//evil.example",
        "\\\\evil.example",
        "/.//evil.example",
    ],
)
def test_no_form_leads_to_another_host(made: House, there: str) -> None:
    made.token(Scope.READ)
    client = made.client()
    form = {"csrf": seal_of(client), "token": made.token(Scope.WRITE), "next": there}
    home = "http://127.0.0.1:8080"
    for path, more in (
        ("/login", {}),
        (
            "/silences",
            {"matchers": "service=WeChat", "hours": "2", "author": "x", "comment": "x"},
        ),
    ):
        answer = client.post(path, data=form | more | {"csrf": seal_of(client)})
        assert answer.status_code == 303
        location = answer.headers["location"]
        assert str(httpx.URL(home).join(location)).startswith(f"{home}/"), location
        assert "evil" not in answer.headers.get("set-cookie", "")


@pytest.mark.parametrize("page", ["javascript:alert(1)", "data:text/html,x", "//evil.example"])
def test_a_runbook_is_a_page(page: str) -> None:
    settings = SETTINGS.replace("[services.QQ]", f'[services.QQ]\nrunbook = "{page}"')
    with pytest.raises(ConfigError):
        parse_settings(settings, path="c.toml")


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PUT", "PATCH", "OPTIONS"])
def test_methods_that_nobody_needs_do_nothing(made: House, method: str) -> None:
    client = made.client(made.token(Scope.ADMIN))
    answer = client.request(method, "/v1/silences", headers={"x-echo": "canary"})
    assert answer.status_code == 405
    assert "canary" not in answer.text
    assert "access-control-allow-origin" not in answer.headers
