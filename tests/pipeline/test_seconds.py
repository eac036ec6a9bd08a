"""Starts to the second from the complaints' own times."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from detector.complaints.archive import Archive
from detector.model.series import SeriesKey
from detector.model.surge import Surge
from detector.pipeline.counting.exact_start import to_the_second
from tests.fakes.outages import NOON
from tests.pipeline.saying import MINUTE, a_surge, complaints

SECOND = timedelta(seconds=1)
BEGINS = 137
CALM = [-1800, -1500, -1100, -700, -300, -40, 20]
SURGE = [BEGINS, *(BEGINS + 3 + 4 * i for i in range(120))]


def spoken(*seconds: int, author: str = "") -> Archive:
    """One complaint each, so many seconds after noon, by unlike authors unless one is given."""
    rows = complaints(*((0, author or f"{i}", f"{i}") for i in range(len(seconds))))
    rows["time"] = pd.Series([NOON + s * SECOND for s in seconds]).dt.as_unit("us")
    return Archive().plus(rows.sort_values("time", kind="stable", ignore_index=True))


def asked(archive: Archive, *, source: str = "weibo", minutes: int = 10) -> Surge:
    """What becomes of a surge noticed at 12:05 and thought to begin at 12:02."""
    key, at = SeriesKey("WeChat", source), NOON + minutes * MINUTE
    return to_the_second(a_surge(5), key, archive, width=MINUTE, at=at)


def test_the_first_complaint_of_the_surge_is_its_start() -> None:
    surge = asked(spoken(*CALM, *SURGE))
    assert abs(surge.onset.at - NOON - BEGINS * SECOND) <= 10 * SECOND
    assert surge.onset.earliest <= NOON + BEGINS * SECOND <= surge.onset.latest
    assert surge.onset.latest - surge.onset.earliest < 2 * MINUTE
    assert surge.noticed_at == a_surge(5).noticed_at


def test_what_is_said_later_or_elsewhere_does_not_count() -> None:
    whole = spoken(*CALM, *SURGE)
    early = spoken(*CALM, *(s for s in SURGE if s < 5 * 60))
    assert asked(whole, minutes=5) == asked(early, minutes=5)
    assert asked(whole, source="x") == a_surge(5)


@pytest.mark.parametrize(
    "archive",
    [Archive(), spoken(*CALM, *SURGE, author="the same")],
    ids=["no complaints", "one voice, long before"],
)
def test_without_voices_the_bins_stand(archive: Archive) -> None:
    assert asked(archive) == a_surge(5)


def test_pieces_of_the_archive_make_no_difference() -> None:
    rows = spoken(*CALM, *SURGE).pieces[1]
    parts = Archive({1: rows.iloc[:40], 2: rows.iloc[40:41], 3: rows.iloc[41:]})
    assert asked(parts) == asked(spoken(*CALM, *SURGE))


def test_a_start_that_is_not_sure_to_the_minute_is_not_told_to_the_second() -> None:
    few = spoken(*CALM, 20, 100, 180, 260, 340, 420)
    surge = asked(few)
    onset = surge.onset
    assert onset.latest - onset.earliest >= 4 * MINUTE
    assert {t.second for t in (onset.at, onset.earliest, onset.latest)} == {0}
    assert onset.earliest <= onset.at <= onset.latest
