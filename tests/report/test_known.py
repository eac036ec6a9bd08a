"""An incident beside what is known of it from elsewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from detector.model.incident import Incident
from detector.report.known import lead_of, meets
from tests.report.looks import MINUTE, START
from tests.report.test_page import a_known, a_story

BEGAN = START + 900 * MINUTE


def an_incident_of_it() -> Incident:
    return a_story().incident


@pytest.mark.parametrize(
    ("at", "error"),
    [(-7, -7), (0, 0), (12, 0), (30, 0), (35, 5)],
    ids=["too early", "first report", "between the reports", "last report", "too late"],
)
def test_a_start_is_right_anywhere_between_the_reports(at: int, error: int) -> None:
    incident = an_incident_of_it()
    start = BEGAN + at * MINUTE
    onset = replace(incident.onset, at=start, earliest=start, latest=start)
    lead = lead_of(replace(incident, onset=onset), a_known(), was_noticed=True)
    assert lead.start_error == error * MINUTE
    assert lead.covered is (error == 0)


def test_lag_lead_and_end_are_counted_from_the_known_times() -> None:
    lead = lead_of(an_incident_of_it(), a_known(), was_noticed=True)
    assert lead.lag == 11 * MINUTE
    assert lead.lead == 49 * MINUTE
    assert lead.end_error == timedelta(0)


def test_what_was_not_noticed_leads_nobody() -> None:
    lead = lead_of(an_incident_of_it(), a_known(statements=()), was_noticed=False)
    assert (lead.lag, lead.lead) == (None, None)


@pytest.mark.parametrize(
    ("service", "start", "met"),
    [
        ("wechat", BEGAN, True),
        ("QQ", BEGAN, False),
        ("WeChat", BEGAN + 205 * MINUTE, True),
        ("WeChat", BEGAN + 211 * MINUTE, False),
        ("WeChat", BEGAN - timedelta(days=1), False),
    ],
    ids=["same service", "another service", "within grace", "after it", "the day before"],
)
def test_an_incident_meets_an_outage_of_its_service_that_overlaps(
    service: str, start: datetime, met: bool
) -> None:
    known = a_known(
        service=service,
        start_earliest=start,
        start_latest=start,
        end_earliest=None,
        end_latest=start + 60 * MINUTE,
    )
    assert meets(an_incident_of_it(), known) is met
