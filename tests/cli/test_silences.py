"""The commands for those who are told: silences, ack, outbox, routes, and why they were told."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from detector import cli
from detector.model.alert import AlertKind
from detector.model.decision import Decision, Reason
from detector.model.delivery import DeliveryStatus
from detector.model.health import SourceHealth, SourceReason, SourceState
from detector.model.incident import Severity
from detector.notify.mute import holds
from detector.store.base import RunRecord
from detector.store.controls import open_controls
from detector.store.sql_store import open_store
from tests.fakes.outages import NOON, a_delivery, an_alert, an_incident

CONFIG = """
[store]
location = "store.sqlite"

[[receivers]]
type = "console"
name = "ops"
mute_time_intervals = ["nights"]

[[receivers]]
type = "console"
name = "boss"
min_severity = "critical"

[[receivers]]
type = "console"
name = "pay"

[[routes]]
match = ['component="payments"']
receivers = ["pay"]
continue = true

[[routes]]
match = ['service="WeChat"']
receivers = ["ops", "boss"]
reminder_every = "4h"
    [[routes.routes]]
    match = ["severity=minor"]
    mute_time_intervals = ["nights"]

[[routes]]
match = ['service=~"Test.*"']
receivers = []

[[mute_time_intervals]]
name = "nights"
start = "22:00"
end = "07:00"
time_zone = "Asia/Shanghai"

