"""Who is told of what: whole lives of incidents, turn by turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.model.alert import NO_NEW_FACTS, Alert, AlertKind, Attribution, Because, NewFacts
from detector.model.decision import Reason
from detector.model.incident import Incident, Severity
from detector.model.matcher import parse_matcher
from detector.model.silence import Acknowledgement, Silence
from detector.notify.decide import decide_all
from detector.notify.incident_records import IncidentRecord
from detector.notify.mute import Mutes
from detector.notify.mute_times import MuteTimeInterval
from detector.notify.notification_state import NOTHING
from detector.notify.policy import Inhibition, NotificationPolicy, ReceiverPolicy, Route
from detector.pipeline.backtest import DryRun, dry_run
from tests.fakes.outages import NOON, an_incident

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MINOR, MAJOR, CRITICAL = Severity
OPS = ReceiverPolicy("ops", MINOR)
ONE = NotificationPolicy([OPS])
END = NOON + 48 * HOUR
OPENED, ESCALATED, UPDATED = AlertKind.OPENED, AlertKind.ESCALATED, AlertKind.UPDATED
REOPENED, REPEATED, RESOLVED = AlertKind.REOPENED, AlertKind.REMINDER, AlertKind.RESOLVED


class Story:
    """An incident as it goes on, told minute by minute."""

    def __init__(
        self,
        service: str = "WeChat",
        *,
        minute: float = 0,
        severity: Severity = MAJOR,
        echo_of: Story | None = None,
    ) -> None:
        noticed = NOON + minute * MINUTE
        self.now: Incident = an_incident(service, noticed_at=noticed, severity=severity)
        self.alerts: list[Alert] = []
        self.echo = None if echo_of is None else attribution(echo_of.now)
        self._tell(OPENED, minute)

    def worse(self, minute: float, severity: Severity) -> Story:
        self.now = replace(self.now, severity=severity)
        return self._tell(ESCALATED, minute)

    def news(self, minute: float, component: str) -> Story:
        return self._tell(UPDATED, minute, NewFacts(components=(component,)))

    def over(self, minute: float) -> Story:
        at = NOON + minute * MINUTE
        self.now = replace(self.now, ended_at=at - 10 * MINUTE, resolved_at=at)
        return self._tell(RESOLVED, minute)

    def again(self, minute: float) -> Story:
        self.now = replace(self.now, ended_at=None, resolved_at=None)
        return self._tell(REOPENED, minute)

    def _tell(self, kind: AlertKind, minute: float, news: NewFacts = NO_NEW_FACTS) -> Story:
        at, sequence = NOON + minute * MINUTE, len(self.alerts) + 1
        self.alerts.append(Alert(kind, at, self.now, sequence, None, news, self.echo))
        return self


def attribution(origin: Incident) -> Attribution:
    return Attribution(origin.service, origin.id, Because.MENTIONS, share=0.5)


def rehearsed(
    *stories: Story,
    policy: NotificationPolicy = ONE,
    mutes: Callable[[datetime], Mutes] = lambda _: Mutes(),
) -> DryRun:
    alerts = [alert for story in stories for alert in story.alerts]
    return dry_run(alerts, policy, until=END, mutes=mutes)


def told(result: DryRun, receiver: str = "ops") -> list[tuple[AlertKind, float]]:
    """The kinds of messages and their minutes."""
    return [
        (d.alert.kind, (d.alert.at - NOON) / MINUTE)
        for d in result.deliveries
        if isinstance(d.alert, Alert) and d.receiver == receiver
    ]


def reasons(result: DryRun, service: str = "", receiver: str = "ops") -> list[Reason]:
    return [
        d.reason
        for d in result.decisions
        if d.receiver == receiver and d.incident_id.startswith(service.lower())
    ]


def silenced(first: float, last: float) -> Callable[[datetime], Mutes]:
    span = (NOON + first * MINUTE, NOON + last * MINUTE)
    silence = Silence("s", (parse_matcher("service=WeChat"),), *span, "ana", "deploy")
    return lambda _: Mutes((silence,))


def acknowledged(story: Story, minute: float, severity: Severity) -> Callable[[datetime], Mutes]:
    at = NOON + minute * MINUTE
    said = Acknowledgement(story.now.id, at, severity, "bo")
    return lambda now: Mutes((), {said.incident_id: said} if now >= at else {})


def test_a_plain_receiver_gets_every_alert_as_it_is() -> None:
    story = Story().news(20, "payments").worse(30, CRITICAL).over(60).again(70).over(90)
    result = rehearsed(story)
    assert [d.alert for d in result.deliveries] == story.alerts


def test_who_asks_for_severe_ones_hears_of_them_from_then_on() -> None:
    policy = NotificationPolicy([ReceiverPolicy("ops", MAJOR)])
    result = rehearsed(Story(severity=MINOR).worse(30, MAJOR).over(60), policy=policy)
    assert told(result) == [(OPENED, 30), (RESOLVED, 60)]
    assert rehearsed(Story(severity=MINOR).over(60), policy=policy).deliveries == ()


class TestMutes:
    def test_after_a_silence_what_still_goes_on_is_told(self) -> None:
        result = rehearsed(Story().over(200), mutes=silenced(-10, 60))
        assert told(result) == [(OPENED, 60), (RESOLVED, 200)]
        assert reasons(result) == [
            Reason.SILENCED,
            Reason.CAUGHT_UP,
            Reason.RESOLVED,
        ]
        assert result.decisions[0].params == {
            "author": "ana",
            "until": "2022-07-22T13:00:00Z",
            "comment": "deploy",
        }

    def test_what_began_and_ended_in_a_silence_is_never_told(self) -> None:
        result = rehearsed(Story().over(50), mutes=silenced(-10, 60))
        assert told(result) == []
        assert reasons(result)[-1] == Reason.NEVER_NOTIFIED

    def test_an_end_in_a_silence_is_told_after_it_to_who_heard_of_the_beginning(self) -> None:
        assert told(rehearsed(Story().over(50), mutes=silenced(10, 60))) == [
            (OPENED, 0),
            (RESOLVED, 50),
        ]

    def test_what_became_known_in_a_silence_is_told_after_it(self) -> None:
        story = Story().worse(30, CRITICAL).over(200)
        assert told(rehearsed(story, mutes=silenced(10, 60))) == [
            (OPENED, 0),
            (ESCALATED, 60),
            (RESOLVED, 200),
        ]
        news = rehearsed(Story().news(30, "login").news(40, "voice"), mutes=silenced(10, 60))
        last = news.deliveries[-1].alert
        assert isinstance(last, Alert)
        assert last.new_facts.components == ("login", "voice")

    def test_quiet_hours_hold_back_one_receiver_and_not_the_other(self) -> None:
        night = MuteTimeInterval(
            "nights", frozenset(range(7)), time(20), time(21), ZoneInfo("Asia/Shanghai")
        )
        policy = NotificationPolicy(
            [ReceiverPolicy("ops", MINOR, ("nights",)), ReceiverPolicy("log", MINOR)],
            mute_time_intervals={"nights": night},
        )
        result = rehearsed(Story().over(200), policy=policy)
        assert told(result) == [(OPENED, 60), (RESOLVED, 200)]  # noon is 20:00 there
        assert told(result, "log") == [(OPENED, 0), (RESOLVED, 200)]

    def test_what_is_in_hand_is_quiet_until_it_ends(self) -> None:
        story = Story().news(30, "login").over(60).again(70).over(90)
        result = rehearsed(story, mutes=acknowledged(story, 10, MAJOR))
        assert told(result) == [(OPENED, 0), (RESOLVED, 60), (REOPENED, 70), (RESOLVED, 90)]
        assert Reason.ACKNOWLEDGED in reasons(result)

    def test_what_is_in_hand_is_told_when_it_grows_worse(self) -> None:
        story = Story().worse(30, CRITICAL).over(60)
        assert told(rehearsed(story, mutes=acknowledged(story, 10, MAJOR)))[1] == (ESCALATED, 30)


def test_what_goes_on_is_repeated_and_each_time_under_a_key_of_its_own() -> None:
    policy = NotificationPolicy([OPS], [Route(receivers=("ops",), reminder_every=HOUR)])
    result = rehearsed(Story().over(150), policy=policy)
    assert told(result) == [(OPENED, 0), (REPEATED, 60), (REPEATED, 120), (RESOLVED, 150)]
    keys = [d.alert.key for d in result.deliveries]
    assert len(set(keys)) == 4


class TestFlapping:
    def story(self) -> Story:
        story = Story()
        for i in range(1, 9):
            story.over(20 * i).again(20 * i + 10)
        return story.over(200)

    def test_its_end_is_told_once_it_stays_ended(self) -> None:
        result = rehearsed(self.story())
        kinds = [kind for kind, _ in told(result)]
        assert kinds == [OPENED, RESOLVED, REOPENED, RESOLVED, REOPENED, RESOLVED]
        assert [d.at for d in result.decisions if d.kind][-1] == NOON + 260 * MINUTE
        assert Reason.FLAPPING in reasons(result)

    def test_one_that_grows_worse_is_told_all_the_same(self) -> None:
        story = self.story()
        story.now = replace(story.now, ended_at=None, resolved_at=None, severity=CRITICAL)
        story._tell(REOPENED, 210)
        assert told(rehearsed(story))[-1] == (ESCALATED, 210)


class TestEchoes:
    def test_echoes_are_told_with_their_origin(self) -> None:
        origin = Story()
        echoes = [Story(name, minute=2, echo_of=origin) for name in ("QQ", "Alipay")]
        result = rehearsed(origin.over(60), *(echo.over(59) for echo in echoes))
        assert told(result) == [(OPENED, 0), (UPDATED, 5), (RESOLVED, 60)]
        message = result.deliveries[1].alert
        assert isinstance(message, Alert)
        assert message.new_facts.related == ("Alipay", "QQ")
        assert reasons(result, "qq")[0] is Reason.GROUPED
        grouped = next(d for d in result.decisions if d.reason is Reason.GROUPED)
        assert grouped.params == {
            "root": "WeChat",
            "root_id": origin.now.id,
            "because": "mentions",
            "share": 0.5,
        }

    def test_who_did_not_hear_of_the_origin_hears_of_the_echo(self) -> None:
        only = Route((parse_matcher("service=QQ"),), ("chat", "ops"))
        policy = NotificationPolicy(
            [OPS, ReceiverPolicy("chat", MINOR)], [only, Route(receivers=("ops",))]
        )
        origin = Story()
        result = rehearsed(origin, Story("QQ", minute=9, echo_of=origin), policy=policy)
        assert told(result, "chat") == [(OPENED, 9)]
        assert told(result, "ops") == [(OPENED, 0), (UPDATED, 9)]

    def test_an_echo_that_outlives_its_origin_is_told_by_itself(self) -> None:
        origin = Story()
        echo = Story("QQ", minute=9, echo_of=origin).over(120)
        result = rehearsed(origin.over(60), echo)
        assert told(result)[2:] == [(RESOLVED, 60), (OPENED, 75), (RESOLVED, 120)]
        assert reasons(result, "qq")[1] is Reason.OUTLASTS_ROOT

    def test_an_echo_worse_than_its_origin_is_told_by_itself(self) -> None:
        origin = Story()
        echo = Story("QQ", minute=9, echo_of=origin).worse(30, CRITICAL)
        result = rehearsed(origin, echo)
        assert told(result) == [(OPENED, 0), (UPDATED, 9), (OPENED, 35)]
        assert reasons(result, "qq")[1] is Reason.EXCEEDS_ROOT

    def test_of_several_echoes_that_grow_worse_one_is_told_by_itself(self) -> None:
        origin = Story()
        echoes = [
            Story(name, minute=2, echo_of=origin).worse(minute, CRITICAL)
            for name, minute in (("QQ", 30), ("Alipay", 31), ("Weibo", 32))
        ]
        result = rehearsed(origin, *echoes)
        assert told(result) == [(OPENED, 0), (UPDATED, 5), (OPENED, 35)]

    def test_an_echo_of_what_is_silenced_is_told_by_itself(self) -> None:
        origin = Story()
        echo = Story("QQ", minute=20, echo_of=origin)
        assert told(rehearsed(origin, echo, mutes=silenced(10, 60))) == [(OPENED, 0), (OPENED, 20)]

    def test_an_echo_of_what_is_inhibited_is_told_by_itself(self) -> None:
        cause, origin = Story("Cloud", minute=10), Story()
        echo = Story("QQ", minute=20, echo_of=origin)
        rule = Inhibition((parse_matcher("service=Cloud"),), (parse_matcher("service=WeChat"),))
        result = rehearsed(
            cause, origin, echo, policy=NotificationPolicy([OPS], inhibitions=[rule])
        )
        assert told(result) == [(OPENED, 0), (OPENED, 10), (OPENED, 20)]

    def test_an_echo_of_what_is_in_hand_is_in_hand_too(self) -> None:
        origin = Story()
        echo = Story("QQ", minute=20, echo_of=origin)
        result = rehearsed(origin, echo, mutes=acknowledged(origin, 10, MAJOR))
        assert told(result) == [(OPENED, 0)]
        assert reasons(result, "qq")[0] is Reason.GROUPED


class TestAge:
    """What a turn finds long after it happened."""

    NOW = NOON + 72 * HOUR

    def found(self, *alerts: Alert, before: Sequence[Alert] = (), seen: datetime) -> DryRun:
        heard = {"ops": NOTHING}
        for alert in before:
            heard["ops"] = heard["ops"].plus(alert)
        last = (*before, *alerts)[-1].incident
        record = IncidentRecord(last, tuple(before), alerts, heard, observed_until=seen)
        told = decide_all([record], ONE, now=self.NOW, wall=self.NOW)
        return DryRun(told.deliveries, told.decisions)

    def test_what_is_over_by_then_is_not_told(self) -> None:
        result = self.found(*Story().over(60).alerts, seen=self.NOW)
        assert told(result) == []
        assert reasons(result) == [Reason.TOO_OLD, Reason.NEVER_NOTIFIED]

    def test_what_still_goes_on_is_told(self) -> None:
        assert told(self.found(*Story().alerts, seen=self.NOW)) == [(OPENED, 72 * 60)]

    def test_what_nobody_has_seen_since_is_not_told(self) -> None:
        result = self.found(*Story().alerts, seen=NOON + HOUR)
        assert reasons(result) == [Reason.TOO_OLD, Reason.NOT_OBSERVED]

    def test_its_end_is_told_to_who_heard_of_it(self) -> None:
        opened, resolved = Story().over(60).alerts
        assert told(self.found(resolved, before=[opened], seen=self.NOW)) == [(RESOLVED, 60)]


STEPS = st.lists(
    st.tuples(st.integers(1, 90), st.sampled_from(["news", "worse", "over", "again"])), max_size=8
)


def lived(steps: Sequence[tuple[int, str]], service: str, echo_of: Story | None = None) -> Story:
    """A story with the steps that make sense, one after the other."""
    story, minute = Story(service, severity=MINOR, echo_of=echo_of), 0.0
    for wait, step in steps:
        minute += wait
        if step == "again" and not story.now.is_open:
            story.again(minute)
        elif step == "over" and story.now.is_open:
            story.over(minute)
        elif step == "worse" and story.now.is_open and story.now.severity < CRITICAL:
            story.worse(minute, Severity(story.now.severity + 1))
        elif step == "news" and story.now.is_open:
            story.news(minute, f"part {minute:g}")
    return story


@settings(max_examples=60, deadline=None)
@given(
    steps=STEPS,
    echoes=STEPS,
    least=st.sampled_from(Severity),
    mute=st.tuples(st.integers(-5, 200), st.integers(1, 200)),
    repeat=st.sampled_from([None, 30 * MINUTE]),
    every=st.sampled_from([MINUTE, 7 * MINUTE]),
)
def test_whatever_happens(
    steps: list[tuple[int, str]],
    echoes: list[tuple[int, str]],
    least: Severity,
    mute: tuple[int, int],
    repeat: timedelta | None,
    every: timedelta,
) -> None:
    origin = lived(steps, "WeChat")
    stories = [origin, lived(echoes, "QQ", origin)]
    policy = NotificationPolicy(
        [ReceiverPolicy("ops", least), ReceiverPolicy("log", MINOR)],
        [Route(receivers=("ops", "log"), reminder_every=repeat)],
    )
    alerts = [alert for story in stories for alert in story.alerts]
    mutes = silenced(mute[0], sum(mute))
    result = dry_run(alerts, policy, until=NOON + 20 * HOUR, every=every, mutes=mutes)
    for name in ("ops", "log"):
        for story in stories:
            sent = [
                d.alert
                for d in result.deliveries
                if d.receiver == name
                and isinstance(d.alert, Alert)
                and d.alert.incident.id == story.now.id
            ]
            keys = [alert.key for alert in sent]
            assert len(set(keys)) == len(keys), "each key once per receiver"
            kinds = [alert.kind for alert in sent]
            assert not kinds or kinds[0] is OPENED, "never told of what it had not heard of"
            knows = [kind is not RESOLVED for kind in kinds]
            for before, kind in zip(knows, kinds[1:], strict=False):
                assert before is (kind is not REOPENED), "ended once, began again once"
            if kinds and not story.now.is_open:
                assert kinds[-1] is RESOLVED, "who heard of it hears of its end"
            if not kinds:
                said = [d for d in result.decisions if d.receiver == name]
                assert any(d.incident_id == story.now.id for d in said), "never silently"


def test_the_case_of_a_late_end_is_decided_when_it_is_sent() -> None:
    result = rehearsed(Story().over(50), mutes=silenced(10, 60))
    assert [d.at for d in result.decisions if d.kind is RESOLVED] == [NOON + 60 * MINUTE]


@pytest.mark.parametrize("every", [1, 5, 30], ids=["each minute", "each 5", "each 30"])
def test_how_often_the_clock_ticks_changes_no_alert_of_a_plain_receiver(every: int) -> None:
    story = Story().news(20, "payments").worse(31, CRITICAL).over(64).again(70).over(90)
    result = dry_run(story.alerts, ONE, until=END, every=every * MINUTE)
    assert [d.alert for d in result.deliveries] == story.alerts
