"""Sets of spans, beside the same sets of whole seconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.model.spans import Spans, seconds_of

ZERO = datetime(1970, 1, 1, tzinfo=UTC)
END = 60
Pairs = list[tuple[int, int]]
pairs = st.lists(st.tuples(st.integers(0, END), st.integers(0, END)), max_size=6)


def spans(of: Pairs) -> Spans:
    return Spans.of((at(a), at(b)) for a, b in of)


def at(second: float) -> datetime:
    return ZERO + timedelta(seconds=second)


def held(of: Pairs) -> set[int]:
    return {second for a, b in of for second in range(a, b)}


def seconds_in(found: Spans) -> set[int]:
    return held([(int(a), int(b)) for a, b in zip(found.starts, found.ends, strict=True)])


@given(pairs)
def test_a_union_holds_what_any_of_its_parts_holds(of: Pairs) -> None:
    found = spans(of)
    assert seconds_in(found) == held(of)
    assert all(found.starts < found.ends)
    assert all(found.ends[:-1] < found.starts[1:])


@given(pairs)
def test_hold(of: Pairs) -> None:
    seconds = np.arange(END + 1, dtype=np.float64)
    assert set(np.flatnonzero(spans(of).hold_seconds(seconds))) == held(of)
    times = pd.Series(pd.to_datetime(seconds, unit="s", utc=True))
    assert list(spans(of).hold(times)) == list(spans(of).hold_seconds(seconds))


@given(pairs, st.integers(1, 9))
def test_bins_that_are_held_whole_and_in_part(of: Pairs, width: int) -> None:
    lefts = np.arange(0, END, width, dtype=np.float64)
    inside = held(of)
    bins = [set(range(int(left), int(left) + width)) for left in lefts]
    assert list(spans(of).hold_whole(lefts, width)) == [b <= inside for b in bins]
    assert list(spans(of).touch(lefts, width)) == [bool(b & inside) for b in bins]


@given(pairs, st.integers(0, END), st.integers(0, END))
def test_between(of: Pairs, start: int, end: int) -> None:
    parts = [(int(a), int(b)) for a, b in spans(of).between(start, end)]
    assert held(parts) == held(of) & set(range(start, end))
    assert all(a < b for a, b in parts)


@given(pairs, pairs)
def test_without(of: Pairs, others: Pairs) -> None:
    assert seconds_in(spans(of).without(spans(others))) == held(of) - held(others)


def test_none_holds_nothing() -> None:
    assert len(Spans.none()) == 0
    assert Spans.none().pairs() == ()
    assert not Spans.none().hold_seconds(np.zeros(2)).any()
    assert not Spans.none().hold_whole(np.zeros(2), 1).any()
    assert not Spans.none().touch(np.zeros(2), 1).any()


def test_spans_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        spans([(0, 1)]).starts[0] = 5


def test_microseconds_survive() -> None:
    instant = datetime(2026, 11, 22, 4, 5, 6, 789012, tzinfo=UTC)
    found = Spans.of([(instant, instant + timedelta(seconds=1))])
    assert found.pairs() == ((instant, instant + timedelta(seconds=1)),)
    assert seconds_of(pd.Series([pd.Timestamp(instant)]))[0] == instant.timestamp()
