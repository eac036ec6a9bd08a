"""Instants, series, severities, ids, merging and the wire."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.model.alert import Alert, AlertKind
from detector.model.documents import (
    alert_from_dict,
    alert_to_dict,
    incident_from_dict,
    incident_to_dict,
)
from detector.model.incident import Severity, incident_id
from detector.model.merge import IncidentMerge
from detector.model.series import CountSeries, SeriesKey
from detector.model.severity import SeverityRules, severity_of
from detector.model.surge import Onset, Surge
from detector.model.times import floor_to, from_seconds, iso, to_seconds
from tests.fakes.outages import NOON, an_incident

MINUTE = timedelta(minutes=1)
MINOR, MAJOR, CRITICAL = Severity.MINOR, Severity.MAJOR, Severity.CRITICAL


def surge(
    noticed: float = 0, *, excess: float = 100, lasted: float | None = None, evidence: float = 9
) -> Surge:
    """A surge noticed so many minutes after noon, begun three minutes earlier."""
    at = NOON + noticed * MINUTE
    began = at - 3 * MINUTE
    return Surge(
        onset=Onset(began, began - MINUTE, began + MINUTE),
        noticed_at=at,
        evidence=evidence,
        peak_at=at,
        peak_count=excess / 2,
        expected_at_peak=1.0,
        excess=excess,
        ended_at=None if lasted is None else began + lasted * MINUTE,
        resolved_at=None if lasted is None else began + (lasted + 10) * MINUTE,
    )


class TestTimes:
    def test_iso_is_utc_with_z(self) -> None:
        china = timezone(timedelta(hours=8))
        assert iso(datetime(2022, 7, 22, 22, 9, tzinfo=china)) == "2022-07-22T14:09:00Z"
        assert iso(from_seconds(0.25)) == "1970-01-01T00:00:00.250000Z"

    def test_naive_instants_are_refused(self) -> None:
        with pytest.raises(ValueError, match="has no time zone"):
            to_seconds(datetime(2022, 7, 22))  # noqa: DTZ001  (that is the point)

    @given(st.integers(0, 4 * 10**9), st.sampled_from([1, 60, 300, 3600]))
    def test_a_bin_holds_its_instant(self, second: int, width: int) -> None:
        left = floor_to(from_seconds(second), timedelta(seconds=width))
        assert left <= from_seconds(second) < left + timedelta(seconds=width)
        assert to_seconds(left) % width == 0


class TestSeries:
    def test_counts_are_read_only_and_have_one_axis(self) -> None:
        key = SeriesKey("WeChat", "weibo")
        series = CountSeries(key, NOON, MINUTE, np.array([1.0, np.nan]))
        assert series.end == NOON + 2 * MINUTE
        with pytest.raises(ValueError, match="read-only"):
            series.counts[0] = 2
        with pytest.raises(ValueError, match="one axis"):
            CountSeries(key, NOON, MINUTE, np.zeros((2, 2)))
        with pytest.raises(ValueError, match="aware"):
            CountSeries(key, NOON.replace(tzinfo=None), MINUTE, np.zeros(2))


class TestSeverity:
    @pytest.mark.parametrize(
        ("excess", "expected", "severity"),
        [
            (359, 1, MINOR),
            (360, 1, MAJOR),
            (2879, 1, MAJOR),
            (2880, 1, CRITICAL),
            (59, 0, MINOR),
            (60, 0, MAJOR),
            (599, 0, MAJOR),
            (600, 0, CRITICAL),
            (3000, 10, MINOR),
        ],
    )
    def test_hours_of_ordinary_volume_and_at_least_so_many_posts(
        self, excess: float, expected: float, severity: Severity
    ) -> None:
        one = replace(surge(excess=excess), expected_at_peak=expected)
        assert severity_of(one, width=MINUTE, trending=False, rules=SeverityRules()) is severity

    @pytest.mark.parametrize(
        ("minutes", "ratio", "per_minute", "severity"),
        [
            pytest.param(40, 12, 1, MAJOR, id="40 minutes at 12 times the usual"),
            pytest.param(30, 5, 1, MAJOR, id="half an hour at 5 times"),
            pytest.param(29, 5, 1, MINOR, id="a minute less"),
            pytest.param(60, 4, 1, MINOR, id="not quite so high"),
            pytest.param(40, 12, 0.1, MINOR, id="few people"),
            pytest.param(120, 10, 2, CRITICAL, id="two hours at 10 times"),
            pytest.param(119, 10, 2, MAJOR, id="not quite two hours"),
        ],
    )
    def test_height_for_a_time(
        self, minutes: int, ratio: float, per_minute: float, severity: Severity
    ) -> None:
        excess = minutes * (ratio - 1) * per_minute
        one = replace(surge(excess=excess), expected_at_peak=per_minute)
        at = one.onset.at + minutes * MINUTE
        rules = SeverityRules(major_hours=9.5)  # weight alone would do for some
        assert severity_of(one, width=MINUTE, trending=False, rules=rules, at=at) is severity

    @pytest.mark.parametrize(("heat", "severity"), [(49, MINOR), (50, MAJOR), (200, CRITICAL)])
    def test_heat_over_the_floor(self, heat: float, severity: Severity) -> None:
        one = replace(surge(), peak_count=heat, expected_at_peak=10)
        assert severity_of(one, width=MINUTE, trending=True, rules=SeverityRules()) is severity


class TestId:
    def test_it_depends_on_service_and_notice_alone(self) -> None:
        assert incident_id("WeChat Pay!", NOON) == incident_id("WeChat Pay!", NOON)
        assert incident_id("WeChat Pay!", NOON).startswith("wechat-pay-20220722T1200Z-")
        assert incident_id("微信", NOON).startswith("微信-20220722T1200Z-")

    def test_names_that_differ_in_punctuation_differ(self) -> None:
        names = ["a b", "a-b", "a_b", "A b", "", "!", "?"]
        assert len({incident_id(name, NOON) for name in names}) == len(names)

    def test_half_a_character_in_a_name_is_safe_and_tells_services_apart(self) -> None:
        ids = [incident_id(name, NOON) for name in ("We\ud83dChat", "We\ude00Chat")]
        assert ids[0] != ids[1]
        assert all(found.encode().startswith(b"we-chat-20220722T1200Z-") for found in ids)


class TestMerging:
    def test_the_first_alarm_gives_start_notice_id_and_evidence(self) -> None:
        merging = IncidentMerge("WeChat").with_surge("a", surge(2, evidence=9, excess=7), MINOR)
        merging = merging.with_surge("b", surge(5, evidence=50), MAJOR)
        incident = merging.incident()
        assert incident.noticed_at == NOON + 2 * MINUTE
        assert incident.onset == surge(2).onset
        assert incident.id == incident_id("WeChat", incident.noticed_at)
        assert incident.evidence == 9
        assert incident.sources == ("a", "b")

    def test_the_largest_surge_gives_the_size(self) -> None:
        merging = IncidentMerge("WeChat").with_surge("a", surge(0, excess=10), MINOR)
        merging = merging.with_surge("b", surge(1, excess=90), MINOR)
        assert merging.incident().excess == 90
        assert merging.incident().peak_at == surge(1).peak_at

    def test_it_ends_with_its_last_surge(self) -> None:
        merging = IncidentMerge("WeChat").with_surge("a", surge(0, lasted=10), MINOR)
        assert not merging.incident().is_open
        merging = merging.with_surge("b", surge(4), MINOR)
        assert merging.incident().is_open
        assert merging.incident().ended_at is None
        merging = merging.with_surge("b", surge(4, lasted=30), MINOR)
        assert merging.incident().ended_at == surge(4, lasted=30).ended_at
        assert merging.incident().resolved_at == surge(4, lasted=30).resolved_at

    def test_the_latest_word_on_a_surge_counts_and_severity_does_not_fall(self) -> None:
        merging = IncidentMerge("WeChat").with_surge("a", surge(0, excess=10), CRITICAL)
        merging = merging.with_surge("a", surge(0, excess=20), MINOR)
        assert merging.incident().excess == 20
        assert merging.incident().severity is CRITICAL
        assert len(merging.surges) == 1

    def test_a_source_that_lags_leaves_start_notice_and_id_alone(self) -> None:
        merging = IncidentMerge("WeChat").with_surge("a", surge(5, evidence=50), MINOR)
        told = merging.incident()
        later = merging.with_surge("b", surge(2, excess=7), MINOR).incident()
        assert replace(later, sources=told.sources) == told

    def test_no_order_of_sources_matters_for_the_size_and_the_end(self) -> None:
        said = [("a", surge(3, excess=9)), ("b", surge(1, excess=9)), ("a", surge(8, lasted=5))]
        one, other = IncidentMerge("WeChat"), IncidentMerge("WeChat")
        for source, what in said:
            one = one.with_surge(source, what, MINOR)
        for source, what in reversed(said):
            other = other.with_surge(source, what, MINOR)
        mine, theirs = one.incident(), other.incident()
        assert (mine.peak_at, mine.peak_count) == (theirs.peak_at, theirs.peak_count)
        assert (mine.ended_at, mine.sources) == (theirs.ended_at, theirs.sources)


class TestWire:
    @pytest.mark.parametrize("lasted", [None, timedelta(hours=1)], ids=["open", "over"])
    def test_there_and_back(self, lasted: timedelta | None) -> None:
        incident = an_incident(lasted=lasted)
        fields = json.loads(json.dumps(incident_to_dict(incident)))
        assert incident_to_dict(incident_from_dict(fields)) == fields
        assert incident_from_dict(fields).onset == incident.onset

    def test_an_alert_there_and_back(self) -> None:
        alert = Alert(AlertKind.ESCALATED, NOON, an_incident(), 2)
        fields = json.loads(json.dumps(alert_to_dict(alert)))
        back = alert_from_dict(fields)
        assert alert_to_dict(back) == fields
        assert back.key == alert.key == fields["key"]

    def test_no_evidence_is_null(self) -> None:
        fields = incident_to_dict(replace(an_incident(), evidence=nan))
        assert fields["evidence"] is None
        assert isnan(incident_from_dict(fields).evidence)

    def test_the_fields_are_those_of_the_interface_in_its_order(self) -> None:
        assert list(incident_to_dict(an_incident()))[:15] == [
            "id",
            "service",
            "sources",
            "started_at",
            "started_at_earliest",
            "started_at_latest",
            "noticed_at",
            "ended_at",
            "resolved_at",
            "peak_at",
            "peak_count",
            "expected_at_peak",
            "excess",
            "severity",
            "evidence",
        ]

    def test_instants_are_utc(self) -> None:
        assert incident_to_dict(an_incident())["noticed_at"] == "2022-07-22T12:00:00Z"


def test_an_onset_lies_in_its_interval() -> None:
    with pytest.raises(ValueError, match="lies outside"):
        Onset(datetime(2022, 1, 1, tzinfo=UTC), NOON, NOON)
