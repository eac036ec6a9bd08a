from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.detection.live import update
from detector.detection.options import DetectionOptions, KnownEvent
from detector.detection.series_state import begin, dump, load
from detector.model.series import Floats
from detector.model.surge import ChangeKind
from tests.detection.counting import (
    DAY,
    MINUTE,
    MONDAY,
    detect,
    drawn,
    opened,
    rhythm,
    surges,
    usual,
)

AT = 16 * DAY + 600


@cache
def _history() -> Floats:
    counts = usual(18)
    counts[AT : AT + 90] += 20
    counts[17 * DAY : 17 * DAY + 200] = np.nan
    counts.flags.writeable = False
    return counts


def _edge(b: int) -> datetime:
    return MONDAY + b * MINUTE


def test_an_outage_is_opened_located_and_closed() -> None:
    step = detect(_history())
    (surge,) = surges(step)
    assert _edge(AT + 2) <= surge.noticed_at <= _edge(AT + 6)
    assert surge.onset.earliest <= _edge(AT) <= surge.onset.latest
    assert surge.ended_at is not None
    assert abs(surge.ended_at - _edge(AT + 90)) <= 3 * MINUTE
    assert surge.resolved_at is not None
    assert surge.resolved_at <= _edge(AT + 160)
    assert surge.excess == pytest.approx(20 * 90, rel=0.15)
    assert surge.evidence >= step.threshold[AT]
    assert [c.kind for c in step.changes][:: len(step.changes) - 1] == [
        ChangeKind.OPENED,
        ChangeKind.CLOSED,
    ]
    assert [c.at for c in step.changes] == sorted(c.at for c in step.changes)


@given(cuts=st.lists(st.integers(0, 18 * DAY), max_size=8), stored=st.booleans())
@settings(max_examples=25, deadline=None)
def test_the_result_does_not_depend_on_the_chunks(cuts: list[int], stored: bool) -> None:
    whole = detect(_history())
    state = begin(DetectionOptions(), start=MONDAY, width=MINUTE)
    changes, evidence = [], []
    edges = [0, *sorted(cuts), 18 * DAY]
    for first, last in pairwise(edges):
        step = update(load(dump(state)) if stored else state, _history()[first:last])
        state = step.state
        changes.extend(step.changes)
        evidence.append(step.evidence)
    assert tuple(changes) == whole.changes
    assert dump(state) == dump(whole.state)
    np.testing.assert_array_equal(np.concatenate(evidence), whole.evidence)


def test_bin_by_bin_is_the_same_as_all_at_once() -> None:
    before = detect(_history()[: AT - 30]).state
    state, changes = before, []
    for b in range(AT - 30, AT + 200):
        step = update(state, _history()[b : b + 1])
        state = step.state
        changes.extend(step.changes)
    whole = update(before, _history()[AT - 30 : AT + 200])
    assert tuple(changes) == whole.changes
    assert dump(state) == dump(whole.state)


def test_what_is_said_does_not_depend_on_what_comes_later() -> None:
    other = _history().copy()
    other[AT + 30 :] = 0
    a, b = detect(_history()), detect(other)
    until = _edge(AT + 30)
    assert [c for c in a.changes if c.at <= until] == [c for c in b.changes if c.at <= until]
    np.testing.assert_array_equal(a.expected[: AT + 31], b.expected[: AT + 31])
    np.testing.assert_array_equal(a.evidence[: AT + 30], b.evidence[: AT + 30])


def test_update_leaves_its_arguments_alone() -> None:
    state = detect(_history()[:DAY]).state
    before, counts = dump(state), _history()[DAY : 2 * DAY].copy()
    update(state, counts)
    assert dump(state) == before
    np.testing.assert_array_equal(counts, _history()[DAY : 2 * DAY])
    with pytest.raises(ValueError, match="read-only"):
        state.tables.profile[0, 0, 0] = 2.0


@pytest.mark.parametrize(
    "wrong", [[-1.0], [np.inf], [[1.0]]], ids=["negative", "infinite", "matrix"]
)
def test_counts_that_cannot_be_are_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="counts must"):
        detect(np.array(wrong))


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\x81\xa6format\x63"], ids=["empty", "junk", "old"]
)
def test_bytes_that_are_no_state_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="state"):
        load(data)


