"""Several sources judged together: weak rises add up, one source is not several."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.detection import fusion, live
from detector.detection.fusion import FusedStep, SourceEvidence
from detector.detection.kernels import fusion_kernel
from detector.detection.kernels.explanations import evidence_of
from detector.detection.live import Step
from detector.detection.options import DetectionOptions
from detector.model.series import Floats
from detector.model.surge import Change, ChangeKind

START = datetime(2026, 1, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WIDTH = 5 * MINUTE
DAY = 288
DAYS = 18
FIRST = 16 * DAY + 120
AT = START + FIRST * WIDTH


def counts(factor: float = 1.0, *, seed: int, level: float = 6.0, lasting: int = 18) -> Floats:
    rng = np.random.default_rng(seed)
    rate = level * (1.1 + np.sin(2 * np.pi * np.arange(DAYS * DAY) / DAY))
    rate[FIRST : FIRST + lasting] *= factor
    return rng.poisson(rate).astype(float)


def alone(values: Floats, width: timedelta = WIDTH) -> Step:
    return live.update(live.begin(DetectionOptions(), start=START, width=width), values)


def said(values: Floats, width: timedelta = WIDTH) -> SourceEvidence:
    return SourceEvidence.of(START.timestamp(), width.total_seconds(), values, alone(values, width))


def together(
    sources: dict[str, SourceEvidence], *, width: timedelta = WIDTH, cuts: tuple[float, ...] = ()
) -> list[FusedStep]:
    state = fusion.begin(DetectionOptions(), start=START, width=width)
    steps = []
    for until in (*cuts, min(source.end for source in sources.values())):
        step = fusion.update(state, sources, until)
        steps.append(step)
        state = fusion.load(fusion.dump(step.state))
        sources = {name: source.behind(until) for name, source in sources.items()}
    return steps


def opened(changes: tuple[Change, ...]) -> list[Change]:
    return [change for change in changes if change.kind is ChangeKind.OPENED]


def rise(factor: float, **other: float) -> list[Change]:
    """Open changes of two sources together, the second with its own factor if given."""
    sources = {
        "a": said(counts(factor, seed=1)),
        "b": said(counts(other.get("second", factor), seed=2)),
    }
    (step,) = together(sources)
    return [c for c in opened(step.changes) if c.at > AT]


def test_weak_rises_raise_an_alarm_that_none_would_alone() -> None:
    """Among draws of a rise for an hour and a half, some are too weak for each of four sources."""
    only_together = []
    for seed in range(14):
        drawn = [counts(1.8, seed=of + seed, level=1.0) for of in (10, 50, 90, 130)]
        if not [c for x in drawn for c in opened(alone(x).changes) if c.at > AT]:
            (step,) = together({f"source {i}": said(x) for i, x in enumerate(drawn)})
            only_together += [c for c in opened(step.changes) if AT < c.at <= AT + 24 * WIDTH]
    assert only_together
    for change in only_together:
        agreeing = [a for a in change.surge.agreement if (a.evidence or 0) >= fusion_kernel.AGREES]
        assert len(agreeing) >= fusion_kernel.FEWEST


def test_a_common_surge_has_a_start_a_size_and_an_end() -> None:
    sources = {"a": said(counts(3, seed=1)), "b": said(counts(3, seed=2))}
    (step,) = together(sources)
    (change,) = opened(step.changes)
    assert AT < change.at <= AT + 4 * WIDTH
    assert abs(change.surge.onset.at - AT) <= WIDTH
    closed = step.changes[-1]
    assert closed.kind is ChangeKind.CLOSED
    assert closed.surge.ended_at is not None
    assert abs(closed.surge.ended_at - (AT + 18 * WIDTH)) <= 3 * WIDTH
    both = counts(3, seed=1) + counts(3, seed=2)
    assert closed.surge.peak_count == both[FIRST : FIRST + 18].max()
    assert [a.source for a in change.surge.agreement] == ["a", "b"]


@pytest.mark.parametrize("factor", [2.0, 10.0, 50.0])
def test_a_surge_in_one_source_is_not_one_of_several(factor: float) -> None:
    assert rise(factor, second=1.0) == []


def test_a_quiet_source_counts_against() -> None:
    loud = said(counts(2, seed=1))
    others = {"quiet": said(counts(1, seed=2)), "absent": said(np.full(DAYS * DAY, np.nan))}
    evidence = {
        name: together({"a": loud, name: other})[0].evidence[FIRST : FIRST + 3].max()
        for name, other in others.items()
    }
    assert evidence["quiet"] < evidence["absent"]


def test_a_source_that_dies_at_the_onset_neither_hides_nor_fakes() -> None:
    a, b = counts(3, seed=1), counts(3, seed=2)
    b[FIRST:] = np.nan
    (step,) = together({"a": said(a), "b": said(b)})
    assert opened(step.changes) == [], "one source is left, which speaks for itself"
    assert [c for c in opened(alone(a).changes) if c.at > AT]
    quiet = counts(1, seed=3)
    (step,) = together({"a": said(quiet), "b": said(b)})
    assert opened(step.changes) == []


def test_a_wide_bin_joins_at_its_edge() -> None:
    fine = counts(3, seed=1)
    wide = counts(3, seed=2).reshape(-1, 3).sum(axis=1)
    (step,) = together({"a": said(fine), "b": said(wide, 3 * WIDTH)})
    (change,) = opened(step.changes)
    assert abs(change.surge.onset.at - AT) <= 3 * WIDTH
    closed = step.changes[-1]
    assert closed.kind is ChangeKind.CLOSED


def test_where_a_single_source_is_observed_the_evidence_is_its_own() -> None:
    """The sum over one source is that source, but that it never asks whether a clock has moved."""
    values = counts(1, seed=4)
    step = alone(values)
    (pooled,) = together({"a": said(values), "b": said(np.full(len(values), np.nan))})
    more = pooled.evidence[DAY:] - step.evidence[DAY:]
    assert (more > -0.05).all()
    assert (more > 0.05).mean() < 0.01


def test_own_evidence_is_that_of_the_sums() -> None:
    rows = np.array([[3.0, 9, 4], [2.0, 2, 2], [3.0, 7, 4], [1.0, 1, 1], [0.01, 0.01, 0.01]])
    assert fusion_kernel.own_evidence(rows, 1, 2) == pytest.approx(evidence_of(11.0, 4.0, 0.01))
    assert fusion_kernel.own_evidence(rows, 0, 0) == pytest.approx(evidence_of(3.0, 2.0, 0.01))
    assert np.isnan(fusion_kernel.own_evidence(np.full((5, 3), np.nan), 0, 2))


@settings(max_examples=10, deadline=None)
@given(cuts=st.sets(st.integers(1, DAYS * DAY - 1), max_size=6))
def test_chunks_do_not_matter(cuts: set[int]) -> None:
    sources = {"a": said(counts(3, seed=1)), "b": said(counts(2.5, seed=2))}
    (whole,) = together(sources)
    edges = tuple(START.timestamp() + cut * WIDTH.total_seconds() for cut in sorted(cuts))
    parts = together(sources, cuts=edges)
    assert [c for part in parts for c in part.changes] == list(whole.changes)
    np.testing.assert_array_equal(np.concatenate([p.evidence for p in parts]), whole.evidence)


@pytest.mark.parametrize("damage", [b"", b"\x80", b"\x81\xa6format\x63"])
def test_what_is_no_state_is_refused(damage: bytes) -> None:
    with pytest.raises(ValueError, match="fused state"):
        fusion.load(damage)


def test_after_years_without_a_word_all_begins_anew_and_an_open_surge_is_over() -> None:
    until = START.timestamp() + (FIRST + 9) * WIDTH.total_seconds()
    sources = {"a": said(counts(5, seed=1)), "b": said(counts(5, seed=2))}
    first = fusion.update(
        fusion.begin(DetectionOptions(), start=START, width=WIDTH), sources, until
    )
    assert len(opened(first.changes)) == 1
    later = {name: replace(one, start=one.start + 5e8) for name, one in sources.items()}
    again = fusion.update(first.state, later, min(one.end for one in later.values()))
    assert again.said.shape[2] < 2 * DAYS * DAY
    assert again.changes[0].kind is ChangeKind.CLOSED
    assert again.changes[0].surge.ended_at == AT + 9 * WIDTH
    assert len(opened(again.changes)) == 1


def test_a_source_that_has_not_spoken_for_long_is_not_asked_whatever_the_chunks() -> None:
    gone = counts(1, seed=9)
    gone[FIRST - 400 :] = np.nan
    sources = {"a": said(counts(4, seed=1)), "b": said(counts(4, seed=2)), "gone": said(gone)}
    (whole,) = together(sources)
    edges = tuple(START.timestamp() + cut * WIDTH.total_seconds() for cut in (FIRST - 50, FIRST))
    parts = together(sources, cuts=edges)
    assert [c for part in parts for c in part.changes] == list(whole.changes)
    assert [a.source for a in opened(whole.changes)[0].surge.agreement] == ["a", "b"]
