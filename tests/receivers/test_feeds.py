"""What every bundled sink does with a message about a source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from detector.model.health import SourceAlert, SourceHealth, SourceReason, SourceState
from detector.notify.receiver import SourceAlertReceiver
from tests.fakes.outages import NOON
from tests.fakes.words import a_writer
from tests.receivers.receivers import RECEIVERS, ReceiverPolicy

MINUTES = timedelta(minutes=1)
DEAD = SourceAlert(
    NOON,
    SourceHealth(
        "weibo",
        SourceState.DOWN,
        NOON - 10 * MINUTES,
        SourceReason.LAST_OBSERVED,
        {"until": "2022-07-22T11:50:00Z", "error": "HTTP 503"},
    ),
    1,
)
ALIVE = SourceAlert(
    NOON + 5 * MINUTES,
    SourceHealth("weibo", SourceState.UP, NOON + 5 * MINUTES, SourceReason.RECOVERED),
    2,
)


@pytest.fixture(params=RECEIVERS)
def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReceiverPolicy]:
    with RECEIVERS[request.param](tmp_path) as made:
        yield made


def test_a_dead_and_a_revived_source_arrive_in_order(receiver: ReceiverPolicy) -> None:
    sink = receiver.sink
    assert isinstance(sink, SourceAlertReceiver)
    sink.send_source_alert(DEAD)
    sink.send_source_alert(ALIVE)
    dead, alive = receiver.arrived()
    assert "weibo" in dead
    assert "weibo" in alive
    assert dead != alive


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("state", SourceState)
def test_messages_say_which_source_and_since_when(language: str, state: SourceState) -> None:
    alert = replace(DEAD, health=replace(DEAD.health, state=state))
    said = a_writer(language).source_message(alert)
    assert "weibo" in said.title
    assert any("11:50" in line for line in said.lines), "since when"
    assert any("12:00" in line for line in said.lines), "when it was noticed"
    assert any("HTTP 503" in line for line in said.lines), "why"


def test_a_hostile_name_is_written_out() -> None:
    hostile = replace(
        DEAD.health,
        source="w\x1b[2J\r\neibo",
        params={"until": "2022-07-22T11:50:00Z", "error": "\u202e\x1b no"},
    )
    said = a_writer().source_message(replace(DEAD, health=hostile))
    text = "\n".join([said.title, *said.lines])
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\n" not in said.title
