"""Surges in trending lists: the rule, its edges, and what does not matter."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.detection.trending import GROWTH, HOLD, LOOKS, TrendState, update
from detector.model.spans import Spans
from detector.model.surge import Change, ChangeKind

START = datetime(2022, 7, 22, 14, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOLD_LOOKS = HOLD // MINUTE

OPENED, REVISED, CLOSED = ChangeKind.OPENED, ChangeKind.REVISED, ChangeKind.CLOSED


def at(minute: float) -> datetime:
    return START + minute * MINUTE


def looks(story: str, heats: Sequence[float] | None = None) -> tuple[Change, ...]:
    return told(story, heats, cuts=[len(story)])[1]


def told(
    story: str, heats: Sequence[float] | None, cuts: Sequence[int]
) -> tuple[TrendState, tuple[Change, ...]]:
    """Tell ``story``, a character a minute: ``x`` listed, ``.`` not listed, space not looked."""
    values = heats or [100.0] * len(story)
    state, changes = TrendState(START.timestamp()), []
    for left, right in itertools.pairwise([0, *cuts]):
        part = range(left, right)
        listed = [i for i in part if story[i] == "x"]
        state, said = update(
            state,
            np.array([at(i).timestamp() for i in listed]),
            np.array([values[i] for i in listed], dtype=np.float64),
            np.full(len(listed), 40.0),
            observed=Spans.of([(at(i), at(i + 1)) for i in part if story[i] != " "]),
            width=MINUTE,
        )
        changes += said
    return state, tuple(changes)


QUIET = "." * HOLD_LOOKS


@pytest.mark.parametrize(
    ("story", "kinds"),
    [
        ("....", []),
        ("..x..", []),
        ("..x.x.x.x", []),
        ("..xx", [OPENED]),
        ("xx", [OPENED]),
        ("..xx" + QUIET[1:], [OPENED]),
        ("..xx" + QUIET, [OPENED, CLOSED]),
        ("..xx" + QUIET[1:] + "x" + QUIET[1:], [OPENED]),
        ("..xx" + QUIET + "xx", [OPENED, CLOSED, OPENED]),
        ("..xx" + QUIET + "x.", [OPENED, CLOSED]),
        ("..x   x", [OPENED]),
        ("..xx" + " " * 500, [OPENED]),
        ("..xx" + " " * 500 + "x", [OPENED]),
        ("..xx" + ". " * (HOLD_LOOKS - 1), [OPENED]),
        ("..xx" + ". " * HOLD_LOOKS, [OPENED, CLOSED]),
        ("..x   .x.", []),
    ],
    ids=[
        "never listed",
        "one look is a blip",
        "looks must follow each other",
        "two looks open it",
        "listed from the first look on",
        "off the list for less than the hold",
        "off the list for the hold",
        "back on the list before the hold has passed",
        "back after it was closed",
        "a blip after it was closed",
        "looks follow each other over a gap",
        "a gap closes nothing",
        "back after a gap",
        "only time that was looked at counts towards the hold",
        "which then passes",
        "a gap makes no second look",
    ],
)
def test_rule(story: str, kinds: list[ChangeKind]) -> None:
    assert [change.kind for change in looks(story)] == kinds


def test_it_began_between_the_last_look_without_it_and_the_first_with_it() -> None:
    (change,) = looks("...xx")
    onset = change.surge.onset
    assert (onset.earliest, onset.at, onset.latest) == (at(2), at(3), at(3))
    assert change.at == change.surge.noticed_at == at(5)
    assert isnan(change.surge.evidence)


def test_a_gap_before_it_widens_the_interval() -> None:
    (change,) = looks(".    xx")
    assert (change.surge.onset.earliest, change.surge.onset.at) == (at(0), at(5))


def test_a_blip_before_is_not_the_start() -> None:
    (change,) = looks("x..xx")
    assert (change.surge.onset.earliest, change.surge.onset.at) == (at(2), at(3))


def test_it_ends_where_it_was_last_listed_and_that_is_said_after_the_hold() -> None:
    *_, closed = looks("..xxx" + QUIET + "....")
    assert closed.surge.ended_at == at(5)
    assert closed.at == closed.surge.resolved_at == at(5) + HOLD


def test_the_hold_is_counted_over_gaps() -> None:
    *_, closed = looks("..xx.." + " " * 7 + QUIET)
    assert closed.surge.ended_at == at(4)
    assert closed.at == at(4) + HOLD + 7 * MINUTE


def test_size_is_the_heat_over_the_floor_at_its_peak() -> None:
    opened, closed = looks("..xxx" + QUIET, [0, 0, 90, 120, 130, *[0] * HOLD_LOOKS])
    assert (opened.surge.peak_at, opened.surge.peak_count) == (at(3), 120)
    assert (opened.surge.expected_at_peak, opened.surge.excess) == (40, 80)
    assert (closed.surge.peak_at, closed.surge.peak_count, closed.surge.excess) == (at(4), 130, 90)


@pytest.mark.parametrize(
    ("heat", "kinds"),
    [(100 * GROWTH, [OPENED]), (100 * GROWTH + 1, [OPENED, REVISED])],
    ids=["not quite", "grown"],
)
def test_a_peak_is_told_again_when_it_grew(heat: float, kinds: list[ChangeKind]) -> None:
    assert [c.kind for c in looks("xxx", [100, 100, heat])] == kinds


def test_growth_and_end_leave_start_and_notice_alone() -> None:
    opened, revised, closed = looks("..xxx" + QUIET, [0, 0, 50, 60, 99, *[0] * HOLD_LOOKS])
    assert opened.surge.onset == revised.surge.onset == closed.surge.onset
    assert opened.surge.noticed_at == revised.surge.noticed_at == closed.surge.noticed_at


def test_looks_that_were_told_are_not_told_again() -> None:
    story = "..xx"
    state, _ = told(story, None, cuts=[4])
    listed = np.array([at(2).timestamp(), at(3).timestamp()])
    again, said = update(
        state,
        listed,
        np.full(2, 999.0),
        np.full(2, 40.0),
        observed=Spans.of([(at(0), at(4))]),
        width=MINUTE,
    )
    assert said == ()
    assert again == state


def test_two_looks_are_what_it_takes() -> None:
    assert LOOKS == 2


stories = st.lists(
    st.tuples(st.sampled_from("x. "), st.integers(1, 40)).map(lambda run: run[0] * run[1]),
    min_size=1,
    max_size=8,
).map("".join)


@settings(max_examples=150, deadline=None)
@given(story=stories, cuts=st.sets(st.integers(1, 319), max_size=6), data=st.data())
def test_what_is_said_does_not_depend_on_the_cutting(
    story: str, cuts: set[int], data: st.DataObject
) -> None:
    heats = data.draw(st.lists(st.integers(40, 200), min_size=len(story), max_size=len(story)))
    inner = sorted(cut for cut in cuts if cut < len(story))
    whole = told(story, heats, [len(story)])
    parts = told(story, heats, [*inner, len(story)])
    assert repr(parts[1]) == repr(whole[1])


@settings(max_examples=150, deadline=None)
@given(story=stories)
def test_nothing_is_said_where_nobody_looked(story: str) -> None:
    seen_until = {i + 1 for i, look in enumerate(story) if look != " "}
    assert {(c.at - START) // MINUTE for c in looks(story)} <= seen_until


@settings(max_examples=100, deadline=None)
@given(story=stories, cut=st.integers(1, 300))
def test_what_is_said_does_not_depend_on_what_follows(story: str, cut: int) -> None:
    before = looks(story[:cut])
    assert repr(before) == repr(tuple(c for c in looks(story) if c.at <= at(cut)))
