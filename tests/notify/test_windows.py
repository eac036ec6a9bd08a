"""Quiet hours in real zones, on the days of a clock change too."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.model.matcher import Matcher
from detector.notify.mute_times import MuteTimeInterval

ZONES = ("America/New_York", "Europe/Berlin", "Asia/Shanghai", "Australia/Lord_Howe")
EVERY_DAY = frozenset(range(7))
MINUTE = timedelta(minutes=1)

instants = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2030, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda at: at.replace(microsecond=0))
times = st.times().map(lambda t: t.replace(second=0, microsecond=0))
zones = st.sampled_from(ZONES).map(ZoneInfo)
weekdays = st.frozensets(st.integers(0, 6), min_size=1)


def window(
    start: str, end: str, zone: str = "Europe/Berlin", days: frozenset[int] = EVERY_DAY
) -> MuteTimeInterval:
    return MuteTimeInterval(
        "w", days, time.fromisoformat(start), time.fromisoformat(end), ZoneInfo(zone)
    )


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(at=instants, start=times, end=times, zone=zones, days=weekdays)
def test_away_from_clock_changes_it_is_what_the_clock_on_the_wall_says(
    at: datetime, start: time, end: time, zone: ZoneInfo, days: frozenset[int]
) -> None:
    local = at.astimezone(zone)
    near = [(at + timedelta(hours=h)).astimezone(zone).utcoffset() for h in range(-48, 49, 6)]
    if len(set(near)) > 1:
        return
    shown, today = local.time(), local.weekday()
    if start < end:
        inside = today in days and start <= shown < end
    else:
        inside = (today in days and shown >= start) or ((today - 1) % 7 in days and shown < end)
    assert (MuteTimeInterval("w", days, start, end, zone).until(at) is not None) is inside


@given(at=instants, start=times, end=times, zone=zones, days=weekdays)
def test_it_lasts_until_it_says_it_ends(
    at: datetime, start: time, end: time, zone: ZoneInfo, days: frozenset[int]
) -> None:
    it = MuteTimeInterval("w", days, start, end, zone)
    until = it.until(at)
    if until is None:
        return
    assert at < until <= at + timedelta(hours=25)
    assert it.until(until - timedelta(seconds=1)) is not None
    if start != end:
        after = it.until(until)
        assert after is None or (start < end) is (after > until)


@pytest.mark.parametrize(
    ("zone", "day"),
    [("America/New_York", "2026-03-08"), ("Europe/Berlin", "2026-03-29")],
)
def test_where_the_clocks_leap_over_its_start_it_begins_with_the_leap(zone: str, day: str) -> None:
    it = window("02:30", "05:00", zone)
    leap = datetime.fromisoformat(f"{day}T03:00").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert it.until(leap - MINUTE) is None
    assert it.until(leap) == leap + timedelta(hours=2)


def test_where_the_clocks_leap_over_all_of_it_there_is_none_that_day() -> None:
    it = window("02:10", "02:50")
    spring = [utc("2026-03-29T00:00") + m * MINUTE for m in range(180)]
    assert not any(it.until(at) for at in spring)
    assert it.until(utc("2026-03-30T00:30")) == utc("2026-03-30T00:50")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("edges", [("22:00", "07:00"), ("01:15", "01:45"), ("00:30", "02:30")])
def test_it_is_one_stretch_of_time_on_every_day_of_the_year(
    zone: str, edges: tuple[str, str]
) -> None:
    it = window(*edges, zone)
    at, end, begins = utc("2026-01-01T12:00"), utc("2027-01-01T12:00"), 0
    step, inside = timedelta(minutes=15), it.until(at) is not None
    while at < end:
        now = it.until(at) is not None
        begins += now and not inside
        inside, at = now, at + step
    assert begins == 365


def test_the_hour_that_comes_twice_is_not_left_in_between() -> None:
    it = window("01:30", "02:30", "America/New_York")  # on 2026-11-01 the hour from 1 comes twice
    first, last = utc("2026-11-01T05:30"), utc("2026-11-01T07:30")
    inside = [it.until(first + m * MINUTE) for m in range(120)]
    assert inside == [last] * 120
    assert it.until(first - MINUTE) is None
    assert it.until(last) is None


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    friday = window("22:00", "07:00", "UTC", frozenset({4}))
    assert friday.until(utc("2026-11-21T06:59")) == utc("2026-11-21T07:00")  # a Saturday
    assert friday.until(utc("2026-11-20T06:59")) is None
    assert friday.until(utc("2026-11-21T23:00")) is None


def test_equal_edges_make_a_whole_day() -> None:
    sunday = window("00:00", "00:00", "UTC", frozenset({6}))
    assert sunday.until(utc("2026-11-22T00:00")) == utc("2026-11-23T00:00")
    assert sunday.until(utc("2026-11-23T00:00")) is None


def test_it_is_about_what_matches_alone() -> None:
    minor = MuteTimeInterval(
        "w",
        EVERY_DAY,
        time(0),
        time(0),
        ZoneInfo("UTC"),
        (Matcher("severity", "minor"),),
    )
    now = utc("2026-11-22T09:00")
    assert minor.mutes({"severity": ("minor",)}, now)
    assert not minor.mutes({"severity": ("major",)}, now)