@pytest.mark.parametrize("width", [timedelta(seconds=1), timedelta(hours=3)], ids=["1 s", "3 h"])
def test_widths_out_of_range_are_refused(width: timedelta) -> None:
    with pytest.raises(ValueError, match="bins must be"):
        begin(DetectionOptions(), start=MONDAY, width=width)


def test_missing_bins_add_no_evidence() -> None:
    counts = _history()[:AT].copy()
    counts[AT - 100 :] = np.nan
    step = detect(counts)
    assert np.ptp(step.evidence[AT - 101 :]) == 0
    assert not step.changes


def test_a_source_that_dies_in_an_outage_does_not_close_it() -> None:
    counts = _history().copy()
    counts[AT + 20 : AT + 600] = np.nan
    step = detect(counts[: AT + 600])
    assert [c.kind for c in step.changes if c.at > _edge(AT + 20)] == []
    assert opened(step) == 1


def test_a_run_of_zeros_in_an_outage_does_not_close_it() -> None:
    counts = _history().copy()
    counts[AT + 20 : AT + 600] = 0
    step = detect(counts[: AT + 600])
    assert all(c.kind is not ChangeKind.CLOSED for c in step.changes)
    assert opened(step) == 1


def test_days_of_zeros_open_nothing_and_are_not_the_new_normal() -> None:
    counts = usual(24, seed=3)
    counts[15 * DAY : 19 * DAY] = 0
    step = detect(counts)
    assert not step.changes
    ratio = step.expected[19 * DAY : 20 * DAY] / rhythm(np.arange(DAY, dtype=float), 5.0)
    assert 0.8 < float(np.median(ratio)) < 1.25


def test_a_second_identical_outage_a_week_later_is_found_as_well_as_the_first() -> None:
    counts = usual(25, seed=4)
    for at in (AT, AT + 7 * DAY):
        counts[at : at + 60] += 40
    first, second = surges(detect(counts))
    delay = (second.noticed_at - _edge(AT + 7 * DAY)) - (first.noticed_at - _edge(AT))
    assert abs(delay) <= 2 * MINUTE
    assert abs(second.onset.at - _edge(AT + 7 * DAY)) <= 3 * MINUTE


def test_an_outage_that_fails_again_is_one() -> None:
    counts = usual(18, seed=5)
    for at in range(AT, AT + 120, 35):
        counts[at : at + 20] += 25
    assert len(surges(detect(counts))) == 1


def test_a_burst_of_three_minutes_is_no_outage() -> None:
    counts = usual(18, seed=6)
    counts[AT : AT + 3] += 60
    assert not detect(counts).changes


def test_forty_percent_more_for_good_pages_once_at_most_and_is_adopted() -> None:
    rate = rhythm(np.arange(24.0 * DAY), 15.0)
    rate[AT:] *= 1.4
    step = detect(drawn(rate, 1.5, np.random.default_rng(8)))
    assert opened(step) <= 1
    ratio = step.expected[19 * DAY : 20 * DAY] / rate[19 * DAY : 20 * DAY]
    assert 0.85 < float(np.median(ratio)) < 1.2


@pytest.mark.parametrize("times", [2, 5, 10])
def test_ten_times_the_posts_never_weigh_less(times: int) -> None:
    counts = np.full(17 * DAY, 3.0)
    counts[AT : AT + 12] = 8
    small = detect(counts[: AT + 12])
    large = detect(counts[: AT + 12] * times)
    start = next(iter(large.changes)).at if large.changes else _edge(AT + 12)
    compared = slice(AT, int((start - MONDAY) / MINUTE))
    assert (large.evidence[compared] >= small.evidence[compared] - 1e-9).all()


ZONES = [
    ("Europe/Berlin", datetime(2024, 10, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2024, 10, 14, tzinfo=UTC)),
    ("Australia/Sydney", datetime(2024, 9, 16, tzinfo=UTC)),
]


@pytest.mark.parametrize(("zone", "start"), ZONES, ids=[z for z, _ in ZONES])
@pytest.mark.parametrize("told", [True, False], ids=["zone told", "zone not told"])
def test_a_week_with_a_clock_change_gives_no_alarm(zone: str, start: datetime, told: bool) -> None:
    info = ZoneInfo(zone)
    hours = [(start + timedelta(hours=h)).astimezone(info) for h in range(35 * 24)]
    local = np.repeat([h.hour * 60.0 for h in hours], 60) + np.tile(np.arange(60.0), len(hours))
    assert len({h.utcoffset() for h in hours}) == 2
    counts = drawn(rhythm(local, 15.0), 1.5, np.random.default_rng(11))
    options = DetectionOptions(time_zone=zone) if told else DetectionOptions()
    assert not detect(counts, start=start, options=options).changes


