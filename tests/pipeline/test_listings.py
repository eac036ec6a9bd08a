"""Trending lists grouped into looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from detector.model.series import SeriesKey
from detector.model.spans import Spans
from detector.model.times import from_seconds
from detector.pipeline.counting.series_batch import ListBatch
from detector.pipeline.counting.table_counts import count_listings
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.state import SourceProgress
from detector.sources.base import Poll
from tests.pipeline.plans import lexicon_plan

START = datetime(2022, 7, 22, 14, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WECHAT = SeriesKey("WeChat", "hot")


@pytest.fixture(scope="module")
def the_plan() -> PipelinePlan:
    return lexicon_plan()


def listed(*rows: tuple[float, str, str, float], floor: float = 10) -> pd.DataFrame:
    """Rows of (minutes behind START, service, title, heat)."""
    return pd.DataFrame(
        {
            "time": pd.to_datetime([START + r[0] * MINUTE for r in rows], utc=True),
            "service": [r[1] for r in rows],
            "title": [r[2] for r in rows],
            "count": [float(r[3]) for r in rows],
            "floor": floor,
        }
    )


def tallied(
    plan: PipelinePlan,
    rows: pd.DataFrame,
    *observed: tuple[float, float],
    progress: SourceProgress | None = None,
    followed: tuple[SeriesKey, ...] = (),
) -> tuple[SourceProgress, dict[SeriesKey, ListBatch]]:
    spans = tuple((START + a * MINUTE, START + b * MINUTE) for a, b in observed)
    poll = Poll("", counts=rows, width=MINUTE, observed=spans)
    tally = count_listings(
        "hot", progress or SourceProgress(), rows, MINUTE, poll, frozenset(followed), plan
    )
    return tally.progress, {piece.key: piece for piece in tally.looks}


def minutes(seconds: object) -> list[float]:
    return [(from_seconds(s) - START) / MINUTE for s in seconds]  # type: ignore[attr-defined]


def test_a_look_belongs_to_the_bin_its_time_falls_into(the_plan: PipelinePlan) -> None:
    rows = listed((0.1, "WeChat", "", 12), (1.02, "WeChat", "", 15))
    _, pieces = tallied(the_plan, rows, (0.1, 2.02))
    piece = pieces[WECHAT]
    assert minutes(piece.listed) == [0, 1]
    assert list(piece.heat) == [12, 15]
    assert list(piece.floor) == [10, 10]
    assert piece.looked.pairs() == ((START, START + 2 * MINUTE),)


def test_of_several_titles_about_a_service_the_hottest_counts(the_plan: PipelinePlan) -> None:
    rows = listed((0, "WeChat", "a", 12), (0, "WeChat", "b", 30), (0, "WeChat", "c", 20))
    _, pieces = tallied(the_plan, rows, (0, 1))
    assert list(pieces[WECHAT].heat) == [30]


def test_rows_without_a_service_are_judged_by_their_title(the_plan: PipelinePlan) -> None:
    rows = listed((0, "", "微信崩了", 12), (0, "", "泪崩", 90), (0, "QQ", "whatever", 11))
    _, pieces = tallied(the_plan, rows, (0, 1))
    assert {key.service for key in pieces} == {"WeChat", "QQ"}
    _, pieces = tallied(the_plan, rows.drop(columns="title"), (0, 1))
    assert {key.service for key in pieces} == {"QQ"}


def test_a_title_that_names_a_service_of_the_table_otherwise_keeps_the_tables_name(
    the_plan: PipelinePlan,
) -> None:
    rows = listed((0, "Weixin", "anything", 12), (0, "", "微信崩了", 30), (1, "", "微信崩了", 20))
    _, pieces = tallied(the_plan, rows, (0, 2))
    assert set(pieces) == {SeriesKey("Weixin", "hot")}
    piece = pieces[SeriesKey("Weixin", "hot")]
    assert minutes(piece.listed) == [0, 1]
    assert list(piece.heat) == [30, 20]


def test_a_title_names_the_configured_service_where_the_table_names_none(
    the_plan: PipelinePlan,
) -> None:
    rows = listed((0, "", "微信崩了", 30), (0, "QQ", "anything", 12))
    _, pieces = tallied(the_plan, rows, (0, 1))
    assert set(pieces) == {WECHAT, SeriesKey("QQ", "hot")}


def test_a_followed_service_gets_the_looks_without_it(the_plan: PipelinePlan) -> None:
    other = SeriesKey("WeChat", "another list")
    _, pieces = tallied(the_plan, listed().iloc[:0], (0, 3), followed=(WECHAT, other))
    assert list(pieces) == [WECHAT]
    assert len(pieces[WECHAT].listed) == 0
    assert pieces[WECHAT].looked.pairs() == ((START, START + 3 * MINUTE),)


def test_looks_of_long_ago_are_forgotten_and_the_last_before_an_entry_is_not(
    the_plan: PipelinePlan,
) -> None:
    progress, day = SourceProgress(), 1440
    for look in range(0, 80 * day, day):
        progress, _ = tallied(
            the_plan, listed((look, "QQ", "", 9)), (look, look + 5), progress=progress
        )
    assert len(progress.observed) <= 31
    late = 600 * day
    rows = listed((late, "WeChat", "", 9))
    progress, pieces = tallied(the_plan, rows, (late, late + 5), progress=progress)
    assert len(progress.observed) <= 32
    before = pieces[WECHAT].looked.pairs()[-2]
    assert before == (START + 79 * day * MINUTE, START + (79 * day + 5) * MINUTE)


def test_a_service_listed_for_the_first_time_gets_all_looks_ever(the_plan: PipelinePlan) -> None:
    progress, _ = tallied(the_plan, listed((0, "QQ", "", 9)), (0, 5))
    rows = listed((7, "WeChat", "", 9), (7, "QQ", "", 9))
    followed = (SeriesKey("QQ", "hot"),)
    progress, pieces = tallied(the_plan, rows, (5, 8), progress=progress, followed=followed)
    assert pieces[WECHAT].looked.pairs() == ((START, START + 8 * MINUTE),)
    assert pieces[followed[0]].looked.pairs() == ((START + 5 * MINUTE, START + 8 * MINUTE),)
    assert progress.observed.pairs() == Spans.of([(START, START + 8 * MINUTE)]).pairs()
