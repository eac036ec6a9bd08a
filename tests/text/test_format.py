"""Times, durations, numbers and lists in every language."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from math import inf, nan
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.text.catalogue import catalogue
from detector.text.format import Format

CHINA, NEPAL = ZoneInfo("Asia/Shanghai"), ZoneInfo("Asia/Kathmandu")
BERLIN, NEWFOUNDLAND = ZoneInfo("Europe/Berlin"), ZoneInfo("America/St_Johns")
NEW_YORK = ZoneInfo("America/New_York")


def a_format(language: str, zone: tzinfo = UTC) -> Format:
    return Format(catalogue(language), zone)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("instant", "zone", "english", "chinese"),
    [
        pytest.param(
            "2014-10-20T08:47:00Z",
            CHINA,
            "Mon 2014-10-20 16:47 +08:00 (08:47 UTC)",
            "2014-10-20（周一）16:47 UTC+08:00（UTC 08:47）",
            id="the same day in UTC",
        ),
        pytest.param(
            "2022-07-22T19:06:30Z",
            CHINA,
            "Sat 2022-07-23 03:06:30 +08:00 (Fri 19:06:30 UTC)",
            "2022-07-23（周六）03:06:30 UTC+08:00（UTC 07-22 19:06:30）",
            id="another day in UTC, and seconds",
        ),
        pytest.param(
            "2022-07-22T19:06:00Z",
            UTC,
            "Fri 2022-07-22 19:06 UTC",
            "2022-07-22（周五）19:06 UTC",
            id="UTC itself",
        ),
        pytest.param(
            "2022-01-22T19:06:00Z",
            ZoneInfo("Europe/London"),
            "Sat 2022-01-22 19:06 UTC",
            "2022-01-22（周六）19:06 UTC",
            id="a zone that has no offset then",
        ),
        pytest.param(
            "2022-07-22T12:00:00Z",
            NEPAL,
            "Fri 2022-07-22 17:45 +05:45 (12:00 UTC)",
            "2022-07-22（周五）17:45 UTC+05:45（UTC 12:00）",
            id="an offset with minutes",
        ),
        pytest.param(
            "2022-01-02T02:00:00Z",
            NEWFOUNDLAND,
            "Sat 2022-01-01 22:30 -03:30 (Sun 02:00 UTC)",
            "2022-01-01（周六）22:30 UTC-03:30（UTC 01-02 02:00）",
            id="west of UTC, with minutes",
        ),
        pytest.param(
            "2022-10-30T00:30:00Z",
            BERLIN,
            "Sun 2022-10-30 02:30 +02:00 (00:30 UTC)",
            "2022-10-30（周日）02:30 UTC+02:00（UTC 00:30）",
            id="the first 02:30 of the night when clocks go back",
        ),
        pytest.param(
            "2022-10-30T01:30:00Z",
            BERLIN,
            "Sun 2022-10-30 02:30 +01:00 (01:30 UTC)",
            "2022-10-30（周日）02:30 UTC+01:00（UTC 01:30）",
            id="the second 02:30 of that night",
        ),
    ],
)
def test_a_time_in_full(instant: str, zone: tzinfo, english: str, chinese: str) -> None:
    assert a_format("en", zone).full(at(instant)) == english
    assert a_format("zh", zone).full(at(instant)) == chinese


@pytest.mark.parametrize(
    ("instant", "reference", "english", "chinese"),
    [
        pytest.param(
            "2022-07-22T19:06:00Z", "2022-07-23T15:59:00Z", "03:06", "03:06", id="same day there"
        ),
        pytest.param(
            "2022-07-22T19:06:00Z",
            "2022-07-22T15:59:00Z",
            "Sat 2022-07-23 03:06",
            "2022-07-23（周六）03:06",
            id="another day there, the same in UTC",
        ),
        pytest.param(
            "2022-07-22T19:06:05Z", "2022-07-22T19:00:00Z", "03:06:05", "03:06:05", id="seconds"
        ),
    ],
)
def test_the_day_is_shown_only_where_it_differs(
    instant: str, reference: str, english: str, chinese: str
) -> None:
    assert a_format("en", CHINA).relative(at(instant), at(reference)) == english
    assert a_format("zh", CHINA).relative(at(instant), at(reference)) == chinese


def test_the_same_clock_on_both_sides_of_a_change_of_clocks_is_told_apart_by_the_offset() -> None:
    show = a_format("en", NEW_YORK)
    first, second = at("2022-11-06T05:30:00Z"), at("2022-11-06T06:30:00Z")
    assert show.relative_zoned(first, second) == "01:30 -04:00"
    assert show.relative_zoned(second, first) == "01:30 -05:00"
    assert show.zoned(second) == "Sun 2022-11-06 01:30 -05:00"


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0, "0 sec", "0秒"),
        (0.4, "0 sec", "0秒"),
        (45, "45 sec", "45秒"),
        (59.6, "1 min", "1分钟"),
        (60, "1 min", "1分钟"),
        (119, "1 min", "1分钟"),
        (2820, "47 min", "47分钟"),
        (3600, "1 hr", "1小时"),
        (7980, "2 hr 13 min", "2小时13分钟"),
        (86399, "23 hr 59 min", "23小时59分钟"),
        (86400, "1 day", "1天"),
        (86460, "1 day", "1天"),
        (190800, "2 days 5 hr", "2天5小时"),
        (86400 * 1200, "1,200 days", "1,200天"),
        (-90, "−1 min", "−1分钟"),
    ],
)
def test_a_duration(seconds: float, english: str, chinese: str) -> None:
    length = timedelta(seconds=seconds)
    assert a_format("en").duration(length) == english
    assert a_format("zh").duration(length) == chinese


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (412, "412"),
        (1403.4, "1,403"),
        (3.5, "3.5"),
        (3.0, "3"),
        (0.0234, "0.023"),
        (9.96, "10"),
        (10.4, "10"),
        (-2.25, "-2.2"),
        (nan, "?"),
        (inf, "?"),
        (-inf, "?"),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_number(language: str, value: float, shown: str) -> None:
    assert a_format(language).number(value) == shown


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_share(language: str) -> None:
    show = a_format(language)
    assert [show.percent(share) for share in (0.0, 0.035, 0.634, 1.0, nan)] == [
        "0%",
        "4%",
        "63%",
        "100%",
        "?",
    ]


@pytest.mark.parametrize(
    ("names", "english", "chinese"),
    [
        ([], "", ""),
        (["a"], "a", "a"),
        (["a", "b"], "a and b", "a和b"),
        (["a", "b", "c"], "a, b, and c", "a、b和c"),
        (["a", "b", "c", "d"], "a, b, c, and 1 more", "a、b、c等 4 项"),
        (["{0}", "{1}", "c", "d", "e"], "{0}, {1}, c, and 2 more", "{0}、{1}、c等 5 项"),
    ],
)
def test_a_list_is_cut_where_it_grows_long(names: list[str], english: str, chinese: str) -> None:
    assert a_format("en").list(names, most=3) == english
    assert a_format("zh").list(names, most=3) == chinese


def test_weekdays_begin_on_monday() -> None:
    assert a_format("en").weekdays() == ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    assert a_format("zh").weekdays() == ("周一", "周二", "周三", "周四", "周五", "周六", "周日")


@given(
    st.datetimes(datetime(1995, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis wants naive bounds
    st.sampled_from([UTC, CHINA, NEPAL, BERLIN, NEWFOUNDLAND, NEW_YORK]),
)
def test_an_english_time_in_full_can_be_read_back(instant: datetime, zone: tzinfo) -> None:
    exact = instant.replace(microsecond=0)
    day, clock, offset = a_format("en", zone).full(exact).split()[1:4]
    read = datetime.fromisoformat(f"{day}T{clock}{offset.replace('UTC', '+00:00')}")
    assert read == exact
