"""Messages about services on a trending list: its lowest entry is no expectation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from math import nan

from detector.alerting.message import message
from tests.fakes.outages import an_alert, an_incident


def test_heat_is_compared_with_the_lowest_entry_of_the_list() -> None:
    incident = replace(an_incident(), evidence=nan, peak_count=900.0, expected_at_peak=30.0)
    facts = dict(message(an_alert(incident), UTC).facts)
    assert facts["observed"].endswith("30 times the lowest on the list, 30")
    assert "excess" not in facts
