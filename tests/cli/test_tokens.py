"""`token`, `serve`, and the server beside `run`, as people use them."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from detector import cli
from detector.cli.serving import serving_dashboard
from detector.config import parse_settings
from detector.errors import ConfigError
from detector.model.token import digest_of
from detector.store.controls import open_controls
from detector.store.sql_store import open_store

ROOT = Path(__file__).parents[2]
Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text('[store]\nlocation = "store.sqlite"\n')

    def run_command(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["outage-detector", *words])
        try:
            cli.main()
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return run_command


def test_a_token_is_shown_once_and_kept_as_a_digest(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("token", "add", "grafana", "--scope", "read", "--expires", "90d") == 0
    secret, told = capsys.readouterr()
    assert re.fullmatch(r"odt_[\w-]{43}\n", secret)
    assert "shown only this once" in told
    with closing(open_controls(tmp_path / "store.sqlite")) as controls:
        (token,) = controls.tokens()
    assert token.digest == digest_of(secret.strip())
    assert token.expires_at is not None
    assert (token.expires_at - token.created_at).days == 90
    kept = (tmp_path / "store.sqlite").read_bytes()
    assert secret.strip().encode() not in kept
    assert run("token", "list", "--json") == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["name"], listed["scope"]) == ("grafana", "read")
    assert secret.strip() not in str(listed)


def test_a_revoked_token_is_gone(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("token", "add", "me")
    assert run("token", "revoke", "me") == 0
    capsys.readouterr()
    run("token", "list", "--json")
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "me", "--scope", "root"], "one of push, read, write, admin"),
        (["add", "me", "--expires", "soon"], "write 30s, 1min, 2h or 1d"),
        (["add", " "], "printable characters"),
        (["add", "a\x1b[2J"], "printable characters"),
        (["revoke", "nobody"], "token list"),
    ],
)
def test_mistakes_are_explained(
    run: Run, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    run("token", "add", "somebody")
    capsys.readouterr()
    assert run("token", *words) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "\x1b" not in told


def test_a_name_is_given_once(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("token", "add", "me")
    assert run("token", "add", "me") == 2
    assert "there is a token 'me' already" in capsys.readouterr().err


def test_serve_without_a_store_says_what_makes_one(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.toml").write_text('[web]\nlisten = "127.0.0.1:0"\n')
    assert run("serve") == 1
    assert "`outage-detector run` makes it" in capsys.readouterr().err


def test_serve_shows_what_was_recorded_and_stops_in_order(tmp_path: Path) -> None:
    open_store(tmp_path / "store.sqlite").close()
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    config = f'[store]\nlocation = "store.sqlite"\n[web]\nlisten = "127.0.0.1:{port}"\n'
    (tmp_path / "config.toml").write_text(config)
    process = subprocess.Popen(
        [sys.executable, "-m", "detector", "serve"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(f"http://127.0.0.1:{port} ")
        assert httpx.get(f"http://127.0.0.1:{port}/v1/services").json()["items"] == []
        with httpx.stream("GET", f"http://127.0.0.1:{port}/live") as stream:
            assert stream.status_code == 200
            asked_at = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
    assert time.monotonic() - asked_at < 5, "an open stream holds nobody up"


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(tmp_path: Path) -> None:
    with closing(socket.socket()) as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        settings = parse_settings(f'[web]\nlisten = "127.0.0.1:{port}"\n', path="c.toml")
        watched: object = None
        with (
            pytest.raises(ConfigError, match=r"web\.listen: cannot listen .* choose another port"),
            serving_dashboard(settings, tmp_path, watched),  # type: ignore[arg-type]
        ):
            pytest.fail("it must not run")
