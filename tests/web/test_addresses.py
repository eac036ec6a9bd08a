"""Under which names we answer, to whom we listen, and mistakes in saying so."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from detector.config import parse_settings
from detector.errors import ConfigError
from detector.model.token import Scope, Token
from detector.web.backend import require_tokens, session_key
from tests.fakes.controls import FakeControls
from tests.web.house import NOW, SETTINGS, House, house


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil", "", "[::1"],
)
def test_a_name_that_was_made_to_point_here_is_not_answered_to(made: House, host: str) -> None:
    answer = made.client().get("/v1/sources", headers={"host": host})
    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8080", "LOCALHOST"])
def test_our_own_names_are_answered_to(made: House, host: str) -> None:
    assert made.client().get("/v1/sources", headers={"host": host}).status_code == 200


def test_the_public_address_is_one_of_our_names(tmp_path: Path) -> None:
    made = house(tmp_path, web='public_url = "https://status.example.org/"\n')
    client = made.client(made.token(Scope.READ))
    assert client.get("/v1/sources", headers={"host": "status.example.org"}).status_code == 200
    # Who comes by that name comes from elsewhere, whatever the socket says.
    here = made.client().get("/v1/sources", headers={"host": "status.example.org"})
    assert here.status_code == 401
    made.close()


@pytest.mark.parametrize("listen", ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:80", "host:80"])
def test_nobody_listens_to_everybody_by_mistake(listen: str) -> None:
    settings = parse_settings(SETTINGS + f'listen = "{listen}"\n', path="c.toml").web
    with pytest.raises(ConfigError, match=r"web\.listen: .*outage-detector token add"):
        require_tokens(settings, FakeControls(), NOW)


def test_listening_to_everybody_takes_a_token_or_a_word() -> None:
    controls = FakeControls()
    public = SETTINGS + 'listen = "0.0.0.0:8080"\naccess = "public-read-only"\n'
    require_tokens(parse_settings(public, path="c.toml").web, controls, NOW)
    controls.add_token(Token("read", Scope.READ, "0" * 64, NOW, NOW + timedelta(days=1)))
    private = parse_settings(SETTINGS + 'listen = "0.0.0.0:8080"\n', path="c.toml").web
    require_tokens(private, controls, NOW)
    with pytest.raises(ConfigError):
        require_tokens(private, controls, NOW + timedelta(days=2))


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
