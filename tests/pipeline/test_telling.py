"""From changes of surges to incidents, and what people are told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from detector.complaints.archive import Archive
from detector.model.alert import Alert, AlertKind
from detector.model.decision import Decision
from detector.model.details import AuthorKind
from detector.model.incident import Severity
from detector.notify.alerts import Reason
from detector.pipeline.incident_updates import IncidentUpdates, SurgeChange, update_incidents
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.state import LatestIncident
from tests.fakes.outages import NOON
from tests.pipeline.plans import lexicon_plan
from tests.pipeline.saying import MINUTE, closed, complaints, lasts, opened, revised

OPENED, ESCALATED = AlertKind.OPENED, AlertKind.ESCALATED
REOPENED, RESOLVED = AlertKind.REOPENED, AlertKind.RESOLVED


@pytest.fixture(scope="module")
def the_plan() -> PipelinePlan:
    return lexicon_plan()


def distinctive(
    plan: PipelinePlan, *said: SurgeChange, archive: Archive | None = None
) -> IncidentUpdates:
    return update_incidents({}, said, archive or Archive(), plan)


def kinds(told: IncidentUpdates) -> list[AlertKind]:
    return [alert.kind for alert in told.alerts]


def reasons(told: IncidentUpdates) -> list[Reason]:
    return [decision.reason for decision in told.decisions]


def test_an_outage_is_told_when_it_begins_and_when_it_has_ended(the_plan: PipelinePlan) -> None:
    told = distinctive(the_plan, opened(0), revised(0, 5, excess=40), closed(0, 60))
    assert kinds(told) == [OPENED, RESOLVED]
    assert reasons(told) == [Reason.OPENED, Reason.NO_CHANGE, Reason.RESOLVED]
    assert [alert.sequence for alert in told.alerts] == [1, 2]
    (incident,) = told.incidents
    assert incident.ended_at == NOON + 60 * MINUTE
    assert not incident.is_open


@pytest.mark.parametrize(
    ("minutes_later", "incidents", "last"),
    [(59, 1, REOPENED), (60, 1, REOPENED), (61, 2, OPENED)],
    ids=["within the hour", "exactly an hour", "more than an hour"],
)
def test_what_begins_again_within_an_hour_of_the_end_is_the_same_incident(
    the_plan: PipelinePlan, minutes_later: int, incidents: int, last: AlertKind
) -> None:
    begins = 60 + minutes_later  # the end lies at 60; a surge begins 3 minutes before its notice
    told = distinctive(the_plan, opened(0), closed(0, 60), opened(begins + 3))
    assert kinds(told) == [OPENED, RESOLVED, last]
    assert len({alert.incident.id for alert in told.alerts}) == incidents


def test_what_fails_while_an_incident_only_lasts_is_another_one_inside_it(
    the_plan: PipelinePlan,
) -> None:
    before = distinctive(the_plan, opened(0), lasts(0, 360))
    told = update_incidents(
        before.latest,
        [opened(700), closed(700, 760), opened(800), closed(800, 860), closed(0, 2000)],
        Archive(),
        the_plan,
    )
    outer, inner = sorted(told.incidents, key=lambda i: i.noticed_at)
    assert [(a.kind, a.incident.id) for a in told.alerts] == [
        (OPENED, inner.id),
        (RESOLVED, inner.id),
        (REOPENED, inner.id),
        (RESOLVED, inner.id),
        (RESOLVED, outer.id),
    ]
    assert outer.ended_at == NOON + 2000 * MINUTE
    assert inner.ended_at == NOON + 860 * MINUTE


def test_a_source_that_joins_while_another_still_rises_is_no_other_incident(
    the_plan: PipelinePlan,
) -> None:
    told = distinctive(
        the_plan,
        opened(0),
        opened(5, source="x"),
        lasts(0, 360),
        opened(700),
        closed(5, 800, source="x"),
    )
    assert len({incident.id for incident in told.incidents}) == 1


def test_what_begins_when_all_inside_is_over_is_inside_the_lasting_one_too(
    the_plan: PipelinePlan,
) -> None:
    told = distinctive(
        the_plan, opened(0), lasts(0, 360), opened(700), closed(700, 760), opened(1000)
    )
    known = told.latest["WeChat"].known
    assert [one.merging.incident().is_open for one in known] == [True, True]
    assert [one.merging.incident().noticed_at for one in known] == [
        NOON,
        NOON + 1000 * MINUTE,
    ]


def test_an_incident_that_flaps_keeps_its_id_and_start_and_counts_its_messages(
    the_plan: PipelinePlan,
) -> None:
    told = distinctive(
        the_plan, opened(0), closed(0, 20), opened(40), closed(40, 60), opened(80), closed(80, 99)
    )
    assert kinds(told) == [OPENED, RESOLVED, REOPENED, RESOLVED, REOPENED, RESOLVED]
    assert [alert.sequence for alert in told.alerts] == [1, 2, 3, 4, 5, 6]
    assert len({alert.key for alert in told.alerts}) == 6
    (incident,) = told.incidents
    assert incident.noticed_at == NOON
    assert incident.ended_at == NOON + 99 * MINUTE


def test_one_that_becomes_worse_is_told_once_per_severity(the_plan: PipelinePlan) -> None:
    told = distinctive(
        the_plan,
        opened(0),
        revised(0, 5, excess=400),
        revised(0, 9, excess=500),
        revised(0, 30, excess=4000),
        revised(0, 40, excess=100),
    )
    assert kinds(told) == [OPENED, ESCALATED, ESCALATED]
    known = [alert.incident.severity for alert in told.alerts]
    assert known == [Severity.MINOR, Severity.MAJOR, Severity.CRITICAL]
    assert told.incidents[0].severity is Severity.CRITICAL


class TestTwoSources:
    def test_they_are_one_incident_that_ends_with_the_last(self, the_plan: PipelinePlan) -> None:
        told = distinctive(
            the_plan,
            opened(0, source="a"),
            opened(4, source="b"),
            closed(0, 30, source="a"),
            closed(4, 50, source="b"),
        )
        assert kinds(told) == [OPENED, RESOLVED]
        (incident,) = told.incidents
        assert incident.sources == ("a", "b")
        assert incident.ended_at == NOON + 50 * MINUTE

    def test_one_that_lags_does_not_make_it_another_incident(self, the_plan: PipelinePlan) -> None:
        first = distinctive(the_plan, opened(5, source="a"))
        later = update_incidents(first.latest, [opened(2, source="b")], Archive(), the_plan)
        assert later.incidents[0].id == first.incidents[0].id
        assert later.incidents[0].noticed_at == first.incidents[0].noticed_at
        assert not later.alerts

    def test_their_order_in_one_pass_is_that_of_time(self, the_plan: PipelinePlan) -> None:
        both = sorted([opened(5, source="a"), opened(2, source="b")], key=lambda s: s[:3])
        (incident,) = distinctive(the_plan, *both).incidents
        assert incident.noticed_at == NOON + 2 * MINUTE


def test_services_are_told_apart(the_plan: PipelinePlan) -> None:
    names = ["a.b", "a/b", "a b", "💥", "微信"]
    told = distinctive(the_plan, *(opened(0, service=name) for name in names))
    assert len({incident.id for incident in told.incidents}) == len(names)
    assert set(told.latest) == set(names)


class TestWhoSpeaks:
    def press(self) -> Archive:
        rows = [(-2 + i / 60, f"p{i}", f"WeChat down http://n.ews/{i}") for i in range(60)]
        return Archive().plus(complaints(*rows))

    def brigade(self) -> Archive:
        rows = [(-2 + i / 60, f"b{i % 2}", f"微信崩了 {i}") for i in range(60)]
        return Archive().plus(complaints(*rows))

    @pytest.mark.parametrize(
        ("who", "reason"), [("press", Reason.PRESS), ("brigade", Reason.FEW_ACCOUNTS)]
    )
    def test_nobody_is_woken_for_others_than_people(
        self, the_plan: PipelinePlan, who: str, reason: Reason
    ) -> None:
        archive: Archive = getattr(self, who)()
        told = distinctive(the_plan, opened(0), closed(0, 60), archive=archive)
        assert not told.alerts
        assert reasons(told) == [reason, Reason.NEVER_NOTIFIED]
        assert len(told.incidents) == 1

    def test_it_is_told_once_people_join_in(self, the_plan: PipelinePlan) -> None:
        people = [(1 + i / 100, f"m{i}", "微信崩了") for i in range(300)]
        archive = self.press().plus(complaints(*people))
        told = distinctive(the_plan, opened(0), revised(0, 5, excess=50), archive=archive)
        assert reasons(told) == [Reason.PRESS, Reason.OPENED]
        (alert,) = told.alerts
        assert (alert.kind, alert.sequence) == (OPENED, 1)
        assert alert.details is not None
        assert alert.details.written_by is AuthorKind.PEOPLE


@pytest.mark.parametrize("cuts", [(), (1,), (2,), (3,), (1, 2, 3, 4)])
def test_what_is_told_does_not_depend_on_how_changes_are_chunked(
    the_plan: PipelinePlan, cuts: Sequence[int]
) -> None:
    said = [opened(0), revised(0, 5, excess=400), closed(0, 20), opened(40), closed(40, 60)]
    whole = distinctive(the_plan, *said)
    latest: dict[str, LatestIncident] = {}
    alerts: list[Alert] = []
    decisions: list[Decision] = []
    for first, last in zip([0, *cuts], [*cuts, len(said)], strict=True):
        part = update_incidents(latest, said[first:last], Archive(), the_plan)
        latest = dict(part.latest)
        alerts += part.alerts
        decisions += part.decisions
    assert tuple(alerts) == whole.alerts
    assert tuple(decisions) == whole.decisions
