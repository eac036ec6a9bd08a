"""Why a receiver is notified, and why not; the ids read as sentences."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from detector.model.alert import Alert, AlertKind, Attribution, Because, NewFacts
from detector.model.decision import Reason
from detector.model.incident import Severity
from detector.model.matcher import parse_matcher
from detector.model.silence import Acknowledgement, Silence
from detector.notify.decide import STAGES, decide
from detector.notify.mute_times import MuteTimeInterval
from detector.notify.notification import Notification, RootNotification
from detector.notify.notification_state import NOTHING, NotificationState
from detector.notify.policy import Inhibition, NotificationPolicy, ReceiverPolicy, RouteMatch
from detector.notify.route import labels_of
from tests.fakes.outages import NOON, an_alert, an_incident

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
R = Reason

LIKELY = Attribution("QQ", "qq-1", Because.MENTIONS, share=0.5)
OPEN = an_alert(an_incident(severity=Severity.MAJOR))
FACTS = NewFacts(components=("login",))
LATER = replace(OPEN, sequence=3, kind=AlertKind.UPDATED, new_facts=FACTS)
AGAIN = replace(OPEN, sequence=3, kind=AlertKind.REOPENED)
OVER = an_alert(
    an_incident(severity=Severity.MAJOR, lasted=HOUR), kind=AlertKind.RESOLVED, sequence=2
)
TOLD = NOTHING.plus(OPEN)
END_TOLD = TOLD.plus(OVER)
MILD = replace(TOLD, severity=Severity.MINOR)
REFUSED = NOTHING.plus(OPEN, refused=True)
JUST_OVER = OVER.incident.resolved_at or NOON

OPS = ReceiverPolicy("ops", Severity.MINOR)
WECHAT = (parse_matcher("service=WeChat"),)
SILENCED: dict[str, Any] = {
    "silences": [Silence("s", WECHAT, NOON, NOON + 9 * HOUR, "ana", "deploy")]
}
INHIBITED: dict[str, Any] = {
    "policy": NotificationPolicy(
        [OPS], inhibitions=[Inhibition((parse_matcher("service=QQ"),), WECHAT)]
    ),
    "open_labels": [labels_of(an_incident("QQ", id="qq-1"), None, {})],
}
NIGHT = MuteTimeInterval("night", frozenset(range(7)), time(12), time(18), ZoneInfo("UTC"))
AT_NIGHT: dict[str, Any] = {
    "policy": NotificationPolicy([OPS], mute_time_intervals={"night": NIGHT}),
    "receiver": replace(OPS, mute_time_intervals=("night",)),
}
ACKNOWLEDGED: dict[str, Any] = {
    "acknowledgement": Acknowledgement(OPEN.incident.id, NOON, Severity.MAJOR, "bo", "on it")
}
FLAPPING: dict[str, Any] = {"alerts": [replace(AGAIN, sequence=n) for n in (1, 2)]}
LONG_AGO: dict[str, Any] = {"observed_until": NOON - 48 * HOUR}

Situation = tuple[Notification, NotificationState]


def case(alert: Alert = OPEN, known: NotificationState = NOTHING, **facts: Any) -> Situation:
    """What there is to say when the incident of the tests has just ended."""
    labels = labels_of(alert.incident, None, {})
    policy, route = NotificationPolicy([OPS]), RouteMatch("ops")
    what = Notification(alert, OPS, policy, route, labels, JUST_OVER, JUST_OVER, alerts=[alert])
    return replace(what, **facts), known


def later(what: Situation, at: datetime) -> Situation:
    return replace(what[0], now=at), what[1]


def related(alert: Alert = OPEN, *, to: Alert, severity: Severity = Severity.MAJOR) -> Situation:
    """An incident whose root, that ``to`` is about, is known to the receiver."""
    root, known = case(to, NOTHING.plus(to))
    return case(replace(alert, attribution=LIKELY), root=RootNotification(root, known, severity))


ROOT = an_alert(an_incident("QQ", id="qq-1"))
ROOT_OVER = an_alert(an_incident("QQ", id="qq-1", lasted=10 * MINUTE), kind=AlertKind.RESOLVED)
ROOT_SILENCE = Silence("r", (parse_matcher("service=QQ"),), NOON, NOON + 9 * HOUR, "ana", "deploy")
MUTED_ROOT = case(ROOT, silences=[ROOT_SILENCE])[0]


TABLE = [
    pytest.param(case(fresh=True), R.OPENED, id="it just began"),
    pytest.param(case(), R.CAUGHT_UP, id="it was muted when it began and is still open"),
    pytest.param(case(OVER), R.NEVER_NOTIFIED, id="it ended before the mute did"),
    pytest.param(related(to=ROOT), R.GROUPED, id="the receiver knows of its root"),
    pytest.param(related(OVER, to=ROOT), R.GROUPED, id="one ended that was left to its root"),
    pytest.param(
        related(to=ROOT, severity=Severity.MINOR), R.EXCEEDS_ROOT, id="it is worse than its root"
    ),
    pytest.param(related(to=ROOT_OVER), R.OUTLASTS_ROOT, id="it is open after its root ended"),
    pytest.param(
        case(
            replace(OPEN, attribution=LIKELY),
            root=RootNotification(MUTED_ROOT, TOLD, Severity.MAJOR),
        ),
        R.CAUGHT_UP,
        id="its root is silenced",
    ),
    pytest.param(
        case(
            replace(OPEN, attribution=LIKELY),
            root=RootNotification(related(to=ROOT)[0], NOTHING, Severity.MAJOR),
        ),
        R.CAUGHT_UP,
        id="the receiver does not know of its root",
    ),
    pytest.param(case(known=MILD), R.ESCALATED, id="worse than the receiver knows"),
    pytest.param(case(LATER, TOLD), R.UPDATED, id="something is known that was not sent"),
    pytest.param(case(LATER, TOLD.plus(LATER)), R.NO_CHANGE, id="the new facts were sent already"),
    pytest.param(case(known=TOLD, related=("QQ",)), R.RELATED, id="other services are related"),
    pytest.param(case(known=END_TOLD), R.REOPENED, id="its end was sent and it began again"),
    pytest.param(case(OVER, TOLD), R.RESOLVED, id="it ended"),
    pytest.param(case(OVER, END_TOLD), R.NO_CHANGE, id="its end was sent"),
    pytest.param(case(known=TOLD), R.NO_CHANGE, id="known and unchanged"),
    pytest.param(case(route=None), R.NOT_ROUTED, id="no route leads there"),
    pytest.param(
        case(OVER, TOLD, route=None), R.RESOLVED, id="it left the route of one who knows of it"
    ),
    pytest.param(
        case(receiver=ReceiverPolicy("ops", Severity.CRITICAL)),
        R.BELOW_SEVERITY,
        id="the receiver wants only worse ones",
    ),
    pytest.param(case(fresh=True, now=NOON + 168 * HOUR), R.TOO_OLD, id="it was found a week late"),
    pytest.param(
        case(OVER, TOLD, fresh=True, now=NOON + 168 * HOUR),
        R.RESOLVED,
        id="the end of what the receiver knows was found late",
    ),
    pytest.param(case(**LONG_AGO), R.NOT_OBSERVED, id="its source went down long ago"),
    pytest.param(
        case(known=MILD, **LONG_AGO), R.NOT_OBSERVED, id="its source went down after it was sent"
    ),
    pytest.param(case(known=REFUSED), R.REFUSED, id="the receiver refused it"),
    pytest.param(
        case(replace(OPEN, sequence=2), REFUSED, fresh=True),
        R.OPENED,
        id="it refused the last one only",
    ),
    pytest.param(case(**SILENCED), R.SILENCED, id="somebody silenced it"),
    pytest.param(case(OVER, TOLD, **SILENCED), R.SILENCED, id="it ends while silenced"),
    pytest.param(case(**INHIBITED), R.INHIBITED, id="another incident mutes it"),
    pytest.param(case(known=MILD, **AT_NIGHT), R.MUTE_TIME, id="it grows worse at night"),
    pytest.param(case(known=TOLD, **ACKNOWLEDGED), R.ACKNOWLEDGED, id="somebody acknowledged it"),
    pytest.param(case(OVER, TOLD, **ACKNOWLEDGED), R.RESOLVED, id="what was acknowledged ended"),
    pytest.param(case(OVER, TOLD, **FLAPPING), R.FLAPPING, id="it flaps and just ended"),
    pytest.param(
        case(AGAIN, TOLD, **FLAPPING),
        R.FLAPPING,
        id="it flaps and began again before its end was sent",
    ),
]


@pytest.mark.parametrize(("what", "reason"), TABLE)
def test_decide(what: Situation, reason: Reason) -> None:
    assert decide(*what).reason is reason


REPEAT = 4 * HOUR
REMINDED = RouteMatch("ops", REPEAT)


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        pytest.param(REPEAT - MINUTE, R.NO_CHANGE, id="told recently"),
        pytest.param(REPEAT, R.REMINDER, id="exactly at the repeat interval"),
    ],
)
def test_of_what_is_open_there_are_reminders(after: timedelta, reason: Reason) -> None:
    reminded = case(known=TOLD, route=REMINDED)
    assert decide(*later(reminded, OPEN.at + after)).reason is reason
    assert decide(*later(case(known=TOLD), OPEN.at + 100 * REPEAT)).reason is R.NO_CHANGE


def test_related_services_wait_to_be_sent_together() -> None:
    what = case(known=TOLD, related=("QQ",))
    assert decide(*later(what, OPEN.at + 4 * MINUTE)).reason is R.NO_CHANGE
    assert decide(*later(what, OPEN.at + 5 * MINUTE)).reason is R.RELATED


def test_the_end_of_what_flaps_is_sent_once_it_stays_ended() -> None:
    what = case(OVER, TOLD, **FLAPPING)
    assert decide(*later(what, JUST_OVER + HOUR - MINUTE)).reason is R.FLAPPING
    assert decide(*later(what, JUST_OVER + HOUR)).reason is R.RESOLVED


def test_every_stage_decides_some_case() -> None:
    situations: list[Situation] = [param.values[0] for param in TABLE]  # type: ignore[misc]
    deciding = [[s for s in STAGES if s(what, known)][:1] for what, known in situations]
    assert {stage for first in deciding for stage in first} == set(STAGES)


#: These are given to an incident as a whole, the last one to what an earlier version stored.
OF_INCIDENTS = {R.TOO_SOON, R.PRESS, R.FEW_ACCOUNTS, R.RECORDED}


def test_every_reason_has_a_case_of_its_own() -> None:
    shown = {reason for param in TABLE for reason in param.values[1:]} | {R.REMINDER}
    assert shown == set(Reason) - OF_INCIDENTS


@pytest.mark.parametrize(
    ("what", "params"),
    [
        (case(fresh=True), {}),
        (case(LATER, TOLD), {"components": ["login"]}),
        (case(known=TOLD, related=("X",)), {"services": ["X"]}),
        (case(known=MILD), {"severity": "major"}),
        (case(receiver=ReceiverPolicy("ops", Severity.CRITICAL)), {"least": "critical"}),
        (case(**INHIBITED), {"by": "qq-1"}),
        (
            case(**SILENCED),
            {"author": "ana", "comment": "deploy", "until": "2022-07-22T21:00:00Z"},
        ),
        (case(**AT_NIGHT), {"interval": "night", "until": "2022-07-22T18:00:00Z"}),
        (case(**ACKNOWLEDGED), {"author": "bo", "comment": "on it"}),
        (
            related(to=ROOT),
            {"root": "QQ", "root_id": "qq-1", "because": "mentions", "share": 0.5},
        ),
    ],
    ids=lambda value: "" if isinstance(value, tuple) else ",".join(value),
)
def test_a_decision_has_parameters(what: Situation, params: dict[str, object]) -> None:
    assert decide(*what).params == params


def test_these_reasons_send_something() -> None:
    sends = {reason for reason in Reason if reason.kind is not None}
    assert sends == {
        *(R.OPENED, R.CAUGHT_UP, R.EXCEEDS_ROOT, R.OUTLASTS_ROOT, R.ESCALATED),
        *(R.UPDATED, R.RELATED, R.REOPENED, R.REMINDER, R.RESOLVED),
    }
