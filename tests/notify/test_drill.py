"""A drill: one incident, always another message, and plain words."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from detector.model.alert import AlertKind
from detector.model.documents import alert_from_dict, alert_to_dict
from detector.notify.drill import DRILL, drill
from detector.receivers.payload import document
from tests.fakes.outages import NOON
from tests.fakes.words import a_writer
from tests.receivers.published import mistakes_by
from tests.receivers.test_own_schema import RULES, strict

BOTH = (AlertKind.OPENED, AlertKind.RESOLVED)


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    ("language", "words"), [("en", "nothing is wrong"), ("zh", "测试消息，并无故障")]
)
def test_the_text_says_that_nothing_is_wrong(kind: AlertKind, language: str, words: str) -> None:
    said = a_writer(language).message(drill(kind, NOON))  # type: ignore[arg-type]
    assert "Test" in said.title
    assert words in said.body


@pytest.mark.parametrize("kind", BOTH)
def test_every_drill_is_of_one_incident_and_has_a_key_of_its_own(kind: AlertKind) -> None:
    first, second = drill(kind, NOON), drill(kind, NOON + timedelta(seconds=1))
    assert first.incident.id == second.incident.id == DRILL
    assert first.key != second.key


def test_the_resolved_one_is_over_and_comes_after_the_opened_one() -> None:
    opened, resolved = (drill(kind, NOON) for kind in BOTH)
    assert opened.incident.is_open
    assert not resolved.incident.is_open
    assert opened.sequence < resolved.sequence


@pytest.mark.parametrize("kind", BOTH)
def test_it_is_what_the_schema_promises(kind: AlertKind) -> None:
    sent = json.loads(document(drill(kind, NOON), ascii_only=True))
    assert mistakes_by(strict(RULES), sent) == []


@pytest.mark.parametrize("kind", BOTH)
def test_it_survives_the_wire(kind: AlertKind) -> None:
    alert = drill(kind, NOON + timedelta(microseconds=7))
    assert alert_from_dict(alert_to_dict(alert)) == alert
