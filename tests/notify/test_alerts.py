"""What there is to tell, and why not; the ids read as sentences."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from detector.model.alert import NO_NEW_FACTS, Alert, AlertKind, NewFacts
from detector.model.details import AuthorKind, Details, FacetVerdict
from detector.model.incident import Incident, Severity
from detector.notify.alerts import AlertHistory, Reason, alert_reason, known_of, news_of
from tests.fakes.outages import NOON, an_incident

MINUTE = timedelta(minutes=1)
OPEN = an_incident(severity=Severity.MAJOR)
OVER = an_incident(severity=Severity.MAJOR, lasted=timedelta(hours=1))
MILD = replace(OPEN, severity=Severity.MINOR)
TOLD = AlertHistory(1, Severity.MAJOR)
END_TOLD = AlertHistory(2, Severity.MAJOR, ended=True)

TABLE = [
    pytest.param(OPEN, None, Reason.OPENED, id="never told"),
    pytest.param(OPEN, TOLD, Reason.NO_CHANGE, id="told and unchanged"),
    pytest.param(OPEN, AlertHistory(1, Severity.MINOR), Reason.ESCALATED, id="worse than was told"),
    pytest.param(MILD, TOLD, Reason.NO_CHANGE, id="milder than was told"),
    pytest.param(OVER, TOLD, Reason.RESOLVED, id="just ended"),
    pytest.param(OVER, END_TOLD, Reason.NO_CHANGE, id="end already told"),
    pytest.param(OVER, None, Reason.NEVER_NOTIFIED, id="blip nobody heard of"),
    pytest.param(OPEN, END_TOLD, Reason.REOPENED, id="broke again"),
]
WHO = [
    pytest.param(AuthorKind.PRESS, Reason.PRESS, id="only the press reports"),
    pytest.param(AuthorKind.FEW_ACCOUNTS, Reason.FEW_ACCOUNTS, id="a handful of accounts writes"),
    pytest.param(AuthorKind.PEOPLE, Reason.OPENED, id="people complain"),
]
NEWS = [
    pytest.param(NewFacts(components=("payments",)), False, Reason.UPDATED, id="payments fail too"),
    pytest.param(
        NewFacts(sources=("x",)), True, Reason.TOO_SOON, id="news a minute after the last"
    ),
    pytest.param(NO_NEW_FACTS, False, Reason.NO_CHANGE, id="no news"),
]


@pytest.mark.parametrize(("incident", "told", "reason"), TABLE)
def test_reason_to_tell(incident: Incident, told: AlertHistory | None, reason: Reason) -> None:
    assert alert_reason(incident, told) is reason


@pytest.mark.parametrize(("written_by", "reason"), WHO)
def test_nobody_is_woken_unless_people_complain(written_by: AuthorKind, reason: Reason) -> None:
    assert alert_reason(OPEN, None, written_by=written_by) is reason
    assert alert_reason(OVER, TOLD, written_by=written_by) is Reason.RESOLVED


@pytest.mark.parametrize(("news", "too_soon", "reason"), NEWS)
def test_news_are_told_but_not_at_once(news: NewFacts, too_soon: bool, reason: Reason) -> None:
    assert alert_reason(OPEN, TOLD, new_facts=news, too_soon=too_soon) is reason
    worse = replace(OPEN, severity=Severity.CRITICAL)
    assert alert_reason(worse, TOLD, new_facts=news, too_soon=too_soon) is Reason.ESCALATED
    assert alert_reason(OVER, TOLD, new_facts=news, too_soon=too_soon) is Reason.RESOLVED


#: The reasons that an incident as a whole is decided for.
OF_INCIDENTS = {
    *(Reason.OPENED, Reason.ESCALATED, Reason.UPDATED, Reason.REOPENED, Reason.RESOLVED),
    *(Reason.NO_CHANGE, Reason.TOO_SOON, Reason.NEVER_NOTIFIED, Reason.PRESS, Reason.FEW_ACCOUNTS),
}


def test_every_reason_has_a_case_of_its_own() -> None:
    assert {param.values[-1] for param in (*TABLE, *WHO, *NEWS)} == OF_INCIDENTS


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (Reason.OPENED, AlertKind.OPENED),
        (Reason.ESCALATED, AlertKind.ESCALATED),
        (Reason.UPDATED, AlertKind.UPDATED),
        (Reason.REOPENED, AlertKind.REOPENED),
        (Reason.RESOLVED, AlertKind.RESOLVED),
    ],
    ids=lambda value: value.name.lower(),
)
def test_what_is_told_has_its_kind(reason: Reason, kind: AlertKind) -> None:
    assert reason.kind is kind
    assert sum(reason.kind is not None for reason in OF_INCIDENTS) == 5


class TestUpdatesStayFew:
    def told(self, updates: int) -> AlertHistory:
        return replace(TOLD, at=NOON, updates=updates)

    @pytest.mark.parametrize(("updates", "minutes"), [(0, 15), (1, 30), (2, 60), (3, 120)])
    def test_each_waits_twice_as_long_as_the_one_before(self, updates: int, minutes: int) -> None:
        every, waits = timedelta(minutes=15), timedelta(minutes=minutes)
        assert self.told(updates).may_update(NOON + waits, every)
        assert not self.told(updates).may_update(NOON + waits - MINUTE, every)

    def test_only_updates_count(self) -> None:
        told = TOLD
        for kind in AlertKind:
            told = told.plus(Alert(kind, NOON, OPEN, told.messages + 1), NO_NEW_FACTS)
        assert told.updates == 1
        assert told.messages == 1 + len(AlertKind)


def verdict(facet: str, name: str, share: float, low: float = 1.5) -> FacetVerdict:
    return FacetVerdict(facet, name, "affected", share, 2.0, low, 3.0)


def details(*facets: FacetVerdict) -> Details:
    return Details(AuthorKind.PEOPLE, 90, 80, 0.0, None, facets, (), ())


class TestNews:
    def test_what_was_told_is_no_news(self) -> None:
        said = details(verdict("component", "login", 0.5), verdict("region", "Beijing", 0.4))
        assert known_of(OPEN, said) == NewFacts(("login",), ("Beijing",), ("weibo",))
        told = TOLD.plus(Alert(AlertKind.OPENED, NOON, OPEN, 1, said), known_of(OPEN, said))
        assert not news_of(OPEN, said, told)
        more = details(*said.facets, verdict("component", "payments", 0.2))
        assert news_of(OPEN, more, told) == NewFacts(components=("payments",))

    def test_another_source_is_news(self) -> None:
        both = replace(OPEN, sources=("bluesky", "weibo"))
        told = replace(TOLD, sources=("weibo",))
        assert news_of(both, None, told) == NewFacts(sources=("bluesky",))

    def test_what_few_name_is_none(self) -> None:
        few = details(verdict("region", "Yunnan", 0.02))
        assert not news_of(OPEN, few, replace(TOLD, sources=("weibo",)))

    def test_they_are_parameters_of_a_decision(self) -> None:
        news = NewFacts(("payments",), ("Beijing", "Henan"), ("x",), ("QQ",))
        assert news.params == {
            "components": ["payments"],
            "regions": ["Beijing", "Henan"],
            "sources": ["x"],
            "services": ["QQ"],
        }
        assert NO_NEW_FACTS.params == {}