def test_an_hour_after_the_cold_start_something_is_expected() -> None:
    step = detect(usual(1, seed=9))
    assert np.isnan(step.expected[:60]).all()
    assert np.isfinite(step.expected[60:]).all()
    assert not step.changes


@pytest.mark.parametrize(
    ("day", "times", "found"),
    [(0.5, 30, True), (0.5, 2, False), (4.5, 8, True), (4.5, 2, False), (10.5, 3, True)],
    ids=[
        "day 1, 30 times: found",
        "day 1, twice: not",
        "day 5, 8 times: found",
        "day 5, twice: not",
        "day 11, 3 times: found",
    ],
)
def test_the_cold_start_rule(day: float, times: float, found: bool) -> None:
    counts = usual(day + 0.2, level=10, seed=10)
    at = int(day * DAY)
    rng = np.random.default_rng(1)
    counts[at : at + 60] += rng.poisson((times - 1) * rhythm(np.arange(at, at + 60.0), 10.0))
    assert (len(detect(counts).changes) > 0) is found


def test_a_known_event_is_expected() -> None:
    counts = usual(18, seed=12)
    counts[AT : AT + 240] = usual(240 / DAY, level=25, seed=13)
    event = KnownEvent(_edge(AT), _edge(AT + 240), factor=5.0)
    told = detect(counts, options=DetectionOptions(known_events=(event,)))
    assert not [c for c in told.changes if c.at > event.start]
    assert [c for c in detect(counts).changes if c.surge.noticed_at > event.start]
    assert told.expected[AT] == pytest.approx(5 * told.expected[AT - 1], rel=0.1)


def test_an_event_of_unknown_size_hides_surges_but_not_collapses() -> None:
    event = KnownEvent(_edge(AT), _edge(AT + 240))
    options = DetectionOptions(known_events=(event,))
    counts = usual(18, seed=14)
    counts[AT : AT + 240] *= 4
    assert not detect(counts, options=options).changes
    counts[AT + 60 : AT + 120] *= 150
    assert opened(detect(counts, options=options)) == 1


def test_after_four_unobserved_weeks_the_series_is_cold_again() -> None:
    counts = np.concatenate([_history()[: AT + 30], np.full(29 * DAY, np.nan), usual(2, seed=15)])
    step = detect(counts)
    last = step.changes[-1]
    assert last.kind is ChangeKind.CLOSED
    assert last.surge.ended_at == _edge(AT + 30)
    back = AT + 30 + 29 * DAY
    assert np.isnan(step.expected[back : back + 60]).all()
    assert np.isfinite(step.expected[back + 61 :]).all()


@pytest.mark.parametrize(
    ("minutes", "level"),
    [(1, 0.05), (1, 10_000.0), (5, 0.3), (15, 40.0), (60, 0.5), (60, 10_000.0)],
    ids=lambda v: str(v),
)
def test_every_width_and_level_finds_ten_times_the_usual(minutes: int, level: float) -> None:
    n = 20 * DAY // minutes
    rate = rhythm(np.arange(n) * float(minutes), level)
    at = 16 * DAY // minutes + 700 // minutes
    length = max(180 // minutes, 6)
    rate[at : at + length] = rate[at : at + length] * 10 + (1.0 if level < 0.2 else 0.0)
    counts = drawn(rate, 1.5, np.random.default_rng(16))
    step = detect(counts, width=timedelta(minutes=minutes))
    (surge,) = surges(step)
    begun = MONDAY + timedelta(minutes=at * minutes)
    assert timedelta(0) <= surge.noticed_at - begun <= timedelta(minutes=max(30, 4 * minutes))
    assert abs(surge.onset.at - begun) <= timedelta(minutes=max(10, 2 * minutes))
    calm = step.expected[10 * DAY // minutes : at] / rate[10 * DAY // minutes : at]
    assert 0.7 < float(np.median(calm)) < 1.4
