from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from detector.errors import InputError
from detector.model.known_outages import DocumentedOutage, parse_catalogue

TEXT = (Path(__file__).parents[2] / "data" / "outages.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def known() -> dict[str, DocumentedOutage]:
    return {outage.key: outage for outage in parse_catalogue(TEXT)}


def test_2013_keeps_both_reported_starts(known: dict[str, DocumentedOutage]) -> None:
    outage = known["wechat-2013-07-22"]
    starts = [report.at.astimezone(UTC) for report in outage.reports if report.about == "start"]
    assert starts == [
        datetime(2013, 7, 21, 23, 30, tzinfo=UTC),
        datetime(2013, 7, 22, 0, 0, tzinfo=UTC),
    ]
    assert (outage.start_earliest, outage.start_latest) == tuple(starts)
    assert [f"{s.at:%H:%M}" for s in outage.statements] == ["09:26", "11:00", "12:20"]
    assert len(outage.regions) == 6
    assert not outage.regions_are_all


def test_2014_says_what_was_not_hit(known: dict[str, DocumentedOutage]) -> None:
    assert known["wechat-2014-10-20"].components_not_hit == ("voice", "moments")


def test_the_contradictory_date_of_2019_is_recorded(known: dict[str, DocumentedOutage]) -> None:
    outage = known["wechat-2019-official-accounts"]
    assert outage.precision == "year"
    assert outage.contradiction is not None
    assert "26 January 2019" in outage.contradiction


def test_flags_are_no_outage(known: dict[str, DocumentedOutage]) -> None:
    assert [key for key, outage in known.items() if not outage.is_outage] == ["wechat-2019-flags"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("[[outages]]", "[[outages]", "not valid TOML", id="not TOML"),
        pytest.param('kind = "filter"', 'kind = "sabotage"', "sabotage", id="unknown kind"),
        pytest.param("cause =", "reason =", "reason|cause", id="unknown key"),
        pytest.param(
            "start_latest = 2013-07-22T08:00:00+08:00",
            "start_latest = 2013-07-22T07:00:00+08:00",
            "start_latest",
            id="spread the wrong way round",
        ),
        pytest.param(
            "start_latest = 2013-07-22T08:00:00+08:00",
            "start_latest = 2013-07-22T08:00:00",
            "offset|timezone",
            id="time without an offset",
        ),
        pytest.param(
            'key = "wechat-2019-flags"', 'key = "wechat-2013-07-22"', "twice", id="a key twice"
        ),
        pytest.param(
            "end_latest = 2014-10-20T19:00:00+08:00",
            "end_latest = 2014-10-19T19:00:00+08:00",
            "end_latest",
            id="ends before it starts",
        ),
        pytest.param(
            "end_earliest = 2013-07-22T14:23:00+08:00",
            "end_earliest = 2013-07-22T15:23:00+08:00",
            "end_latest",
            id="end spread the wrong way round",
        ),
    ],
)
def test_a_wrong_catalogue_is_refused_and_says_where(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(InputError, match=message):
        parse_catalogue(TEXT.replace(old, new, 1))
