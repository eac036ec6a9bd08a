"""Surges in trending lists, by a simple stated rule.

A list shows a topic only while it is above the list's floor, so there is no baseline and no
evidence in nats: that a topic about an outage *entered* is the alarm.

- It opens when the topic is listed in `LOOKS` consecutive looks: one look is a blip.
- It began between the last look without it and the first look with it.
- It ends where it was last listed, and that is said after `HOLD` of looks without it; topics fall
  off the list and come back. Time in which nobody looked counts as nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil, inf, nan

from detector.model.series import Floats
from detector.model.spans import Spans
from detector.model.surge import Change, ChangeKind, Onset, Surge
from detector.model.times import from_seconds

LOOKS = 2
HOLD = timedelta(minutes=30)
#: A peak is told again when it grew by this factor.
GROWTH = 1.25


@dataclass(frozen=True, slots=True)
class TrendState:
    """What is remembered of one topic's service on one list. Seconds since 1970.

    Attributes
    ----------
    seen_until : up to here the list was looked at, or not, and that is settled.
    absent_at : left edge of the last look without the topic, None if there was none.
    entered_at : left edge of the first look of the current stay, None while it is not listed.
    listed_until : right edge of the last look with it.
    looks : looks with it in the current stay.
    quiet : observed seconds without it since ``listed_until``.
    peak_at, peak, floor : the highest heat since it entered, where, and the list's floor then.
    surge : what was said about it, None before the alarm.
    """

    seen_until: float
    absent_at: float | None = None
    entered_at: float | None = None
    listed_until: float = 0.0
    looks: int = 0
    quiet: float = 0.0
    peak_at: float = 0.0
    peak: float = 0.0
    floor: float = 0.0
    surge: Surge | None = None


def update(
    state: TrendState,
    listed: Floats,
    heat: Floats,
    floor: Floats,
    *,
    observed: Spans,
    width: timedelta,
) -> tuple[TrendState, tuple[Change, ...]]:
    """Return the state after the looks in ``observed``, and what there is to say.

    Parameters
    ----------
    state : the state so far; looks before ``state.seen_until`` are ignored.
    listed, heat, floor : shape (n,), left edges (seconds since 1970, ascending) of the bins in
        which the topic was listed, its heat, and the lowest heat on the list.
    observed : spans in which the list was looked at, ``listed`` included.
    width : bin width.
    """
    changes: list[Change] = []
    for at, value, least in zip(listed.tolist(), heat.tolist(), floor.tolist(), strict=True):
        if at < state.seen_until:
            continue
        state = _absent(state, at, observed, width, changes)
        state = _present(state, at, value, least, width.total_seconds(), changes)
    if len(observed):
        state = _absent(state, float(observed.ends[-1]), observed, width, changes)
    return state, tuple(changes)


def _absent(
    state: TrendState, until: float, observed: Spans, width: timedelta, changes: list[Change]
) -> TrendState:
    """Pass over the looks without the topic before ``until``."""
    step = width.total_seconds()
    for start, end in observed.between(state.seen_until, until):
        left = HOLD.total_seconds() - state.quiet
        state = replace(state, quiet=state.quiet + end - start, absent_at=end - step)
        if state.surge is None:
            state = replace(state, entered_at=None, looks=0)
        elif end - start >= left:
            resolved = ceil((start + left) / step) * step
            changes.append(_closed(state, resolved))
            state = TrendState(state.seen_until, absent_at=end - step, quiet=state.quiet)
    return replace(state, seen_until=max(until, state.seen_until))


def _present(
    state: TrendState, at: float, heat: float, floor: float, step: float, changes: list[Change]
) -> TrendState:
    """Take in one look with the topic."""
    if state.entered_at is None:
        state = replace(state, entered_at=at, looks=0, peak=-inf)
    state = replace(
        state, looks=state.looks + 1, listed_until=at + step, seen_until=at + step, quiet=0.0
    )
    if heat > state.peak:
        state = replace(state, peak_at=at, peak=heat, floor=floor)
    if state.surge is None and state.looks >= LOOKS:
        state = replace(state, surge=_surge(state, at + step))
        changes.append(Change(ChangeKind.OPENED, from_seconds(at + step), _known(state)))
    elif state.surge is not None and state.peak > GROWTH * state.surge.peak_count:
        state = replace(state, surge=_grown(state))
        changes.append(Change(ChangeKind.REVISED, from_seconds(at + step), _known(state)))
    return state


def _surge(state: TrendState, noticed: float) -> Surge:
    entered = state.listed_until if state.entered_at is None else state.entered_at
    earliest = entered if state.absent_at is None else state.absent_at
    onset = Onset(from_seconds(entered), from_seconds(earliest), from_seconds(entered))
    return Surge(
        onset=onset,
        noticed_at=from_seconds(noticed),
        evidence=nan,
        peak_at=from_seconds(state.peak_at),
        peak_count=state.peak,
        expected_at_peak=state.floor,
        excess=max(state.peak - state.floor, 0.0),
    )


def _known(state: TrendState) -> Surge:
    if state.surge is None:
        raise ValueError("no surge is known yet")
    return state.surge


def _grown(state: TrendState) -> Surge:
    """Return the surge with the highest heat that was seen since."""
    return replace(
        _known(state),
        peak_at=from_seconds(state.peak_at),
        peak_count=state.peak,
        expected_at_peak=state.floor,
        excess=max(state.peak - state.floor, 0.0),
    )


def _closed(state: TrendState, resolved: float) -> Change:
    at = from_seconds(resolved)
    ended = from_seconds(state.listed_until)
    return Change(ChangeKind.CLOSED, at, replace(_grown(state), ended_at=ended, resolved_at=at))
