"""How often, how much, and what was seen before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from detector.model.token import Scope
from detector.web.limits import MOST_ASKERS, Buckets
from tests.web.house import House, house
from tests.web.serving import served


@pytest.fixture
def made(tmp_path: Path) -> Iterator[House]:
    made = house(tmp_path, web="requests_per_minute = 3\nmax_body = 2_000\n", incidents=())
    yield made
    made.close()


def test_requests_come_back_steadily() -> None:
    now = 0.0
    buckets = Buckets(60, clock=lambda: now)
    assert [buckets.wait("a") for _ in range(60)] == [0.0] * 60
    assert buckets.wait("a") == 1.0
    assert buckets.wait("b") == 0.0
    now = 0.5
    assert buckets.wait("a") == 0.5
    now = 1.0
    assert buckets.wait("a") == 0.0
    assert buckets.wait("a") == 1.0
    now = 1e6
    assert [buckets.wait("a") for _ in range(61)].count(0.0) == 60


def test_strangers_do_not_fill_our_memory() -> None:
    buckets = Buckets(1)
    assert buckets.wait("first") == 0.0
    for i in range(MOST_ASKERS):
        buckets.wait(str(i))
    assert buckets.wait("first") == 0.0, "it was forgotten"


def test_too_many_requests_are_told_when_to_come_again(made: House) -> None:
    client = made.client()
    statuses = [client.get("/v1/sources").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    answer = client.get("/v1/sources")
    assert 1 <= int(answer.headers["retry-after"]) <= 20
    assert answer.json()["title"] == "Too Many Requests"
    assert client.get("/healthz").status_code == 200, "whoever watches us is not locked out"


def test_a_token_has_a_bucket_of_its_own_and_guessing_has_none(made: House) -> None:
    token = made.token(Scope.READ)
    client = made.client()
    known = {"Authorization": f"Bearer {token}"}
    assert client.get("/v1/sources", headers=known).status_code == 200
    guesses = [{"Authorization": f"Bearer guess-{i}"} for i in range(5)]
    statuses = [client.get("/v1/sources", headers=guess).status_code for guess in guesses]
    assert statuses == [401, 401, 429, 429, 429], "the first request was an unknown token's, too"
    assert client.get("/v1/sources", headers=known).status_code == 200


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in pieces"])
def test_too_much_is_refused(made: House, announced: bool) -> None:
    token = made.token(Scope.PUSH)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = b'{"rows": [' + b" " * 3_000 + b"]}"
    with served(made) as address:
        content = body if announced else iter([body[:1_000], body[1_000:]])
        answer = httpx.post(f"{address}/v1/posts", content=content, headers=headers)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/v1/services/%00", "/v1/series?service=%00", "/%00"])
def test_zero_bytes_are_refused(made: House, path: str) -> None:
    assert made.client().get(path).status_code == 400


def test_what_did_not_change_is_not_sent_again(made: House) -> None:
    client = made.client()
    first = client.get("/v1/sources")
    tag = first.headers["etag"]
    again = client.get("/v1/sources", headers={"if-none-match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get("/v1/sources", headers={"if-none-match": '"other"'}).content == first.content


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("DELETE", "/v1/sources", 405),
        ("GET", "/v1/incidents?limit=0", 422),
        ("GET", "/v1/incidents?limt=5", 422),
        ("GET", "/v1/incidents?limit=5&limit=6", 422),
        ("GET", "/v1/incidents?cursor=x", 422),
        ("GET", "/v1/series?service=WeChat&from=2022-07-22T14:00:00Z&to=2022-07-22T13:00:00Z", 422),
        ("GET", "/v1/series?service=WeChat&step=1.5s", 422),
        ("GET", "/v1/series?service=nobody", 404),
        ("GET", "/badge/nobody.svg", 404),
    ],
)
def test_every_error_is_a_problem(tmp_path: Path, method: str, path: str, status: int) -> None:
    made = house(tmp_path, incidents=())
    answer = made.client().request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert told["type"] == "about:blank"
    assert told["title"]
    assert told["detail"]
    if status == 405:
        assert answer.headers["allow"] == "GET"
    made.close()


def test_a_typing_mistake_in_a_parameter_is_told(tmp_path: Path) -> None:
    made = house(tmp_path, incidents=())
    (error,) = made.client().get("/v1/incidents?limt=5").json()["errors"]
    assert error == {
        "pointer": "/query/limt",
        "detail": "no such parameter; did you mean 'limit'?",
    }
    made.close()
