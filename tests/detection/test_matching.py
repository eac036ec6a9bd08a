from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from detector.detection.truth_matching import (
    Claim,
    Coverage,
    Outage,
    claims_of,
    coverage_of,
    match,
    outages_of,
    union_length,
)
from detector.errors import InputError

M = 60.0
NAN = float("nan")


def outage(start: float, end: float, service: str = "a") -> Outage:
    return Outage(service, start * M, end * M, True)


def claim(start: float, noticed: float, end: float, service: str = "a") -> Claim:
    return Claim(service, start * M, noticed * M, end * M, False, NAN, NAN)


def verdict(c: Claim, o: Outage) -> str:
    m = match([o], [c])
    if m.caught_by[0] is not None:
        return "caught"
    return "false" if m.false else "early" if m.early else "ignored"


OUTAGE = outage(100, 160)


@pytest.mark.parametrize(
    ("claimed", "said"),
    [
        pytest.param(claim(101, 110, 150), "caught", id="noticed inside"),
        pytest.param(claim(100, 100, 100), "caught", id="noticed in the very first minute"),
        pytest.param(claim(99, 99.9, 150), "ignored", id="noticed just before it began"),
        pytest.param(claim(155, 175, 180), "caught", id="noticed 15 minutes past its end"),
        pytest.param(claim(155, 175.1, 180), "ignored", id="noticed later than that"),
        pytest.param(claim(170, 174, 180), "caught", id="begins within ten minutes of its end"),
        pytest.param(claim(171, 174, 180), "ignored", id="begins eleven minutes after its end"),
        pytest.param(claim(176, 180, 190), "false", id="begins more than 15 minutes after its end"),
        pytest.param(claim(20, 30, 84), "false", id="ends more than 15 minutes before"),
        pytest.param(claim(20, 84, 120), "early", id="was on alert 16 minutes before it began"),
        pytest.param(claim(20, 86, 120), "ignored", id="was on alert 14 minutes before it began"),
        pytest.param(claim(101, 110, 150, "b"), "false", id="says it of another service"),
    ],
)
def test_verdicts(claimed: Claim, said: str) -> None:
    assert verdict(claimed, OUTAGE) == said


def test_the_first_notice_catches_and_further_ones_are_splits() -> None:
    late, first = claim(130, 140, 150), claim(101, 110, 120)
    m = match([OUTAGE], [late, first])
    assert m.caught_by == (first,)
    assert m.splits == 1
    assert not m.false
    assert not m.early


def test_one_incident_catches_one_outage_only() -> None:
    m = match([OUTAGE, outage(165, 200)], [claim(100, 166, 200)])
    assert [c is not None for c in m.caught_by] == [True, False]
    assert m.splits == 0


def test_an_open_incident_lasts_to_the_end_of_what_was_observed() -> None:
    fields = {"service": "a", "started_at": "1970-01-01T01:00Z", "noticed_at": "1970-01-01T02:00Z"}
    known = Coverage(
        "a",
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(1970, 1, 2, tzinfo=UTC),
        1440,
        timedelta(minutes=1),
    )
    assert claims_of([fields], [known])[0].end == 86400
    assert claims_of([fields])[0].end == 7200
    assert claims_of([fields])[0].is_open


def test_what_was_never_noticed_claims_nothing() -> None:
    assert (
        claims_of([{"service": "a", "started_at": "1970-01-01T01:00Z", "noticed_at": None}]) == ()
    )


NOON = "2022-01-02T12:00Z"


def test_an_empty_end_is_unknown_and_further_columns_are_labels() -> None:
    truth = pd.DataFrame(
        {"service": ["7"], "start": ["1970-01-01T09:00+08:00"], "end": [None], "n": [2]}
    )
    (found,) = outages_of(truth)
    assert (found.start, found.end, found.ends) == (3600.0, 3600.0 + 6 * 3600, False)
    assert found.labels == {"n": "2"}


@pytest.mark.parametrize(
    ("truth", "complaint"),
    [
        pytest.param(pd.DataFrame({"service": ["a"]}), "missing start, end", id="no times"),
        pytest.param(
            pd.DataFrame({"service": ["a"], "start": ["noon"], "end": [""]}),
            "line 2, column 'start': 'noon' is not an instant with an offset, e.g. 2022-07",
            id="a start that is no time",
        ),
        pytest.param(
            pd.DataFrame({"service": ["a"], "start": ["2022-01-02T00:00"], "end": [""]}),
            "line 2, column 'start': '2022-01-02T00:00' is not an instant with an offset",
            id="a start without an offset",
        ),
        pytest.param(
            pd.DataFrame({"service": "a", "start": [NOON, NOON], "end": ["", NOON[:-1]]}),
            "line 3, column 'end': '2022-01-02T12:00' is not an instant with an offset",
            id="an end without an offset",
        ),
        pytest.param(
            pd.DataFrame({"service": ["a"], "start": [None], "end": [NOON]}),
            "line 2, column 'start': empty; every row needs an instant",
            id="no start",
        ),
        pytest.param(
            pd.DataFrame({"service": [None], "start": [NOON], "end": [NOON]}),
            "line 2, column 'service': empty; every row names one",
            id="no service",
        ),
        pytest.param(
            pd.DataFrame({"service": ["a"], "start": [NOON], "end": ["2022-01-01T00:00Z"]}),
            "line 2, column 'end': the outage ends before it starts",
            id="an end before its start",
        ),
    ],
)
def test_a_wrong_truth_table_is_refused(truth: pd.DataFrame, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        outages_of(truth)


def test_coverage_counts_rows_not_time() -> None:
    times = pd.to_datetime(["2022-01-01T00:00Z", "2022-01-01T00:01Z", "2022-01-01T00:09Z"])
    (seen,) = coverage_of(pd.DataFrame({"time": times, "service": "a"}), timedelta(minutes=1))
    assert seen.bins == 3
    assert seen.end == datetime(2022, 1, 1, 0, 10, tzinfo=UTC)
    assert seen.weeks == pytest.approx(3 / 10080)


def test_a_union_counts_overlap_once() -> None:
    assert union_length([(5, 9), (0, 2), (1, 3), (6, 7)]) == 7
    assert union_length([]) == 0
