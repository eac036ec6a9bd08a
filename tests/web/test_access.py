"""Who may do what, over the whole API; and from where."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from detector.domain.token import Scope
from detector.errors import ConfigError
from detector.settings import parse_settings
from detector.web import tokens
from detector.web.app import create_app
from detector.web.opening import require_tokens, session_key
from detector.web.sessions import COOKIE, logged_in, sealed, unsealed
from tests.fakes.desk import FakeDesk
from tests.web.house import NOW, SETTINGS, House, house

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
    ("get", "/v1/feeds"): Scope.READ,
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


@pytest.fixture
def made(tmp_path: Path) -> Iterator[House]:
    made = house(tmp_path, incidents=())
    yield made
    made.close()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "FRESH", 0.0)


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
    answer = made.client(headers=headers).get("/v1/feeds")
    assert answer.status_code == (401 if secret else 200)
    if secret:
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert secret not in answer.text


@pytest.mark.usefixtures("at_once")
def test_a_revoked_token_opens_nothing(made: House) -> None:
    client = made.client(made.token(Scope.READ))
    assert client.get("/v1/feeds").status_code == 200
    made.backend.desk.revoke_token("read")
    assert client.get("/v1/feeds").status_code == 401


def test_a_token_past_its_day_opens_nothing(made: House) -> None:
    client = made.client(made.token(Scope.READ, expires_at=NOW))
    assert client.get("/v1/feeds").status_code == 401


def test_on_this_machine_looking_is_free_until_somebody_has_a_token_to_look(made: House) -> None:
    made.token(Scope.PUSH)
    assert made.client().get("/v1/feeds").status_code == 200
    made.token(Scope.READ)
    assert made.client().get("/v1/feeds").status_code == 401


@pytest.mark.parametrize(
    "header", ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"]
)
def test_what_a_proxy_hands_on_is_not_from_this_machine(made: House, header: str) -> None:
    assert made.client().get("/v1/feeds", headers={header: "203.0.113.9"}).status_code == 401


def test_another_machine_needs_a_token(made: House) -> None:
    assert made.client(address=AWAY).get("/v1/feeds").status_code == 401


def test_public_reading_is_reading_only(tmp_path: Path) -> None:
    made = house(tmp_path, web='access = "public-read-only"\n')
    client = made.client(address=AWAY)
    assert client.get("/v1/feeds").status_code == 200
    assert client.post("/v1/silences", json=SILENCE).status_code == 401
    assert client.post("/v1/posts", json=POST_ROW).status_code == 401
    made.close()


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil", "", "[::1"],
)
def test_a_name_that_was_made_to_point_here_is_not_answered_to(made: House, host: str) -> None:
    answer = made.client().get("/v1/feeds", headers={"host": host})
    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8080", "LOCALHOST"])
def test_our_own_names_are_answered_to(made: House, host: str) -> None:
    assert made.client().get("/v1/feeds", headers={"host": host}).status_code == 200


def test_the_public_address_is_one_of_our_names(tmp_path: Path) -> None:
    made = house(tmp_path, web='public_url = "https://status.example.org/"\n')
    client = made.client(made.token(Scope.READ))
    assert client.get("/v1/feeds", headers={"host": "status.example.org"}).status_code == 200
    # Who comes by that name comes from elsewhere, whatever the socket says.
    here = made.client().get("/v1/feeds", headers={"host": "status.example.org"})
    assert here.status_code == 401
    made.close()


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


def test_a_login_is_a_cookie_that_scripts_and_other_sites_do_not_get(made: House) -> None:
    client = logged(made)
    assert client.get("/v1/feeds").status_code == 200
    answer = made.client().get("/login", headers={"accept": "text/html"})
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "secret" not in client.cookies[COOKIE]


def test_over_https_the_cookie_stays_there(tmp_path: Path) -> None:
    made = house(tmp_path, web='public_url = "https://status.example.org"\n')
    answer = made.client().get("/login", headers={"accept": "text/html"})
    assert "; Secure" in answer.headers["set-cookie"]
    made.close()


def test_a_wrong_login_comes_back_to_the_form_and_opens_nothing(made: House) -> None:
    made.token(Scope.READ)
    client = made.client()
    form = {"csrf": seal_of(client), "token": "wrong", "next": "/feeds"}
    answer = client.post("/login", data=form)
    assert answer.headers["location"] == "/login?wrong=true&next=%2Ffeeds"
    assert client.get("/v1/feeds").status_code == 401


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
    assert client.get("/v1/feeds").status_code == 401


@pytest.mark.usefixtures("at_once")
def test_revoking_the_token_ends_its_logins(made: House) -> None:
    client = logged(made)
    made.token(Scope.READ)
    made.backend.desk.revoke_token("write")
    assert client.get("/v1/feeds").status_code == 401


def _other_key(made: House) -> str:
    token = next(t for t in made.backend.desk.tokens() if t.scope is Scope.WRITE)
    return sealed(logged_in(token, NOW + timedelta(hours=1)), b"another key")


def _past(made: House) -> str:
    token = next(t for t in made.backend.desk.tokens() if t.scope is Scope.WRITE)
    return sealed(logged_in(token, NOW), made.backend.session_key)


def _cut(made: House) -> str:
    token = next(t for t in made.backend.desk.tokens() if t.scope is Scope.WRITE)
    return sealed(logged_in(token, NOW + timedelta(hours=1)), made.backend.session_key)[:-1]


@pytest.mark.parametrize("cookie", [_other_key, _past, _cut, lambda _: "x.y", lambda _: "."])
def test_a_cookie_that_is_not_ours_or_over_opens_nothing(
    made: House, cookie: Callable[[House], str]
) -> None:
    made.token(Scope.WRITE)
    client = made.client(cookies={COOKIE: cookie(made)})
    assert client.get("/v1/feeds").status_code == 401


def test_a_cookie_is_read_as_it_was_written() -> None:
    desk = FakeDesk()
    assert desk.tokens() == ()
    session = logged_in(_token(), NOW)
    assert unsealed(sealed(session, b"key"), b"key") == session
    assert unsealed(sealed(session, b"key"), b"other") is None


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
    answers = [client.get(path) for path in ("/", "/v1/feeds", "/nothing", "/healthz")]
    answers.append(client.get("/", headers={"host": "evil.example"}))
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("listen", ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:80", "host:80"])
def test_nobody_listens_to_everybody_by_mistake(listen: str) -> None:
    settings = parse_settings(SETTINGS + f'listen = "{listen}"\n', path="c.toml").web
    with pytest.raises(ConfigError, match=r"web\.listen: .*outage-detector token add"):
        require_tokens(settings, FakeDesk(), NOW)


def test_listening_to_everybody_takes_a_token_or_a_word() -> None:
    desk = FakeDesk()
    public = SETTINGS + 'listen = "0.0.0.0:8080"\naccess = "public-read-only"\n'
    require_tokens(parse_settings(public, path="c.toml").web, desk, NOW)
    desk.add_token(_token())
    private = parse_settings(SETTINGS + 'listen = "0.0.0.0:8080"\n', path="c.toml").web
    require_tokens(private, desk, NOW)
    with pytest.raises(ConfigError):
        require_tokens(private, desk, NOW + timedelta(days=2))


def _token() -> tokens.Token:
    return tokens.Token("read", Scope.READ, "0" * 64, NOW, NOW + timedelta(days=1))


def test_the_key_of_logins_is_kept_beside_the_store_for_its_owner_alone(tmp_path: Path) -> None:
    settings = parse_settings('[store]\nlocation = "s.sqlite"\n', path="c.toml")
    key = session_key(settings, base=tmp_path)
    (kept,) = tmp_path.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert session_key(settings, base=tmp_path) == key
    assert len(key) == 32
    kept.write_bytes(b"short")
    with pytest.raises(ConfigError, match="no key of logins"):
        session_key(settings, base=tmp_path)


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ('listen = "8080"', "write 127.0.0.1:8080"),
        ('listen = "::1:8080"', "write 127.0.0.1:8080"),
        ('listen = "127.0.0.1:99999"', "write 127.0.0.1:8080"),
        ('public_url = "status.example.org"', "write https://host/path"),
        ('public_url = "https://user:secret@host"', "write https://host/path"),
        ('access = "open"', "public-read-only"),
    ],
)
def test_mistakes_in_the_settings_are_told_with_a_remedy(line: str, right: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(right)):
        parse_settings(f"[web]\n{line}\n", path="c.toml")
