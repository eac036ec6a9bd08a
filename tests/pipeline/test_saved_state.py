"""The state as bytes and back."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from detector.complaints.archive import Archive
from detector.detection import live, volume_drop
from detector.detection.options import DetectionOptions
from detector.detection.trending import TrendState
from detector.errors import StoreError
from detector.model.series import SeriesKey
from detector.model.spans import Spans
from detector.pipeline.health_rules import PollOutcome, SourceHealthRules, update
from detector.pipeline.incident_updates import update_incidents
from detector.pipeline.saved_state import changes, load
from detector.pipeline.state import Followed, PipelineState, SourceProgress, Volume, WatchedSource
from tests.fakes.outages import NOON
from tests.pipeline.plans import lexicon_plan
from tests.pipeline.saying import MINUTE, closed, complaints, opened

ODD = "a/b.c 💥\t微信"


def a_state() -> PipelineState:
    key = SeriesKey(ODD, "weibo/one")
    state = live.begin(DetectionOptions(), start=NOON, width=MINUTE)
    said = [opened(5, source="b", service=ODD), opened(7, source="a", service=ODD)]
    told = update_incidents({}, [*said, opened(0), closed(0, 60)], Archive(), lexicon_plan())
    archive = Archive().plus(complaints(*((i, f"{i}", "微信崩了") for i in range(40))))
    for late in range(12):
        archive = archive.plus(complaints((50 + late, "x", "\0 and 💥"), service=ODD))
    backlog = complaints((61, "a", "wait"))[["time", "service", "author", "text"]]
    feed = SourceProgress("at 3", Spans.of([(NOON, NOON + MINUTE)]), NOON.timestamp(), backlog)
    return PipelineState(
        progress={ODD: feed, "new": SourceProgress()},
        series={key: Followed(NOON.timestamp(), MINUTE, 0, state)},
        trends={key: TrendState(NOON.timestamp())},
        incidents=told.latest,
        archive=archive,
        watched={ODD: watched(), "list": WatchedSource("list", watched().health)},
    )


def watched() -> WatchedSource:
    health, _ = update(
        None, ODD, PollOutcome([(NOON, NOON + MINUTE)]), SourceHealthRules(), now=NOON + MINUTE
    )
    waiting = pd.DataFrame({"service": [ODD, ""], "second": [1.5, 2.0], "count": [3.0, 4.0]})
    state, _ = volume_drop.update(volume_drop.begin(NOON, MINUTE), np.arange(200.0), share=0.2)
    return WatchedSource("feed", health, Volume(state, waiting.astype({"service": "str"})))


def through(
    before: PipelineState, after: PipelineState, stored: dict[str, bytes]
) -> dict[str, bytes]:
    """What a store holds after the changes."""
    kept = dict(stored)
    for key, entry in changes(before, after).items():
        if entry is None:
            kept.pop(key)
        else:
            kept[key] = entry
    return kept


def assert_same_watched(one: WatchedSource, other: WatchedSource) -> None:
    assert (one.feed, one.health) == (other.feed, other.health)
    if one.volume is None or other.volume is None:
        assert one.volume is other.volume
        return
    pd.testing.assert_frame_equal(one.volume.waiting, other.volume.waiting)
    ours, theirs = one.volume.state, other.volume.state
    assert ours is not None
    assert theirs is not None
    assert live.dump(ours.series) == live.dump(theirs.series)
    for field in fields(ours):
        if field.name != "series":
            assert getattr(ours, field.name) == getattr(theirs, field.name)


def assert_same(one: PipelineState, other: PipelineState) -> None:
    assert set(one.progress) == set(other.progress)
    for name, feed in one.progress.items():
        again = other.progress[name]
        assert (feed.cursor, feed.counted_until) == (again.cursor, again.counted_until)
        assert feed.observed.pairs() == again.observed.pairs()
        if feed.backlog is None or again.backlog is None:
            assert feed.backlog is again.backlog
        else:
            pd.testing.assert_frame_equal(feed.backlog, again.backlog)
    assert set(one.watched) == set(other.watched)
    for place, known in one.watched.items():
        assert_same_watched(known, other.watched[place])
    assert list(one.series) == list(other.series)
    for key, series in one.series.items():
        assert live.dump(series.state) == live.dump(other.series[key].state)
        assert series.next_bin == other.series[key].next_bin
    assert one.trends == other.trends
    assert one.incidents == other.incidents
    assert [list(i.merging.surges) for i in one.incidents.values()] == [
        list(other.incidents[name].merging.surges) for name in one.incidents
    ]
    assert list(one.archive.pieces) == list(other.archive.pieces)
    for number, piece in one.archive.pieces.items():
        pd.testing.assert_frame_equal(piece, other.archive.pieces[number])


def test_a_memory_there_and_back_is_the_same() -> None:
    kept = a_state()
    assert_same(kept, load(through(PipelineState(), kept, {})))


def test_only_what_changed_is_written_and_what_went_is_removed() -> None:
    before = a_state()
    stored = through(PipelineState(), before, {})
    assert changes(before, before) == {}
    late = complaints((70, "z", "again"), service=ODD)
    after = replace(before, archive=before.archive.plus(late))
    assert {key.partition("/")[0] for key in changes(before, after)} == {"archive"}
    assert_same(after, load(through(before, after, stored)))


def followed(kept: PipelineState, counts: np.ndarray) -> PipelineState:
    """Return the state after the only series has taken ``counts``."""
    ((key, known),) = kept.series.items()
    state = live.update(known.state, counts).state
    return replace(kept, series={key: replace(known, bins=state.bins, state=state)})


def test_what_changes_daily_is_written_daily() -> None:
    first = a_state()
    stored = through(PipelineState(), first, {})
    minute = followed(first, np.ones(1))
    assert {key.partition("/")[0] for key in changes(first, minute)} == {"series"}
    assert sum(len(entry or b"") for entry in changes(first, minute).values()) < 28_000
    days = followed(minute, np.ones(3000))
    assert {key.partition("/")[0] for key in changes(minute, days)} == {"series", "tables"}
    stored = through(minute, days, through(first, minute, stored))
    assert_same(days, load(stored))


def test_a_series_without_its_tables_is_named() -> None:
    stored = through(PipelineState(), a_state(), {})
    del stored[next(key for key in stored if key.startswith("tables/"))]
    with pytest.raises(StoreError, match="weibo/one"):
        load(stored)


def test_pieces_come_back_in_order_of_arrival_whatever_the_store_says_first() -> None:
    archive = Archive({n: complaints((0, "a", f"{n}")) for n in (9, 10, 11)})
    stored = through(PipelineState(), PipelineState(archive=archive), {})
    again = load(dict(sorted(stored.items()))).archive
    assert list(again.pieces) == [9, 10, 11]
    end = NOON + timedelta(hours=1)
    assert list(again.about("WeChat", start=NOON, end=end)["text"]) == ["9", "10", "11"]


@pytest.mark.parametrize("damage", [b"", b"\xc1", b"\x80"], ids=["empty", "no value", "no keys"])
def test_a_damaged_entry_is_named(damage: bytes) -> None:
    stored = through(PipelineState(), a_state(), {})
    stored["incident/WeChat"] = damage
    with pytest.raises(StoreError, match="incident/WeChat"):
        load(stored)
