"""What every sink does. A new sink joins by a line in ``RECEIVERS``."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from detector.errors import DeliveryError, Unreachable
from detector.model.alert import Alert, AlertKind
from tests.fakes.outages import an_alert, an_incident
from tests.receivers.receivers import CANARY, RECEIVERS, ReceiverPolicy

HOSTILE = "微信\x1b[2J\r\nX-Injected: 1\x00\u202e\ud800 崩了"


@pytest.fixture(params=RECEIVERS)
def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReceiverPolicy]:
    with RECEIVERS[request.param](tmp_path) as made:
        yield made


def life() -> list[Alert]:
    incident = an_incident()
    over = an_incident(lasted=timedelta(hours=1))
    return [
        an_alert(over if kind is AlertKind.RESOLVED else incident, kind=kind, sequence=n)
        for n, kind in enumerate(AlertKind, 1)
    ]


def test_it_bears_the_name_of_its_receiver(receiver: ReceiverPolicy) -> None:
    assert receiver.sink.name == "ops"


def test_each_alert_arrives_once_and_in_order(receiver: ReceiverPolicy) -> None:
    for alert in life():
        receiver.sink.send(alert)
    arrived = receiver.arrived()
    assert len(arrived) == len(life())
    for text, alert in zip(arrived, life(), strict=True):
        assert "WeChat" in text
        assert alert.incident.id in text


def test_a_repeated_alert_changes_nothing_at_a_receiver_that_keeps_keys(
    receiver: ReceiverPolicy,
) -> None:
    for alert in life():
        receiver.sink.send(alert)
    before = receiver.held()
    receiver.sink.send(life()[-1])
    assert receiver.held() == (before + before[-1:] if receiver.keeps == "nothing" else before)


def test_every_message_of_an_incident_is_about_one_incident(receiver: ReceiverPolicy) -> None:
    for alert in life():
        receiver.sink.send(alert)
    assert len(receiver.held()) == (1 if receiver.keeps == "incidents" else len(life()))


def test_a_receiver_that_is_down_is_unreachable_and_gets_the_alert_later(
    receiver: ReceiverPolicy,
) -> None:
    receiver.break_down(False)
    with pytest.raises(Unreachable):
        receiver.sink.send(an_alert())
    assert receiver.arrived() == []
    receiver.break_down(True)
    receiver.sink.send(an_alert())
    assert len(receiver.arrived()) == 1


def test_hostile_names_arrive_as_one_message_without_control_characters(
    receiver: ReceiverPolicy,
) -> None:
    receiver.sink.send(an_alert(an_incident(HOSTILE, id="微信-1")))
    (text,) = receiver.arrived()
    assert "微信" in text or r"\u5fae\u4fe1" in text
    assert not set("\x1b\r\x00\ud800") & set(text)


def test_numbers_that_json_lacks_do_not_stop_an_alert(receiver: ReceiverPolicy) -> None:
    incident = an_incident()
    object.__setattr__(incident, "expected_at_peak", float("nan"))
    object.__setattr__(incident, "evidence", float("inf"))
    receiver.sink.send(an_alert(incident))
    (text,) = receiver.arrived()
    assert "NaN" not in text
    assert "Infinity" not in text


def test_no_secret_is_in_errors_representations_or_logs(
    receiver: ReceiverPolicy, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        receiver.sink.send(an_alert())
        receiver.break_down(False)
        with pytest.raises(DeliveryError) as caught:
            receiver.sink.send(an_alert(sequence=2))
    shown = [
        *(str(record.__dict__) for record in caplog.records),
        *traceback.format_exception(caught.value),
        *(repr(error) + str(error.args) for error in _chain(caught.value)),
        repr(receiver.sink),
        str(receiver.sink),
    ]
    assert CANARY not in "\n".join(shown)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
