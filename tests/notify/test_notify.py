"""Why a receiver is told, and why not; the ids read as sentences."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from detector.model.alert import Alert, AlertKind, Attribution, Because, NewFacts
from detector.model.decision import Reason
from detector.model.incident import Severity
from detector.notify.decide import STAGES, Notification, params_of, reason_to_notify
from detector.notify.mute import Mute
from detector.notify.state import NOTHING, NotificationState
from tests.fakes.outages import NOON, an_alert, an_incident

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
R = Reason

OPEN = an_alert(an_incident(severity=Severity.MAJOR))
LATER = replace(OPEN, sequence=3, kind=AlertKind.UPDATED)
OVER = an_alert(
    an_incident(severity=Severity.MAJOR, lasted=HOUR), kind=AlertKind.RESOLVED, sequence=2
)
TOLD = NOTHING.plus(OPEN)
END_TOLD = TOLD.plus(OVER)
MILD = replace(TOLD, severity=Severity.MINOR)
REFUSED = NOTHING.plus(OPEN, refused=True)


Situation = tuple[Notification, NotificationState]
FACTS = NewFacts(components=("login",))


def case(
    alert: Alert = OPEN,
    known: NotificationState = NOTHING,
    *,
    mute: Reason | None = None,
    **more: object,
) -> Situation:
    """What there is to tell when the incident of the tests has just ended."""
    at = OVER.incident.resolved_at or NOON
    quiet = None if mute is None else Mute(mute, {})
    return Notification(alert, "ops", at, mute=quiet, **more), known  # type: ignore[arg-type]


def later(what: Situation, at: datetime) -> Situation:
    return replace(what[0], at=at), what[1]


TABLE = [
    pytest.param(case(fresh=True), R.OPENED, id="it just began"),
    pytest.param(case(), R.CAUGHT_UP, id="it was muted when it began and still goes on"),
    pytest.param(case(OVER), R.NEVER_NOTIFIED, id="it ended before the mute did"),
    pytest.param(case(fold=R.GROUPED), R.GROUPED, id="it echoes what the receiver knows of"),
    pytest.param(case(OVER, fold=R.GROUPED), R.GROUPED, id="an echo ended"),
    pytest.param(case(fold=R.EXCEEDS_ROOT), R.EXCEEDS_ROOT, id="an echo is worse than its origin"),
    pytest.param(
        case(fold=R.OUTLASTS_ROOT), R.OUTLASTS_ROOT, id="an echo goes on after its origin"
    ),
    pytest.param(case(known=MILD), R.ESCALATED, id="worse than the receiver knows"),
    pytest.param(
        case(LATER, TOLD, new_facts=FACTS), R.UPDATED, id="something is known that was not told"
    ),
    pytest.param(case(OPEN, TOLD, new_facts=FACTS), R.NO_CHANGE, id="the news were told already"),
    pytest.param(case(known=TOLD, related=("QQ",)), R.RELATED, id="other services echo it"),
    pytest.param(case(known=END_TOLD), R.REOPENED, id="its end was told and it began again"),
    pytest.param(case(OVER, TOLD), R.RESOLVED, id="it ended"),
    pytest.param(case(OVER, END_TOLD), R.NO_CHANGE, id="its end was told"),
    pytest.param(case(known=TOLD), R.NO_CHANGE, id="told and unchanged"),
    pytest.param(case(barred=R.NOT_ROUTED), R.NOT_ROUTED, id="no route leads there"),
    pytest.param(
        case(OVER, TOLD, barred=R.NOT_ROUTED),
        R.RESOLVED,
        id="it left the route of one who heard of it",
    ),
    pytest.param(
        case(barred=R.BELOW_SEVERITY), R.BELOW_SEVERITY, id="the receiver wants only worse ones"
    ),
    pytest.param(case(barred=R.TOO_OLD, fresh=True), R.TOO_OLD, id="it was found a week late"),
    pytest.param(
        case(OVER, TOLD, barred=R.TOO_OLD),
        R.RESOLVED,
        id="its end was found late by who heard of it",
    ),
    pytest.param(case(barred=R.NOT_OBSERVED), R.NOT_OBSERVED, id="its source died long ago"),
    pytest.param(
        case(known=MILD, barred=R.NOT_OBSERVED),
        R.NOT_OBSERVED,
        id="its source died after it was told",
    ),
    pytest.param(case(known=REFUSED), R.REFUSED, id="the receiver refused to hear of it"),
    pytest.param(
        case(replace(OPEN, sequence=2), REFUSED, fresh=True),
        R.OPENED,
        id="it refused the last one only",
    ),
    pytest.param(case(mute=R.SILENCED), R.SILENCED, id="somebody silenced it"),
    pytest.param(case(OVER, TOLD, mute=R.SILENCED), R.SILENCED, id="it ends while silenced"),
    pytest.param(case(mute=R.INHIBITED), R.INHIBITED, id="another incident mutes it"),
    pytest.param(
        case(known=MILD, mute=R.MUTE_TIME), R.MUTE_TIME, id="it grows worse in quiet hours"
    ),
    pytest.param(
        case(known=TOLD, mute=R.ACKNOWLEDGED), R.ACKNOWLEDGED, id="somebody has it in hand"
    ),
    pytest.param(case(OVER, TOLD, mute=R.ACKNOWLEDGED), R.RESOLVED, id="what was in hand ended"),
    pytest.param(case(OVER, TOLD, flaps=True), R.FLAPPING, id="it flaps and just ended"),
    pytest.param(
        case(replace(LATER, kind=AlertKind.REOPENED), TOLD, flaps=True),
        R.FLAPPING,
        id="it flaps and began again before its end was told",
    ),
]


@pytest.mark.parametrize(("what", "reason"), TABLE)
def test_reason_to_notify(what: Situation, reason: Reason) -> None:
    assert reason_to_notify(*what) is reason


REPEAT = 4 * HOUR


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        pytest.param(REPEAT - MINUTE, R.NO_CHANGE, id="told recently"),
        pytest.param(REPEAT, R.REMINDER, id="exactly at the repeat interval"),
    ],
)
def test_what_goes_on_is_repeated(after: timedelta, reason: Reason) -> None:
    reminded = case(known=TOLD, reminder_every=REPEAT)
    assert reason_to_notify(*later(reminded, OPEN.at + after)) is reason
    assert reason_to_notify(*later(case(known=TOLD), OPEN.at + 100 * REPEAT)) is R.NO_CHANGE


def test_related_services_wait_to_be_told_together() -> None:
    what = case(known=TOLD, related=("QQ",))
    assert reason_to_notify(*later(what, OPEN.at + 4 * MINUTE)) is R.NO_CHANGE
    assert reason_to_notify(*later(what, OPEN.at + 5 * MINUTE)) is R.RELATED


def test_the_end_of_what_flaps_is_told_once_it_stays_ended() -> None:
    what = case(OVER, TOLD, flaps=True)
    ended = OVER.incident.resolved_at
    assert ended is not None
    assert reason_to_notify(*later(what, ended + HOUR - MINUTE)) is R.FLAPPING
    assert reason_to_notify(*later(what, ended + HOUR)) is R.RESOLVED


def test_every_stage_decides_some_case() -> None:
    situations: list[Situation] = [param.values[0] for param in TABLE]  # type: ignore[misc]
    deciding = [[s for s in STAGES if s(what, known)][:1] for what, known in situations]
    assert {stage for first in deciding for stage in first} == set(STAGES)


#: These are given to an incident as a whole, the last one to what an earlier version stored.
OF_INCIDENTS = {R.TOO_SOON, R.PRESS, R.FEW_ACCOUNTS, R.RECORDED}


def test_every_reason_has_a_case_of_its_own() -> None:
    shown = {reason for param in TABLE for reason in param.values[1:]} | {R.REMINDER}
    assert shown == set(Reason) - OF_INCIDENTS


LIKELY = Attribution("QQ", "qq-1", Because.MENTIONS, share=0.5)


@pytest.mark.parametrize(
    ("reason", "params"),
    [
        (R.OPENED, {}),
        (R.UPDATED, {"components": ["login"]}),
        (R.RELATED, {"services": ["X"]}),
        (R.ESCALATED, {"severity": OPEN.incident.severity.label}),
        (R.BELOW_SEVERITY, {"least": "critical"}),
        (R.INHIBITED, {"by": "qq-1"}),
        (R.SILENCED, {}),
        (R.GROUPED, {"root": "QQ", "root_id": "qq-1", "because": "mentions", "share": 0.5}),
    ],
)
def test_the_parameters_of_a_reason(reason: Reason, params: dict[str, object]) -> None:
    what, _ = case(
        replace(OPEN, attribution=LIKELY), new_facts=FACTS, related=("X",), least=Severity.CRITICAL
    )
    what = replace(what, mute=Mute(R.INHIBITED, {"by": "qq-1"}))
    assert params_of(reason, what) == params


def test_only_what_is_told_sends_something() -> None:
    sends = {reason for reason in Reason if reason.kind is not None}
    assert sends == {
        *(R.OPENED, R.CAUGHT_UP, R.EXCEEDS_ROOT, R.OUTLASTS_ROOT, R.ESCALATED),
        *(R.UPDATED, R.RELATED, R.REOPENED, R.REMINDER, R.RESOLVED),
    }
