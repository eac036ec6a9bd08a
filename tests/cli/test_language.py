"""Every command speaks the language it is asked for; what machines read stays the same."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from detector import cli
from detector.cli import language
from detector.cli.language import environment_language
from detector.model.alert import Alert, AlertKind
from detector.model.decision import Decision, Reason
from detector.model.delivery import DeliveryStatus
from detector.model.health import SourceHealth, SourceReason, SourceState
from detector.model.plain_text import inert
from detector.notify.render import Writer
from detector.sources.scenario import scenario_names
from detector.store.base import RunRecord
from detector.store.sql_store import open_store
from detector.text.catalogue import LANGUAGES
from detector.text.format import Format
from detector.text.phrasing import Phrasing
from tests.cli.test_commands import Run, run, table, truth
from tests.fakes.outages import NOON, a_delivery, an_incident
from tests.text.pseudo import pseudo, unlocalised
from tests.text.stories import REASONS, described, related_by_mentions

__all__ = ["run", "table"]

CONFIG = """
[store]
location = "store.sqlite"

[services.WeChat]
[services.Quiet]

[[sources]]
type = "scenario"
name = "weibo-2013"
scenario = "wechat-2013-07-22"

[[sources]]
type = "prometheus"
name = "tickets"
url = "http://localhost:9090"
queries = { WeChat = "sum(tickets)" }

[[sources]]
type = "hackernews"
name = "hn"

[[sources]]
type = "push"
name = "app"
rows = "posts"

[[receivers]]
type = "console"
name = "ops"
min_severity = "major"

[[receivers]]
type = "console"
name = "boss"

[[routes]]
match = ['service="WeChat"']
receivers = ["ops"]
reminder_every = "4h"
"""
MINUTE = timedelta(minutes=1)
OPEN = replace(related_by_mentions(), details=described().details, sequence=1)
OVER = an_incident("QQ", lasted=timedelta(hours=1))


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose store has everything that commands show."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG)
    refused = a_delivery(OPEN, receiver="ops")
    health = SourceHealth("weibo", SourceState.DOWN, NOON, SourceReason.NEVER_OBSERVED, {})
    decisions = [
        Decision(OPEN.incident.id, NOON, Reason(code), params, Reason(code).kind, "ops")
        for code, params in REASONS.items()
    ]
    waiting = a_delivery(Alert(AlertKind.OPENED, NOON, OVER, 1), receiver="boss")
    with closing(open_store(tmp_path / "store.sqlite")) as store:
        record = RunRecord(
            incidents=[OPEN.incident, OVER],
            alerts=[OPEN, waiting.alert],
            deliveries=[refused, waiting],
            decisions=decisions,
            source_health=[health],
        )
        store.commit(record)
        store.mark(refused, DeliveryStatus.DEAD, at=NOON, error="410")
    return tmp_path


@pytest.fixture
def in_pseudo(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have commands speak a language that is one file and nothing else."""
    texts = pseudo(tmp_path_factory.mktemp("language"))

    def phrasing(code: str, zone: object, safe: object = None) -> Phrasing:
        assert code == "en"
        return Phrasing(texts, Format(texts, zone), **({"safe": safe} if safe else {}))

    monkeypatch.setattr(language, "phrasing", phrasing)
    monkeypatch.setattr(
        "detector.cli.incidents.writer",
        lambda *_, **__: Writer(phrasing("en", language.UTC, inert)),
    )


#: What is rightly the same in every language.
NAMES = (
    *("WeChat Pay", "WeChat", "Quiet", "QQ Music", "QQ", "weibo", "bluesky", "own thing", "ops"),
    *("boss", "console", "Li Lei", "deploy", "nights", "ana", "service", "grafana", "read"),
    *("outage-detector", "serve", "incidents show ID", "docs/", "out.json", "counts.csv"),
    *("scores.csv", "posts.csv", "posts.jsonl", "wechat-2014-10-20.jsonl", "services", "Ctrl-C"),
    *("--config", "spinning", "Tencent Cloud", "OPENED", "RESOLVED", "store", "sqlite", "down"),
    *(
        "/v1/posts",
        "weibo-2013 (scenario)",
        "tickets (prometheus)",
        "hn (hackernews)",
        "app (push)",
    ),
    *("wechat", "jsonl", "config", "toml", "http", str(REASONS["recorded"]["text"])),
)
_IDS = re.compile(
    "|".join(sorted(scenario_names(), reverse=True))  # the longer ones first
    + r"|[a-z]+-[0-9TZ]+-[0-9a-f]+(/1-opened)?|\bqq-1\b|\b[0-9a-f]{8}\b|\\x1b\[2J|odt_\S+"
)

