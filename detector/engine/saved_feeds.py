"""The health of the feeds as bytes, and back."""

from __future__ import annotations

from typing import Any

import msgspec
import pandas as pd

from detector.detection import live
from detector.detection.falls import VolumeState
from detector.engine.health import Health
from detector.engine.memory import Volume, Watched

VERSION = 1


class SavedFeed(msgspec.Struct, frozen=True):
    """What is watched of one source.

    Attributes
    ----------
    place : where it counts.
    feed : the source that is asked.
    series : the baseline of its volume, None before any.
    sums : the other fields of `VolumeState`, in their order.
    waiting : rows of bins that are not complete, None where volume is not followed.
    """

    place: str
    feed: str
    health: Health
    series: bytes | None
    sums: tuple[float, int, int, float, float, bool, float, float] | None
    waiting: list[tuple[str, float, float]] | None
    version: int = VERSION


def saved_feed(place: str, watched: Watched) -> SavedFeed:
    """Return ``watched`` as plain values."""
    volume = watched.volume
    state = None if volume is None else volume.state
    waiting = None if volume is None else list(volume.waiting.itertuples(index=False, name=None))
    return SavedFeed(
        place,
        watched.feed,
        watched.health,
        None if state is None else live.dump(state.series),
        None if state is None else _sums(state),
        waiting,
    )


def watched_of(saved: SavedFeed) -> Watched:
    """Return what `saved_feed` wrote."""
    if saved.waiting is None:
        return Watched(saved.feed, saved.health)
    columns = {"service": "str", "second": "float64", "count": "float64"}
    waiting = pd.DataFrame(saved.waiting, columns=list(columns)).astype(columns)
    state = None
    if saved.series is not None and saved.sums is not None:
        state = VolumeState(live.load(saved.series), *saved.sums)
    return Watched(saved.feed, saved.health, Volume(state, waiting))


def _sums(state: VolumeState) -> Any:
    return (
        state.gain,
        state.bins,
        state.known,
        state.seen,
        state.expected,
        state.low,
        state.error,
        state.weight,
    )
