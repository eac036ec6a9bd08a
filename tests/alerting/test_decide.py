"""Why people are told, and why not; the ids read as sentences."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from detector.alerting.decide import Reason, Told, reason_to_tell
from detector.domain.alert import AlertKind
from detector.domain.details import Speakers
from detector.domain.incident import Incident, Severity
from tests.fakes.outages import an_incident

OPEN = an_incident(severity=Severity.MAJOR)
OVER = an_incident(severity=Severity.MAJOR, lasted=timedelta(hours=1))
MILD = replace(OPEN, severity=Severity.MINOR)
TOLD = Told(1, Severity.MAJOR)
END_TOLD = Told(2, Severity.MAJOR, ended=True)


@pytest.mark.parametrize(
    ("incident", "told", "reason"),
    [
        pytest.param(OPEN, None, Reason.FIRST, id="never told"),
        pytest.param(OPEN, TOLD, Reason.NOTHING_NEW, id="told and unchanged"),
        pytest.param(OPEN, Told(1, Severity.MINOR), Reason.WORSE, id="worse than was told"),
        pytest.param(MILD, TOLD, Reason.NOTHING_NEW, id="milder than was told"),
        pytest.param(OVER, TOLD, Reason.ENDED, id="just ended"),
        pytest.param(OVER, END_TOLD, Reason.NOTHING_NEW, id="end already told"),
        pytest.param(OVER, None, Reason.NEVER_TOLD, id="blip nobody heard of"),
        pytest.param(OPEN, END_TOLD, Reason.AGAIN, id="broke again"),
    ],
)
def test_reason_to_tell(incident: Incident, told: Told | None, reason: Reason) -> None:
    assert reason_to_tell(incident, told) is reason


@pytest.mark.parametrize(
    ("speakers", "reason"),
    [
        pytest.param(Speakers.PRESS, Reason.PRESS, id="only the press reports"),
        pytest.param(Speakers.BRIGADE, Reason.BRIGADE, id="a handful of accounts writes"),
        pytest.param(Speakers.PEOPLE, Reason.FIRST, id="people complain"),
    ],
)
def test_nobody_is_woken_unless_people_complain(speakers: Speakers, reason: Reason) -> None:
    assert reason_to_tell(OPEN, None, speakers=speakers) is reason
    assert reason_to_tell(OVER, TOLD, speakers=speakers) is Reason.ENDED


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (Reason.FIRST, AlertKind.OPENED),
        (Reason.WORSE, AlertKind.ESCALATED),
        (Reason.AGAIN, AlertKind.REOPENED),
        (Reason.ENDED, AlertKind.RESOLVED),
        (Reason.NOTHING_NEW, None),
        (Reason.NEVER_TOLD, None),
        (Reason.PRESS, None),
        (Reason.BRIGADE, None),
    ],
    ids=lambda value: getattr(value, "name", "nothing").lower(),
)
def test_every_reason_sends_its_kind_or_nothing(reason: Reason, kind: AlertKind | None) -> None:
    assert reason.kind is kind


def test_every_reason_is_explained() -> None:
    assert all(len(reason.value) >= 8 for reason in Reason)