[[inhibitions]]
when = ['service="WeChat"']
mute = ['service="WeChat Pay"']
"""
MINUTE = timedelta(minutes=1)
OPEN = an_incident("WeChat", severity=Severity.MAJOR)
OVER = an_incident("QQ", lasted=timedelta(hours=1))
Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command line in a folder whose store knows two incidents; return its exit status."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG)
    refused = a_delivery(an_alert(OPEN), receiver="ops")
    with closing(open_store(tmp_path / "store.sqlite")) as store:
        store.commit(
            RunRecord(
                incidents=[OPEN, OVER],
                alerts=[an_alert(OPEN), an_alert(OVER)],
                deliveries=[refused, a_delivery(an_alert(OVER), receiver="pay")],
                decisions=[
                    Decision(OPEN.id, NOON, Reason.OPENED, kind=AlertKind.OPENED),
                    Decision(OPEN.id, NOON, Reason.NOT_ROUTED, receiver="pay"),
                ],
            )
        )
        store.mark(refused, DeliveryStatus.DEAD, at=NOON, error="410 Gone")

    def run_command(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["outage-detector", *words])
        try:
            cli.main()
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return run_command


Captured = pytest.CaptureFixture[str]


class TestSilences:
    def test_one_is_added_listed_and_ended(
        self, run: Run, capsys: Captured, tmp_path: Path
    ) -> None:
        words = ['service="WeChat"', "severity=~major|minor"]
        assert (
            run(
                *["silences", "add", "--for", "2h", "--comment", "deploy", "--author", "ana"],
                *words,
            )
            == 0
        )
        said = capsys.readouterr().out
        assert f"applies to {OPEN.id}" in said
        assert OVER.id not in said
        with closing(open_controls(tmp_path / "store.sqlite")) as controls:
            (silence,) = controls.silences()
        assert (silence.author, silence.comment) == ("ana", "deploy")
        assert silence.ends_at - silence.starts_at == timedelta(hours=2)
        assert run("silences", "list") == 0
        assert 'active\tservice="WeChat", severity=~"major|minor"' in capsys.readouterr().out
        assert run("silences", "expire", silence.id) == 0
        capsys.readouterr()
        assert run("silences", "list", "--json") == 0
        assert json.loads(capsys.readouterr().out) == []

    def test_one_can_begin_later(self, run: Run, capsys: Captured) -> None:
        late = "2126-11-22T08:00+08:00"
        assert run("silences", "add", "service=X", "--for", "1d", "--start", late) == 0
        assert run("silences", "list") == 0
        assert "pending\t" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("words", "hint"),
        [
            pytest.param(["team=x", "--for", "2h"], "known: service", id="unknown label"),
            pytest.param(["service", "--for", "2h"], "write label=", id="no matcher"),
            pytest.param(["service=x", "--for", "2"], "write 30s", id="no duration"),
            pytest.param(["service=x", "--for", "0s"], "ends", id="no time at all"),
            pytest.param(
                ["service=x", "--for", "1h", "--start", "2026-01-01T00:00"], "offset", id="no zone"
            ),
        ],
    )
    def test_a_mistake_is_explained(
        self, run: Run, capsys: Captured, words: list[str], hint: str
    ) -> None:
        assert run("silences", "add", *words) == 2
        assert hint in capsys.readouterr().err

    def test_what_there_is_not_cannot_be_ended(self, run: Run, capsys: Captured) -> None:
        assert run("silences", "expire", "nope") == 2
        assert "silences list" in capsys.readouterr().err


class TestAck:
    def test_an_incident_is_taken_in_hand_and_given_back(
        self, run: Run, capsys: Captured, tmp_path: Path
    ) -> None:
        assert run("ack", OPEN.id, "--comment", "on it", "--author", "bo") == 0
        assert "worse than major" in capsys.readouterr().out
        with closing(open_controls(tmp_path / "store.sqlite")) as controls:
            (said,) = controls.acknowledgements()
        assert (said.severity, said.author, said.comment) == (Severity.MAJOR, "bo", "on it")
        assert run("ack", OPEN.id, "--withdraw") == 0
        assert run("ack", OPEN.id, "--withdraw") == 2

    def test_where_scenarios_run_on_a_fast_clock_it_is_said_at_their_time(
        self, run: Run, tmp_path: Path
    ) -> None:
        (tmp_path / "config.toml").write_text(f"{CONFIG}\n[clock]\nspeed = 600\n")
        seen = SourceHealth(
            "t", SourceState.UP, NOON, SourceReason.OBSERVED, {}, NOON, NOON + MINUTE
        )
        with closing(open_store(tmp_path / "store.sqlite")) as store:
            store.commit(RunRecord(source_health=[seen]))
        assert run("ack", OPEN.id) == 0
        with closing(open_controls(tmp_path / "store.sqlite")) as controls:
            (said,) = controls.acknowledgements()
        assert said.at == NOON + MINUTE
        over = replace(an_alert(OPEN), kind=AlertKind.RESOLVED, sequence=2, at=NOON + 2 * MINUTE)
        again = replace(over, kind=AlertKind.REOPENED, sequence=3, at=NOON + 3 * MINUTE)
        assert holds(said, [an_alert(OPEN)], OPEN.severity)
        assert not holds(said, [an_alert(OPEN), over, again], OPEN.severity)

    @pytest.mark.parametrize("incident", [OVER.id, "nope"], ids=["over", "unknown"])
    def test_what_is_over_or_unknown_cannot(self, run: Run, incident: str) -> None:
        assert run("ack", incident) == 2


class TestOutbox:
    def test_what_was_given_up_is_seen_and_sent_again(
        self, run: Run, capsys: Captured, tmp_path: Path
    ) -> None:
        key = an_alert(OPEN).key
        assert run("outbox", "list", "--dead") == 0
        assert f"{key}\tops\t" in (listed := capsys.readouterr().out)
        assert "410 Gone" in listed
        with closing(open_store(tmp_path / "store.sqlite")):  # as if a pipeline ran
            assert run("outbox", "retry", key) == 0
        assert capsys.readouterr().out.startswith("1 notification will be sent again")
        assert run("outbox", "list") == 0
        assert key in capsys.readouterr().out
        assert run("outbox", "retry", "--all") == 0
        assert capsys.readouterr().out.startswith("0 notifications will be sent again")

    def test_what_waits_is_not_touched(self, run: Run, capsys: Captured) -> None:
        assert run("outbox", "retry", an_alert(OVER).key) == 2
        assert "no dead letter" in capsys.readouterr().err

    def test_which_ones_must_be_said(self, run: Run) -> None:
        assert run("outbox", "retry") == 2


class TestRoutes:
    @pytest.mark.parametrize(
        ("labels", "told"),
        [
            (["service=WeChat", "severity=critical"], ["ops", "boss"]),
            (["service=WeChat", "severity=minor"], ["ops"]),
            (["service=WeChat", "component=payments"], ["ops", "boss", "pay"]),
            (["service=Testbed"], []),
            (["service=QQ", "severity=major"], ["ops", "pay"]),
        ],
    )
    def test_it_says_who_would_be_told(
        self, run: Run, capsys: Captured, labels: list[str], told: list[str]
    ) -> None:
        assert run("routes", "test", *labels) == 0
        rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()[1:]]
        assert [row[0] for row in rows if row[1] == "yes"] == told

    def test_it_says_how(self, run: Run, capsys: Captured) -> None:
        assert run("routes", "test", "service=WeChat", "severity=minor") == 0
        said = capsys.readouterr().out
        assert 'ops\tyes\tservice="WeChat" > severity="minor"\tevery 4 hr\tnights' in said
        assert "boss\tno\tless severe than this receiver asks for (critical)" in said
        assert "pay\tno\tno route leads to this receiver" in said

    def test_check_explains_the_tree(self, run: Run, capsys: Captured) -> None:
        assert run("check") == 0
        said = capsys.readouterr().out
        assert '  service="WeChat" -> ops, boss, reminders every 4 hr\n' in said
        assert '    severity="minor" -> as its parent, muted in nights\n' in said
        assert '  service=~"Test.*" -> nobody\n' in said
        assert "mute time interval nights: 22:00 to 07:00, Asia/Shanghai" in said
        assert 'while service="WeChat" is open, service="WeChat Pay" is inhibited' in said

    @pytest.mark.parametrize("word", ["WeChat", "team=x", "severity=awful"])
    def test_a_wrong_label_is_explained(self, run: Run, word: str) -> None:
        assert run("routes", "test", word) == 2


class TestWhy:
    def test_every_message_sent_and_not_sent_is_explained(self, run: Run, capsys: Captured) -> None:
        assert run("incidents", "show", OPEN.id) == 0
        said = capsys.readouterr().out
        assert "everyone\topened\tthe incident opened" in said
        assert "pay\tno\tno route leads to this receiver" in said
        assert "ops\tgiven up\t1\t410 Gone" in said

    def test_as_json_too(self, run: Run, capsys: Captured) -> None:
        assert run("incidents", "show", OPEN.id, "--json") == 0
        found = json.loads(capsys.readouterr().out)
        assert found["decisions"][1] == {
            "at": "2022-07-22T12:00:00Z",
            "receiver": "pay",
            "kind": None,
            "reason": "not_routed",
            "params": {},
            "text": "no route leads to this receiver",
        }
