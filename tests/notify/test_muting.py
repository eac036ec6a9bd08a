"""Who wants quiet, and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from detector.model.alert import AlertKind, NewFacts
from detector.model.delivery import DeliveryStatus
from detector.model.details import AuthorKind, Details, FacetVerdict
from detector.model.incident import Severity
from detector.model.matcher import parse_matcher
from detector.model.silence import Acknowledgement, Silence
from detector.notify.decide import flaps
from detector.notify.inhibit import inhibitor
from detector.notify.mute import acting_interval, acting_silence, holds
from detector.notify.mute_times import MuteTimeInterval
from detector.notify.notification_state import states_of
from detector.notify.policy import Inhibition, NotificationTiming
from detector.notify.route import labels_of
from tests.fakes.outages import NOON, a_delivery, an_alert, an_incident

HOUR = timedelta(hours=1)
WECHAT = labels_of(an_incident("WeChat"), None, {})
PAY = labels_of(an_incident("WeChat Pay", severity=Severity.MINOR), None, {})


def silence(id: str = "s", *, hours: int = 2, comment: str = "deploy") -> Silence:  # noqa: A002
    matchers = (parse_matcher("service=WeChat"),)
    return Silence(id, matchers, NOON, NOON + hours * HOUR, "ana", comment)


class TestSilence:
    @pytest.mark.parametrize(
        ("after", "acts"),
        [
            pytest.param(-timedelta(seconds=1), False, id="before it begins"),
            pytest.param(timedelta(0), True, id="when it begins"),
            pytest.param(2 * HOUR, False, id="when it ends"),
        ],
    )
    def test_acts_from_its_beginning_to_its_end(self, after: timedelta, acts: bool) -> None:
        found = acting_silence([silence()], WECHAT, at=NOON + after)
        assert (found is not None) is acts

    def test_of_several_the_one_that_ends_last_counts(self) -> None:
        long = silence()
        assert acting_silence([silence("t", hours=1), long], WECHAT, at=NOON) is long

    def test_leaves_others_alone(self) -> None:
        assert acting_silence([silence()], PAY, at=NOON) is None


class TestInhibition:
    RULE = Inhibition((parse_matcher("service=WeChat"),), (parse_matcher('service=~"WeChat.*"'),))

    def test_mutes_what_follows_while_the_other_goes_on(self) -> None:
        assert inhibitor([self.RULE], PAY, [WECHAT]) == WECHAT["incident"][0]
        assert inhibitor([self.RULE], PAY, []) is None

    def test_nothing_mutes_itself(self) -> None:
        assert inhibitor([self.RULE], WECHAT, [WECHAT, PAY]) is None

    @pytest.mark.parametrize(
        ("one", "other", "muted"),
        [
            pytest.param(("Beijing",), ("Beijing", "Henan"), True, id="a region in common"),
            pytest.param(("Beijing",), ("Henan",), False, id="no region in common"),
            pytest.param((), (), True, id="neither names a region"),
            pytest.param(("Beijing",), (), False, id="only one names a region"),
        ],
    )
    def test_asks_for_equal_labels(
        self, one: tuple[str, ...], other: tuple[str, ...], muted: bool
    ) -> None:
        rule = replace(self.RULE, equal=("region",))
        by = inhibitor([rule], {**PAY, "region": one}, [{**WECHAT, "region": other}])
        assert (by is not None) is muted


def test_only_an_interval_that_is_named_acts() -> None:
    night = MuteTimeInterval(
        "nights", frozenset(range(7)), time(22), time(7), ZoneInfo("Asia/Shanghai")
    )
    at = datetime(2022, 7, 22, 16, 0, tzinfo=UTC)  # midnight there
    assert acting_interval([night], WECHAT, at=at) is night
    assert acting_interval([night], WECHAT, at=at + 7 * HOUR) is None
    assert acting_interval([], WECHAT, at=at) is None


class TestInHand:
    INCIDENT = an_incident()
    SAID = Acknowledgement(INCIDENT.id, NOON + HOUR, Severity.MAJOR, "bo", "on it")

    def test_it_is_quiet(self) -> None:
        assert holds(self.SAID, [an_alert(self.INCIDENT)], Severity.MAJOR)

    def test_it_rearms_when_it_grows_worse(self) -> None:
        assert not holds(self.SAID, [], Severity.CRITICAL)

    def test_it_rearms_when_it_ends(self) -> None:
        over = an_alert(self.INCIDENT, kind=AlertKind.RESOLVED, sequence=2, at=NOON + 2 * HOUR)
        assert not holds(self.SAID, [an_alert(self.INCIDENT), over], Severity.MAJOR)

    def test_it_rearms_when_it_had_ended_and_nobody_knew_yet(self) -> None:
        opened = an_alert(self.INCIDENT)
        over = an_alert(self.INCIDENT, kind=AlertKind.RESOLVED, sequence=2, at=self.SAID.at)
        again = an_alert(self.INCIDENT, kind=AlertKind.REOPENED, sequence=3, at=self.SAID.at)
        assert not holds(self.SAID, [opened, over], Severity.MAJOR)
        assert holds(self.SAID, [opened, over, again], Severity.MAJOR)


class TestState:
    def test_what_was_refused_is_not_known(self) -> None:
        dead = replace(a_delivery(), status=DeliveryStatus.DEAD)
        known = states_of([dead], [])["ops"]
        assert not known.knows
        assert known.refused(an_alert())
        assert not known.refused(an_alert(sequence=2))

    def test_the_last_message_counts_and_related_services_add_up(self) -> None:
        first = replace(an_alert(), new_facts=NewFacts(related=("QQ",)))
        second = replace(an_alert(sequence=1), notice=2, new_facts=NewFacts(related=("X",)))
        last = an_alert(an_incident(lasted=HOUR), kind=AlertKind.RESOLVED, sequence=2)
        told = [a_delivery(alert) for alert in (last, second, first)]
        known = states_of(told, [])["ops"]
        assert (known.messages, known.sequence, known.ended) == (3, 2, True)
        assert known.related == {"QQ", "X"}

    def test_nothing_was_sent(self) -> None:
        assert states_of([], []) == {}


class TestLabels:
    def test_what_is_hit_is_a_label_and_what_is_spared_is_not(self) -> None:
        def facet(kind: str, name: str, verdict: str) -> FacetVerdict:
            return FacetVerdict(kind, name, verdict, 0.5, 2.0, 1.5, 3.0)

        facets = (
            facet("component", "login", "affected"),
            facet("component", "voice", "not affected"),
            facet("region", "Beijing", "affected"),
        )
        details = Details(AuthorKind.PEOPLE, 9, 9, 0.0, None, facets, (), ())
        found = labels_of(an_incident(), details, {"Tencent": ("WeChat", "QQ"), "X": ("QQ",)})
        assert found == {
            "service": ("WeChat",),
            "severity": ("major",),
            "source": ("weibo",),
            "incident": (an_incident().id,),
            "provider": ("Tencent",),
            "component": ("login",),
            "region": ("Beijing",),
        }


@pytest.mark.parametrize(
    ("hours", "flapping"),
    [([0], False), ([0, 1], True), ([0, 7], False), ([0, 5, 7], True)],
    ids=["once", "twice at once", "twice in two days", "twice of late"],
)
def test_what_began_again_twice_within_six_hours_flaps(hours: list[int], flapping: bool) -> None:
    again = [
        an_alert(kind=AlertKind.REOPENED, sequence=i, at=NOON + h * HOUR)
        for i, h in enumerate(hours)
    ]
    assert flaps(again, NotificationTiming(), now=NOON + hours[-1] * HOUR) is flapping
