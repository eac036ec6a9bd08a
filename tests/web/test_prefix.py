"""Under a path of a reverse proxy every link and every redirect stays there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from detector.config import parse_settings
from detector.errors import ConfigError
from detector.model.token import Scope
from tests.web.browser import seal_of
from tests.web.house import House, InProcess, house

PREFIX = "/outages"
PAGE = {"accept": "text/html"}


class Stripping(httpx.BaseTransport):
    """A proxy that takes the prefix off before it asks us."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        assert path.startswith(PREFIX), f"{path} is somebody else's"
        inside = request.url.copy_with(raw_path=(path[len(PREFIX) :] or "/").encode())
        return self._inner.handle_request(
            httpx.Request(request.method, inside, headers=request.headers, content=request.read())
        )


@pytest.fixture
def made(tmp_path: Path) -> Iterator[House]:
    made = house(tmp_path, web=f'public_url = "https://status.example.org{PREFIX}/"\n')
    yield made
    made.close()


@pytest.fixture(params=["stripped", "kept"])
def client(made: House, request: pytest.FixtureRequest) -> httpx.Client:
    """A browser behind a proxy that takes the prefix off, or leaves it."""
    client = made.client(base_url=f"https://status.example.org{PREFIX}")
    if request.param == "stripped":
        inner = client._transport
        assert isinstance(inner, InProcess)
        client._transport = Stripping(inner)
    return client


def log_in(made: House, client: httpx.Client) -> httpx.Response:
    form = {"csrf": seal_of(client), "token": made.token(Scope.WRITE), "next": "/silences"}
    return client.post("/login", data=form)


def test_logging_in_and_out(made: House, client: httpx.Client) -> None:
    made.token(Scope.READ)
    away = client.get("/incidents?before=x", headers=PAGE)
    assert away.headers["location"] == f"{PREFIX}/login?next=%2Fincidents%3Fbefore%3Dx"
    answer = log_in(made, client)
    assert answer.headers["location"] == f"{PREFIX}/silences"
    assert f"Path={PREFIX}; HttpOnly; SameSite=Lax; Secure" in answer.headers["set-cookie"]
    assert client.get("/v1/sources").status_code == 200
    out = client.post("/logout", data={"csrf": seal_of(client)})
    assert out.headers["location"] == f"{PREFIX}/"
    wrong = client.post("/login", data={"csrf": seal_of(client), "token": "wrong"})
    assert wrong.headers["location"].startswith(f"{PREFIX}/login?wrong=true")


def test_every_link_of_every_page_leads_to_one_of_ours(made: House, client: httpx.Client) -> None:
    log_in(made, client)
    waiting, seen = ["/outages/"], set[str]()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = client.get(f"https://status.example.org{path}", headers=PAGE)
        needs_span = "curve.json" in path  # the script says from when to when
        assert answer.status_code == (422 if needs_span else 200), path
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        links = re.findall(
            r'(?:href|src|data-address|data-script|data-style)="([^"#]+)"', answer.text
        )
        forms = re.findall(r'action="([^"]+)"', answer.text)
        assert all(form.startswith(f"{PREFIX}/") for form in forms)
        ours = [unescape(link) for link in links if not urlsplit(unescape(link)).netloc]
        assert all(link.startswith(f"{PREFIX}/") for link in ours), path
        waiting += [link for link in ours if not re.search(r"lang=|theme=", link)]
    assert {f"{PREFIX}/silences", f"{PREFIX}/sources", f"{PREFIX}/settings"} <= seen
    assert any("/static/" in path for path in seen)
    assert any(path.startswith(f"{PREFIX}/incidents/") for path in seen)


def test_buttons_lead_back_to_the_page(made: House, client: httpx.Client) -> None:
    log_in(made, client)
    one = client.get("/v1/incidents?state=open").json()["items"][0]["id"]
    seal = {"csrf": seal_of(client), "author": "wang", "comment": "x"}
    for what, done in (("acknowledge", "acknowledged"), ("release", "released")):
        answer = client.post(f"/incidents/{one}/{what}", data=seal)
        assert answer.headers["location"] == f"{PREFIX}/incidents/{one}?done={done}"
    asked = {"matchers": "service=WeChat", "hours": "2", "next": f"/incidents/{one}"}
    answer = client.post("/silences", data=seal | asked)
    assert answer.headers["location"] == f"{PREFIX}/incidents/{one}?done=silenced"
    (kept,) = made.backend.controls.silences()
    answer = client.post(f"/silences/{kept.id}/expire", data=seal)
    assert answer.headers["location"] == f"{PREFIX}/silences?done=expired"


def test_the_api_says_where_things_are(made: House, client: httpx.Client) -> None:
    secret = made.token(Scope.WRITE)
    headers = {"authorization": f"Bearer {secret}"}
    asked = {"matchers": ["service=WeChat"], "duration": "1h"}
    there = client.post("/v1/silences", json=asked, headers=headers).headers["location"]
    assert there.startswith(f"{PREFIX}/v1/silences/")
    assert client.get(f"https://status.example.org{there}", headers=headers).status_code == 200
    assert client.get("/v1/openapi.json").json()["servers"] == [{"url": PREFIX}]
    refused = client.delete("/v1/sources", headers=headers)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("path", ["//evil.example/x", "//evil.example%2f..", "/\\evil.example"])
def test_no_link_of_a_page_about_nothing_leads_elsewhere(tmp_path: Path, path: str) -> None:
    made = house(tmp_path)
    answer = made.client().get(f"http://127.0.0.1:8080{path}", headers=PAGE)
    assert answer.status_code == 404
    assert not re.findall(r'(?:href|src|action)="(?:/[/\\]|[a-z]+:)[^"]*"', answer.text)
    made.close()


@pytest.mark.parametrize("path", ["//evil.example", "/a//b", "/a b", "/a/%2e", "/<b>"])
def test_a_prefix_is_a_plain_path(path: str) -> None:
    with pytest.raises(ConfigError, match="write https://host/path"):
        parse_settings(f'[web]\npublic_url = "https://host{path}"\n', path="c.toml")
