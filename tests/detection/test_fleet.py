from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.detection import fleet, live
from detector.detection.fleet import Fleet
from detector.detection.options import DetectionOptions, KnownEvent
from detector.detection.series_state import SeriesState, dump
from detector.model.surge import Change
from tests.detection.counting import DAY, MINUTE, MONDAY, detect, rhythm, usual

OPTIONS = DetectionOptions(
    time_zone="Europe/Berlin",
    known_events=(KnownEvent(MONDAY + 20 * timedelta(days=1), MONDAY + 21 * timedelta(days=1)),),
)
#: Bins after which a state is taken: nothing in particular; midnight; a day learnt; a known event.
AGES = (15 * DAY + 700, 16 * DAY - 3, 15 * DAY + 117, 16 * DAY + 1437, 20 * DAY - 2)

ages = st.sampled_from(AGES)
counts = st.lists(st.one_of(st.none(), st.integers(0, 12), st.integers(0, 900)), min_size=6)


@cache
def aged(bins: int, level: float = 5.0) -> SeriesState:
    """Return a state after so many bins of a rhythm."""
    minutes = np.arange(float(bins))
    return detect(np.round(rhythm(minutes, level)), options=OPTIONS).state


def bytes_of(states: Fleet | list[SeriesState]) -> list[bytes]:
    return [dump(states[i]) for i in range(len(states))]


@given(
    series=st.lists(st.tuples(ages, st.sampled_from([0.5, 5.0]), counts), min_size=1, max_size=5),
    bins=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=30, deadline=None)
def test_a_fleet_takes_bins_as_its_series_do_one_by_one_in_any_order(
    series: list[tuple[int, float, list[int | None]]], bins: int, seed: int
) -> None:
    order = np.random.default_rng(seed).permutation(len(series))
    series = [series[i] for i in order]
    together = Fleet.of([aged(age, level) for age, level, _ in series])
    alone = [aged(age, level) for age, level, _ in series]
    values = np.array([[np.nan if c is None else c for c in own[:6]] for *_, own in series])
    for first in range(0, 6, bins):
        before, then = together, bytes_of(together)
        turn = fleet.update(together, values[:, first : first + bins])
        steps = [
            live.update(state, own[first : first + bins])
            for state, own in zip(alone, values, strict=True)
        ]
        together, alone = turn.fleet, [step.state for step in steps]
        assert bytes_of(together) == bytes_of(alone)
        assert turn.changes == {i: step.changes for i, step in enumerate(steps) if step.changes}
        np.testing.assert_array_equal(turn.said, [step.said for step in steps])
        assert bytes_of(before) == then


def test_a_night_of_a_fleet_in_which_one_has_an_outage() -> None:
    """Through the end of the day, which every series learns, an hour in a turn."""
    states = [aged(15 * DAY + 700, level) for level in (0.5, 5.0, 50.0)]
    values = np.stack([usual(1, level, seed=3) for level in (0.5, 5.0, 50.0)])
    values[1, 300:360] += 40.0
    together = Fleet.of(states)
    said: dict[int, tuple[Change, ...]] = {}
    for first in range(0, DAY, 60):
        turn = fleet.update(together, values[:, first : first + 60])
        together = turn.fleet
        for i, changes in turn.changes.items():
            said[i] = said.get(i, ()) + changes
    alone = [live.update(state, own) for state, own in zip(states, values, strict=True)]
    assert bytes_of(together) == [dump(step.state) for step in alone]
    assert said == {i: step.changes for i, step in enumerate(alone) if step.changes}
    assert 1 in said
    assert [state.end for state in (together[0], together[2])] == [states[0].end + DAY * MINUTE] * 2


def test_states_of_another_kind_are_no_part_of_a_fleet() -> None:
    state = aged(AGES[0])
    other = replace(state, options=DetectionOptions(time_zone="Asia/Tokyo"))
    with pytest.raises(ValueError, match="one kind of options and width, not 2"):
        Fleet.of([state, other])
    with pytest.raises(ValueError, match="not 0"):
        Fleet.of([])


@pytest.mark.parametrize(
    "counts",
    [
        pytest.param(np.zeros(2), id="one axis"),
        pytest.param(np.zeros((3, 1)), id="a row too many"),
        pytest.param(np.array([[0.0], [-1.0]]), id="less than nothing"),
        pytest.param(np.array([[0.0], [np.inf]]), id="without end"),
    ],
)
def test_what_is_no_count_of_every_series_is_refused(counts: np.ndarray) -> None:
    two = Fleet.of([aged(AGES[0])] * 2)
    with pytest.raises(ValueError, match="a row per series"):
        fleet.update(two, counts)