SCREENS: dict[str, list[str]] = {
    "incidents list": ["incidents", "list"],
    "incidents show": ["incidents", "show", OPEN.incident.id],
    "incidents show, resolved": ["incidents", "show", OVER.id],
    "top": ["top", "--once"],
    "outbox list": ["outbox", "list"],
    "dead letters": ["outbox", "list", "--dead"],
    "outbox retry": ["outbox", "retry", "--all"],
    "routes test": ["routes", "test", "service=WeChat"],
    "routes test, minor": ["routes", "test", "service=WeChat", "severity=minor"],
    "routes test, default": ["routes", "test", "service=QQ"],
    "check": ["check"],
    "silences add": ["silences", "add", "--for", "2h", "--author", "ana", 'service="WeChat"'],
    "silences list": ["silences", "list", "--all"],
    "ack": ["ack", OPEN.incident.id],
    "token add": ["token", "add", "grafana", "--expires", "90d"],
    "token list": ["token", "list"],
}


@pytest.mark.usefixtures("house", "in_pseudo")
@pytest.mark.parametrize("words", SCREENS.values(), ids=SCREENS.keys())
def test_a_language_is_one_file_and_every_screen_speaks_it(
    run: Run, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    if words[:2] == ["silences", "list"]:
        run("silences", "add", "--for", "2h", "--author", "ana", "service=QQ")
        capsys.readouterr()
    assert run(*words) == 0
    said = capsys.readouterr()
    shown = said.out + (said.err if words[0] == "token" else "")
    assert shown.strip()
    assert unlocalised(_IDS.sub(" ", shown), NAMES) == []


@pytest.mark.usefixtures("in_pseudo")
def test_commands_over_history_speak_it_too(
    run: Run, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = pd.read_csv(table)
    rows[rows["service"] == "WeChat"].to_csv(tmp_path / "counts.csv", index=False)
    (tmp_path / "posts.csv").write_text("time,text\n2022-07-22T14:09:00Z,fine\n")
    commands = [
        ["replay", "counts.csv", "--json", "out.json"],
        ["replay", "posts.csv", "--json", "none.json"],
        ["evaluate", "out.json", str(truth(tmp_path / "truth.csv"))],
        ["scores", "counts.csv", "--out", "scores.csv"],
        ["classify", "posts.csv", "--out", "scores.csv"],
        ["simulate", "list"],
        ["simulate", "wechat-2014-10-20"],
    ]
    for words in commands:
        assert run(*words) == 0
        said = capsys.readouterr()
        assert said.out.strip()
        shown = _IDS.sub(" ", (said.out + said.err).replace("none.json", ""))
        assert unlocalised(shown, NAMES) == [], words


@pytest.fixture
def speak(monkeypatch: pytest.MonkeyPatch, house: Path) -> Iterator[Callable[..., int]]:
    """Run a command line in the house; return its exit status."""

    def run_command(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["outage-detector", *words])
        try:
            cli.main()
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    yield run_command
    language.ask_for(None)


def test_an_option_goes_before_the_environment(
    speak: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert speak("incidents", "show", OPEN.incident.id) == 0
    said = capsys.readouterr().out
    assert "级别：重大" in said
    assert "为何通知，为何不通知" in said
    assert speak("--lang", "en", "incidents", "show", OPEN.incident.id) == 0
    assert "severity  major" in capsys.readouterr().out
    assert speak("--lang", "xx", "incidents", "list") == 2
    assert f"is none of {', '.join(LANGUAGES)}" in capsys.readouterr().err


def test_check_and_the_routes_speak_the_language_that_was_asked_for(
    speak: Callable[..., int], house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    route = '[[routes]]\ncontinue = true\nreceivers = ["boss"]\n'
    text = CONFIG.replace("[[routes]]", f"{route}[[routes]]", 1)
    (house / "config.toml").write_text(text)
    assert speak("--lang", "zh", "routes", "test", "service=WeChat") == 0
    said = capsys.readouterr().out
    assert "全部" in said
    assert "everything" not in said
    assert speak("--lang", "zh", "check") == 0
    said = capsys.readouterr().out
    assert "通知 ops（console），重大级别起：在终端显示消息" in said
    assert "全部 -> boss" in said
    assert "weibo-2013（scenario）：微信，2013-07-22（周一）：道路施工挖断两条光缆" in said
    assert speak("--lang", "en", "check") == 0
    said = capsys.readouterr().out
    assert "notify ops (console) from severity major on: messages on the terminal" in said
    assert "everything -> boss" in said


@pytest.mark.parametrize(
    "words",
    [
        ["incidents", "list"],
        ["incidents", "show", OPEN.incident.id],
        ["top"],
        ["silences", "list"],
        ["token", "list"],
        ["check"],
    ],
    ids=" ".join,
)
def test_json_is_the_same_in_every_language(
    speak: Callable[..., int], capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    documents = []
    for code in ("en", "zh"):
        assert speak("--lang", code, *words, "--json") == 0
        document = json.loads(capsys.readouterr().out)
        if isinstance(document, dict):
            document.pop("at", None)  # top's is the time of asking
        documents.append(document)
    assert documents[0] == documents[1]


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh"}, "zh"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_TW.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_GB"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
        ({"LANG": "zh-Hans"}, "zh"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE"}, "en"),
        ({"LANG": "POSIX"}, "en"),
    ],
    ids=lambda value: str(value),
)
def test_the_language_of_an_environment(environment: dict[str, str], code: str) -> None:
    assert environment_language(environment) == code
