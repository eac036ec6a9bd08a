"""docs/alert.schema.json, which CloudEvents name, is what we send: no less, and no more."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from detector.model.alert import Alert, AlertKind, Because
from detector.model.details import AuthorKind
from detector.model.health import SourceReason, SourceState
from detector.receivers.payload import document
from detector.receivers.webhook import SCHEMA
from tests.notify.test_message import CASES
from tests.receivers.published import mistakes_by
from tests.receivers.test_feeds import ALIVE, DEAD

RULES: Any = json.loads(
    (Path(__file__).parents[2] / "docs" / "alert.schema.json").read_text("utf-8")
)


def strict(rules: Any) -> Any:
    """The same rules, but for fields that they do not name."""
    if isinstance(rules, list):
        return [strict(rule) for rule in rules]
    if not isinstance(rules, dict):
        return rules
    closed = {"additionalProperties": False} if rules.get("type") == "object" else {}
    return {name: strict(rule) for name, rule in rules.items()} | closed


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__.replace("_", " "))
def test_every_alert_fits_and_holds_nothing_that_is_not_written_down(
    make: Callable[[], Alert],
) -> None:
    assert mistakes_by(strict(RULES), json.loads(document(make(), ascii_only=True))) == []


@pytest.mark.parametrize("alert", [DEAD, ALIVE], ids=["dead", "alive again"])
def test_messages_about_sources_fit_too(alert: Any) -> None:
    assert mistakes_by(strict(RULES), json.loads(document(alert, ascii_only=True))) == []


def test_the_events_name_it() -> None:
    assert RULES["$id"] == SCHEMA


def test_it_knows_every_word_of_ours() -> None:
    defs = RULES["$defs"]
    assert defs["alert"]["properties"]["kind"]["enum"] == [kind.value for kind in AlertKind]
    because = defs["attribution"]["properties"]["because"]["enum"]
    assert because == [reason.value for reason in Because]
    assert defs["details"]["properties"]["written_by"]["enum"] == [who.value for who in AuthorKind]
    states = defs["feedAlert"]["properties"]["feed"]["properties"]["state"]["enum"]
    assert states == [state.value for state in SourceState]
    reasons = defs["feedAlert"]["properties"]["feed"]["properties"]["reason"]["enum"]
    assert reasons == [reason.value for reason in SourceReason]


def test_it_refuses_what_is_no_alert() -> None:
    broken = json.loads(document(CASES[0](), ascii_only=True)) | {"kind": "opend"}
    assert mistakes_by(RULES, broken) != []
