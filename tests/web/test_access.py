"""Who may do what, over the whole API; and from where."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from detector.model.token import Scope
from detector.web.app import create_app
from tests.web.house import NOW, House, house

POST_ROW = {"rows": [{"time": "2022-07-22T13:59:00Z", "text": "x"}]}
COUNT_ROW = {"rows": [{"time": "2022-07-22T13:59:00Z", "service": "WeChat", "count": 1}]}
SILENCE = {"matchers": ["service=WeChat"], "duration": "1h"}
#: What an operation takes; everything that the API describes is in here.
TAKES: dict[tuple[str, str], Scope | None] = {
    ("get", "/v1/services"): Scope.READ,
    ("get", "/v1/services/{name}"): Scope.READ,
    ("get", "/v1/series"): Scope.READ,
    ("get", "/v1/incidents"): Scope.READ,
    ("get", "/v1/incidents/{incident_id}"): Scope.READ,
    ("get", "/v1/incidents/{incident_id}/alerts"): Scope.READ,
    ("get", "/v1/incidents/{incident_id}/decisions"): Scope.READ,
    ("get", "/v1/incidents/{incident_id}/deliveries"): Scope.READ,
    ("post", "/v1/incidents/{incident_id}/acknowledgement"): Scope.WRITE,
    ("delete", "/v1/incidents/{incident_id}/acknowledgement"): Scope.WRITE,
    ("get", "/v1/alerts"): Scope.READ,
    ("get", "/v1/silences"): Scope.READ,
    ("post", "/v1/silences"): Scope.WRITE,
    ("get", "/v1/silences/{silence_id}"): Scope.READ,
    ("delete", "/v1/silences/{silence_id}"): Scope.WRITE,
    ("get", "/v1/sources"): Scope.READ,
    ("post", "/v1/posts"): Scope.PUSH,
    ("post", "/v1/counts"): Scope.PUSH,
    ("get", "/incidents.atom"): Scope.READ,
    ("get", "/incidents.ics"): Scope.READ,
    ("get", "/incidents.csv"): Scope.READ,
    ("get", "/badge/{name}.svg"): Scope.READ,
    ("get", "/metrics"): Scope.READ,
    ("get", "/healthz"): None,
    ("get", "/readyz"): None,
}
BODIES = {"/v1/posts": POST_ROW, "/v1/counts": COUNT_ROW, "/v1/silences": SILENCE}
AWAY = "203.0.113.9"


def ask(client: httpx.Client, method: str, path: str) -> int:
    """Ask for an operation with what it takes; return the status."""
    there = re.sub(r"\{\w+\}", "WeChat", path)
    body = BODIES.get(path, {}) if method == "post" else None
    return client.request(method, there, json=body).status_code


def test_the_list_here_is_the_api(made: House) -> None:
    paths = create_app(made.backend).openapi()["paths"]
    assert {(method, path) for path, one in paths.items() for method in one} == TAKES.keys()


@pytest.mark.parametrize("scope", [*Scope, None], ids=lambda s: s.value if s else "no token")
def test_a_token_opens_what_its_scope_covers_and_nothing_else(
    made: House, scope: Scope | None
) -> None:
    made.token(Scope.READ)
    client = made.client(made.token(scope) if scope else None)
    for (method, path), wanted in TAKES.items():
        status = ask(client, method, path)
        if wanted is None:
            assert status == 200
        elif scope is None:
            assert status == 401, (method, path)
        elif scope.allows(wanted):
            assert status not in (401, 403), (method, path)
        else:
            assert status == 403, (method, path)


@pytest.mark.parametrize("secret", ["wrong", "", "x" * 10_000, "üñ"])
def test_a_wrong_token_is_told_so_even_where_none_is_needed(made: House, secret: str) -> None:
    headers = {"Authorization": b"Bearer " + secret.encode()} if secret else {}
    answer = made.client(headers=headers).get("/v1/sources")
    assert answer.status_code == (401 if secret else 200)
    if secret:
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert secret not in answer.text


@pytest.mark.usefixtures("at_once")
def test_a_revoked_token_opens_nothing(made: House) -> None:
    client = made.client(made.token(Scope.READ))
    assert client.get("/v1/sources").status_code == 200
    made.backend.controls.revoke_token("read")
    assert client.get("/v1/sources").status_code == 401


def test_a_token_past_its_day_opens_nothing(made: House) -> None:
    client = made.client(made.token(Scope.READ, expires_at=NOW))
    assert client.get("/v1/sources").status_code == 401


def test_on_this_machine_looking_is_free_until_somebody_has_a_token_to_look(made: House) -> None:
    made.token(Scope.PUSH)
    assert made.client().get("/v1/sources").status_code == 200
    made.token(Scope.READ)
    assert made.client().get("/v1/sources").status_code == 401


@pytest.mark.parametrize(
    "header", ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"]
)
def test_what_a_proxy_hands_on_is_not_from_this_machine(made: House, header: str) -> None:
    assert made.client().get("/v1/sources", headers={header: "203.0.113.9"}).status_code == 401


def test_another_machine_needs_a_token(made: House) -> None:
    assert made.client(address=AWAY).get("/v1/sources").status_code == 401


def test_public_reading_is_reading_only(tmp_path: Path) -> None:
    made = house(tmp_path, web='access = "public-read-only"\n')
    client = made.client(address=AWAY)
    assert client.get("/v1/sources").status_code == 200
    assert client.post("/v1/silences", json=SILENCE).status_code == 401
    assert client.post("/v1/posts", json=POST_ROW).status_code == 401
    made.close()
