"""Messages about services on a trending list: its lowest entry is no expectation."""

from __future__ import annotations

from dataclasses import replace
from math import nan

from tests.fakes.outages import an_alert, an_incident
from tests.fakes.words import a_writer


def test_heat_is_compared_with_the_lowest_entry_of_the_list() -> None:
    incident = replace(an_incident(), evidence=nan, peak_count=900.0, expected_at_peak=30.0)
    lines = dict(line.split(maxsplit=1) for line in a_writer().message(an_alert(incident)).lines)
    assert lines["peak"].startswith("heat 900; the lowest entry of the list had 30")
    assert "excess" not in lines
