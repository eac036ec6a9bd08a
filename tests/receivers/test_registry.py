"""From settings to sinks, words and heartbeat."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest

from detector import resources
from detector.config import parse_settings
from detector.config.settings import Settings
from detector.errors import ConfigError
from detector.model.alert import Alert
from detector.notify.receiver import Receiver, RefreshedReceiver
from detector.pipeline.heartbeat import build_heartbeat
from detector.pipeline.setup import build_receivers
from detector.receivers.base import writer
from tests.fakes.outages import an_alert, an_incident
from tests.receivers.loopback import Loopback
from tests.receivers.receivers import CANARY

MESSAGES = """
[messages]
runbook = "https://wiki.example.org/any"
[services.QQ]
runbook = "https://wiki.example.org/qq"
[web]
public_url = "https://outages.example.org/"
"""

TYPES = {
    "console": 'language = "zh"\ntime_zone = "Asia/Shanghai"',
    "jsonlines": 'path = "alerts.jsonl"',
    "webhook": 'url = "http://localhost/x"\ntoken_env = "SECRET"',
    "alertmanager": 'url = "http://localhost:9093"\ntoken_env = "SECRET"',
    "pagerduty": 'routing_key_env = "SECRET"',
    "apprise": 'url_env = "APPRISE"',
}


def settings(receiver: str = "", more: str = "") -> Settings:
    table = f'[[receivers]]\nname = "ops"\n{receiver}\n' if receiver else ""
    return parse_settings(f"{more}\n{table}", path="c.toml")


def sink_of(known: Settings, base: Path, console: io.StringIO | None = None) -> Receiver:
    (receiver,) = build_receivers(known, base=base, console=console or io.StringIO()).values()
    return receiver


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", CANARY)
    monkeypatch.setenv("APPRISE", f"json://{CANARY}:{CANARY}@localhost/{CANARY}")


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_of_receiver_becomes_a_sink_that_tells_no_secret(
    kind: str, tmp_path: Path
) -> None:
    sink = sink_of(settings(f'type = "{kind}"\n{TYPES[kind]}'), tmp_path)
    assert sink.name == "ops"
    assert CANARY not in repr(sink)
    assert isinstance(sink, RefreshedReceiver) is (kind == "alertmanager")


@pytest.mark.parametrize("kind", ["webhook", "alertmanager", "pagerduty", "apprise"])
def test_a_secret_that_is_not_there_is_named(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRET")
    monkeypatch.delenv("APPRISE")
    with pytest.raises(ConfigError, match=r"receivers\.ops\..*_env: .* (SECRET|APPRISE) is not"):
        sink_of(settings(f'type = "{kind}"\n{TYPES[kind]}'), tmp_path)


@pytest.mark.parametrize(
    ("kind", "needed"), [("pagerduty", "routing_key_env"), ("apprise", "url_env")]
)
def test_a_secret_that_is_needed_is_asked_for(kind: str, needed: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"receivers.ops: missing; give {needed} or"):
        sink_of(settings(f'type = "{kind}"'), tmp_path)


def test_secrets_in_the_configuration_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"ops\.routing_key: no such setting; did you mean"):
        settings(f'type = "pagerduty"\nrouting_key = "{CANARY}"')


def test_words_are_in_the_receivers_language_and_zone(tmp_path: Path) -> None:
    stream = io.StringIO()
    sink_of(settings(f'type = "console"\n{TYPES["console"]}', MESSAGES), tmp_path, stream).send(
        an_alert(an_incident("QQ"))
    )
    text = stream.getvalue()
    assert text.startswith("[OPENED] QQ：重大故障，19:57 UTC+08:00 开始")
    assert "详情：https://outages.example.org/incidents/qq-20220722T1200Z-" in text
    assert "预案：https://wiki.example.org/qq" in text


def test_the_runbook_of_all_is_for_services_without_their_own() -> None:
    known = settings(more=MESSAGES).links
    assert known.runbook_of(an_incident("QQ")) == "https://wiki.example.org/qq"
    assert known.runbook_of(an_incident("WeChat")) == "https://wiki.example.org/any"


def test_a_template_of_ones_own_is_read_from_its_file(tmp_path: Path) -> None:
    own = "{{ service }}: {{ state }}, {{ ['login'] | named | listed }}"
    (tmp_path / "own.txt").write_text(own, "utf-8")
    for language, name in (("en", "login"), ("zh", "登录")):
        told = _told(f'language = "{language}"\ntemplate = "own.txt"', tmp_path)
        assert told.splitlines()[0] == f"WeChat: opened, {name}"


def _told(how: str, base: Path) -> str:
    stream = io.StringIO()
    sink_of(settings(f'type = "console"\n{how}'), base, stream).send(an_alert())
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        pytest.param(None, "cannot be read: No such file", id="that is not there"),
        pytest.param(b"\xff\xfe", "not UTF-8", id="that is not UTF-8"),
        pytest.param(b"a\n{{ servce }}", "'servce' is undefined", id="with a word of no meaning"),
        pytest.param(b"a\n{% if %}", "line 2", id="that is no template"),
    ],
)
def test_a_template_is_refused_by_its_name(
    content: bytes | None, mistake: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "own.txt").write_bytes(content)
    with pytest.raises(ConfigError, match=mistake) as caught:
        _told('template = "own.txt"', tmp_path)
    assert str(caught.value).startswith("receivers.ops.template: ")
    assert "own.txt" in str(caught.value)


def test_the_shipped_configuration_makes_what_it_comments_out(tmp_path: Path) -> None:
    """Uncommented, the receivers at the end of config.toml are right."""
    text = resources.text("config.toml")
    part = text[text.index("# [[receivers]]") :]
    lines = [line.removeprefix("# ") for line in part.splitlines() if not line.startswith("# End")]
    known = parse_settings("\n".join(lines), path="config.toml")
    assert [r.type for r in known.receivers] == [
        "alertmanager",
        "apprise",
        "console",
        "jsonlines",
        "pagerduty",
        "webhook",
    ]
    assert known.heartbeat.url_env == "HEALTHCHECK_URL"


def test_the_heartbeat_goes_where_the_secret_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Loopback.started() as server:
        monkeypatch.setenv("PING", f"{server.url}/{CANARY}")
        beating = build_heartbeat(settings(more='[heartbeat]\nurl_env = "PING"'), base=tmp_path)
        assert beating.beat() is None
        assert [request.path for request in server.requests] == [f"/{CANARY}"]


def test_systemd_is_told_where_it_started_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(2)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        build_heartbeat(settings(), base=tmp_path).ready()
        assert systemd.recv(100) == b"READY=1"


def test_without_settings_there_is_a_writer_in_english_and_utc() -> None:
    alert: Alert = an_alert()
    assert writer(settings().links).message(alert).title.endswith("since 11:57 UTC")
