"""What complaints name beside their own service, and what that says of where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from detector.complaints.archive import Archive
from detector.model.alert import AlertKind, Because, NewFacts
from detector.model.decision import Reason
from detector.pipeline.incident_updates import (
    IncidentUpdates,
    SurgeChange,
    mentions,
    update_incidents,
)
from detector.pipeline.plan import PipelinePlan
from tests.fakes.outages import NOON, an_incident
from tests.pipeline.plans import lexicon_plan
from tests.pipeline.saying import MINUTE, closed, complaints, opened, revised

BOTH = ("QQ也崩了，跟微信一样", "qq崩了？微信那边也是", "QQ登不上，WeChat too")
OWN = ("QQ崩了", "QQ登不上去", "QQ消息发不出去")


@pytest.fixture(scope="module")
def the_plan() -> PipelinePlan:
    return lexicon_plan()


def archive(texts: Sequence[str], n: int = 30, *, authors: int = 1000) -> Archive:
    rows = [(-2 + i / 10, f"p{i % authors}", texts[i % len(texts)]) for i in range(n)]
    return Archive().plus(complaints(*rows, service="QQ"))


class TestMentions:
    def count(self, the_plan: PipelinePlan, known: Archive, *services: str) -> tuple[int, ...]:
        at = NOON + 30 * MINUTE
        found = mentions(an_incident("QQ"), services, known, the_plan.reader, at=at)
        return (found.of, *(found.count(service) for service in services))

    def test_other_services_are_found_by_any_name(self, the_plan: PipelinePlan) -> None:
        assert self.count(the_plan, archive(BOTH), "WeChat", "Weibo") == (30, 30, 0)

    def test_one_that_is_in_no_list_is_found_by_its_own_name(self, the_plan: PipelinePlan) -> None:
        both = archive(("QQ崩了，Frobnicate也是",))
        assert self.count(the_plan, both, "Frobnicate") == (30, 30)

    def test_one_complaint_a_voice(self, the_plan: PipelinePlan) -> None:
        assert self.count(the_plan, archive(BOTH, authors=3), "WeChat") == (3, 3)

    def test_unknown_authors_count_each(self, the_plan: PipelinePlan) -> None:
        rows = [(i / 10, "", BOTH[0]) for i in range(9)]
        known = Archive().plus(complaints(*rows, service="QQ"))
        assert self.count(the_plan, known, "WeChat") == (9, 9)

    def test_what_follows_is_not_known_yet(self, the_plan: PipelinePlan) -> None:
        known = archive(BOTH)
        found = mentions(an_incident("QQ"), ["WeChat"], known, the_plan.reader, at=NOON)
        assert found.of == 20

    def test_nobody_said_anything(self, the_plan: PipelinePlan) -> None:
        assert self.count(the_plan, Archive(), "WeChat") == (0, 0)


class TestTelling:
    def told(self, plan: PipelinePlan, texts: Sequence[str], *said: SurgeChange) -> IncidentUpdates:
        first = [opened(-10), revised(-10, -5, excess=900)]
        return update_incidents({}, [*first, *said], archive(texts), plan)

    def test_the_alert_of_an_echo_says_what_it_echoes(self, the_plan: PipelinePlan) -> None:
        told = self.told(the_plan, BOTH, opened(0, service="QQ"))
        attribution = told.alerts[-1].attribution
        assert attribution is not None
        assert (attribution.root, attribution.because) == ("WeChat", Because.MENTIONS)
        assert attribution.root_id == told.alerts[0].incident.id
        assert told.decisions[-1].reason is Reason.OPENED
        assert told.decisions[-1].params == attribution.params

    def test_complaints_about_itself_alone_make_no_echo(self, the_plan: PipelinePlan) -> None:
        assert self.told(the_plan, OWN, opened(0, service="QQ")).alerts[-1].attribution is None

    def test_later_messages_say_it_too(self, the_plan: PipelinePlan) -> None:
        said = [opened(0, service="QQ"), replace_service(closed(0, 60), "QQ")]
        told = self.told(the_plan, BOTH, *said)
        assert told.alerts[-1].kind is AlertKind.RESOLVED
        assert told.alerts[-1].attribution == told.alerts[-2].attribution is not None

    def test_an_echo_of_an_echo_comes_from_its_origin(self, the_plan: PipelinePlan) -> None:
        plan = replace(the_plan, providers={"Cloud": ("QQ", "Weibo")})
        said = [opened(0, service="QQ"), opened(3, service="Weibo")]
        told = self.told(plan, BOTH, *said)
        assert [a.attribution.root for a in told.alerts if a.attribution] == ["WeChat"] * 2

    def test_services_of_one_provider_are_said_to_share_it(self, the_plan: PipelinePlan) -> None:
        plan = replace(the_plan, providers={"Cloud": ("WeChat", "Weibo")})
        told = self.told(plan, OWN, opened(-3, service="Weibo"))
        attribution = told.alerts[-1].attribution
        assert attribution is not None
        assert attribution.provider == "Cloud"


def replace_service(said: SurgeChange, service: str) -> SurgeChange:
    return said._replace(key=said.key._replace(service=service))


class TestNews:
    def test_another_source_is_told_once_and_late_enough(self, the_plan: PipelinePlan) -> None:
        said = [
            opened(0, source="a"),
            opened(4, source="b"),
            revised(0, 10, excess=40, source="a"),
            revised(0, 15, excess=45, source="a"),
            revised(0, 40, excess=50, source="a"),
        ]
        told = update_incidents({}, said, Archive(), the_plan)
        assert [(a.kind, a.at) for a in told.alerts] == [
            (AlertKind.OPENED, NOON),
            (AlertKind.UPDATED, NOON + 15 * MINUTE),
        ]
        assert told.alerts[1].new_facts == NewFacts(sources=("b",))
        assert [d.reason for d in told.decisions][1:3] == [Reason.TOO_SOON] * 2
