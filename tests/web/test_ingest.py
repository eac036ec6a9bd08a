"""Rows that are handed in over HTTP: taken whole or not at all, once, told where they are wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from detector.model.token import Scope
from detector.sources.push import PushSource
from tests.web.hostile import HOSTILE
from tests.web.house import MINUTE, NOW, SETTINGS, House, house

TIME = "2022-07-22T13:58:12Z"
POST = {"time": TIME, "text": "is WeChat down?"}
COUNT = {"time": "2022-07-22T13:58:00Z", "service": "WeChat", "count": 17}


@pytest.fixture
def client(made: House) -> httpx.Client:
    return made.client(made.token(Scope.PUSH))


def waiting(made: House, source: str) -> list[Any]:
    return [json.loads(p.document) for p in made.backend.inbox.after(source, 0, limit=99)]


def test_a_push_waits_for_its_source_and_is_acknowledged(made: House, client: httpx.Client) -> None:
    span = ["2022-07-22T13:58:00Z", "2022-07-22T13:59:00Z"]
    answer = client.post("/v1/posts", json={"rows": [POST], "observed": [span]})
    assert answer.status_code == 202
    told = {"source": "helpdesk", "accepted": 1, "duplicate": False, "observed": [span]}
    assert answer.json() == told
    poll = PushSource("helpdesk", made.backend.inbox, "posts").poll(None, until=NOW)
    assert poll.posts is not None
    assert poll.posts["text"].tolist() == [POST["text"]]
    assert [[a.isoformat(), b.isoformat()] for a, b in poll.observed] == [
        [end.replace("Z", "+00:00") for end in span]
    ]


def test_times_are_kept_in_utc_whatever_their_offset(made: House, client: httpx.Client) -> None:
    row = {**COUNT, "time": "2022-07-22T21:58:00+08:00"}
    assert client.post("/v1/counts", json={"rows": [row]}).status_code == 202
    (document,) = waiting(made, "tickets")
    assert document["rows"][0]["time"] == COUNT["time"]


def test_without_a_word_only_the_time_between_the_posts_was_observed(client: httpx.Client) -> None:
    rows = [{**POST, "time": f"2022-07-22T13:{m}:00Z"} for m in (57, 55, 58)]
    observed = client.post("/v1/posts", json={"rows": rows}).json()["observed"]
    assert observed == [["2022-07-22T13:55:00Z", "2022-07-22T13:58:00Z"]]
    assert client.post("/v1/posts", json={"rows": rows[:1]}).json()["observed"] == []


def test_a_heartbeat_needs_no_rows(made: House, client: httpx.Client) -> None:
    span = ["2022-07-22T13:58:00Z", "2022-07-22T13:59:00Z"]
    answer = client.post("/v1/posts", json={"rows": [], "observed": [span]})
    assert answer.json()["accepted"] == 0
    assert waiting(made, "helpdesk")[0]["observed"] == [span]


@pytest.mark.parametrize("headers", [{"Idempotency-Key": "k1"}, {}], ids=["by key", "by content"])
def test_the_same_push_again_is_taken_once(
    made: House, client: httpx.Client, headers: dict[str, str]
) -> None:
    first, second = (
        client.post("/v1/counts", json={"rows": [COUNT]}, headers=headers) for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (202, 200)
    assert second.json()["duplicate"]
    assert len(waiting(made, "tickets")) == 1


def test_a_key_that_came_with_other_rows_is_refused(made: House, client: httpx.Client) -> None:
    headers = {"Idempotency-Key": "k1"}
    client.post("/v1/counts", json={"rows": [COUNT]}, headers=headers)
    others = {"rows": [{**COUNT, "count": 18}]}
    answer = client.post("/v1/counts", json=others, headers=headers)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["pointer"] == "/header/Idempotency-Key"
    assert [parcel["rows"][0]["count"] for parcel in waiting(made, "tickets")] == [COUNT["count"]]
    again = client.post("/v1/counts", json={"rows": [COUNT]}, headers=headers)
    assert (again.status_code, again.json()["duplicate"]) == (200, True)


def test_the_same_key_for_posts_and_for_counts_is_two(made: House, client: httpx.Client) -> None:
    headers = {"Idempotency-Key": "k1"}
    one = client.post("/v1/counts", json={"rows": [COUNT]}, headers=headers)
    two = client.post("/v1/posts", json={"rows": [POST]}, headers=headers)
    assert (one.status_code, two.status_code) == (202, 202)


def test_another_key_is_another_push(made: House, client: httpx.Client) -> None:
    for key in ("k1", "k2"):
        headers = {"Idempotency-Key": key}
        client.post("/v1/counts", json={"rows": [COUNT]}, headers=headers)
    assert len(waiting(made, "tickets")) == 2


@pytest.mark.parametrize(
    ("path", "row", "pointer", "said"),
    [
        ("posts", {"text": "x"}, "/body/rows/1/time", "required"),
        ("posts", {**POST, "time": "yesterday"}, "/body/rows/1/time", "an instant with an offset"),
        ("posts", {**POST, "time": "2022-07-22T13:58:12"}, "/body/rows/1/time", "an offset"),
        ("posts", {**POST, "time": 1658498292}, "/body/rows/1/time", "an instant with an offset"),
        ("posts", {**POST, "time": "1901-01-01T00:00:00Z"}, "/body/rows/1/time", "1970"),
        ("posts", {**POST, "time": "2022-07-22T14:01:01Z"}, "/body/rows/1/time", "future"),
        ("posts", {**POST, "text": 7}, "/body/rows/1/text", "string"),
        ("posts", {**POST, "txt": "x"}, "/body/rows/1/txt", "not permitted"),
        ("counts", {**COUNT, "count": -1}, "/body/rows/1/count", "greater"),
        ("counts", {**COUNT, "count": "7"}, "/body/rows/1/count", "number"),
        ("counts", {**COUNT, "count": True}, "/body/rows/1/count", "number"),
        ("counts", {**COUNT, "service": ""}, "/body/rows/1/service", "at least 1"),
        ("counts", {**COUNT, "floor": 3}, "/body/rows/1/floor", "not permitted"),
        ("counts", {**COUNT, "time": TIME}, "/body/rows/1/time", "13:58:00Z is one"),
    ],
    ids=str,
)
def test_a_wrong_row_is_told_by_number_and_column_and_nothing_is_taken(
    made: House, client: httpx.Client, path: str, row: dict[str, Any], pointer: str, said: str
) -> None:
    good = POST if path == "posts" else COUNT
    answer = client.post(f"/v1/{path}", json={"rows": [good, row]})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert said in error["detail"]
    assert waiting(made, "helpdesk") == waiting(made, "tickets") == []


@pytest.mark.parametrize(
    "span",
    [
        ["2022-07-22T13:59:00Z", "2022-07-22T13:58:00Z"],
        ["2022-07-22T13:59:00Z", "2022-07-22T15:00:00Z"],
        ["2022-07-22T13:59:00Z"],
        [],
    ],
)
def test_spans_end_after_they_begin_and_before_now(client: httpx.Client, span: list[str]) -> None:
    answer = client.post("/v1/posts", json={"rows": [POST], "observed": [span]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("/body/observed/0")


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"null", b'{"rows": NaN}', b"\xff"])
def test_what_is_no_json_is_refused(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/v1/posts", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_source_that_is_not_there_is_named_with_those_that_are(client: httpx.Client) -> None:
    answer = client.post("/v1/posts", json={"source": "tickets", "rows": [POST]})
    assert answer.status_code == 404
    assert "there are: helpdesk" in answer.json()["detail"]


def test_of_several_sources_one_must_be_named(tmp_path: Path) -> None:
    more = '[[sources]]\ntype = "push"\nname = "forum"\nrows = "posts"\n'
    made = house(tmp_path, settings=SETTINGS.replace("[web]", more + "[web]"))
    client = made.client(made.token(Scope.PUSH))
    assert client.post("/v1/posts", json={"rows": [POST]}).status_code == 404
    named = client.post("/v1/posts", json={"source": "forum", "rows": [POST]})
    assert named.json()["source"] == "forum"
    made.close()


@pytest.mark.parametrize("key", ["", " ", "a b", "ü", "x" * 201])
def test_a_key_is_printable_and_short(client: httpx.Client, key: str) -> None:
    headers = {"Idempotency-Key": key.encode()}
    answer = client.post("/v1/counts", json={"rows": [COUNT]}, headers=headers)
    assert answer.status_code == 422


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_posts_are_data(made: House, client: httpx.Client, text: str) -> None:
    raw = json.dumps({"rows": [{**POST, "text": text, "author": text[:900]}]})
    headers = {"content-type": "application/json"}
    answer = client.post("/v1/posts", content=raw, headers=headers)
    if "\ud83d" in text:
        assert answer.status_code == 422, "half a character is no text"
        return
    assert answer.status_code == 202
    poll = PushSource("helpdesk", made.backend.inbox, "posts").poll(None, until=NOW + MINUTE)
    assert poll.posts is not None
    assert poll.posts["text"].tolist() == [text]
