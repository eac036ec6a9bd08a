"""Posts counted by distinct voices in final bins."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.detection import live
from detector.model.series import SeriesKey
from detector.model.times import from_seconds
from detector.pipeline.counting.post_counts import HISTORY, KNOWN, count_posts
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.state import LOOKED_BACK, Followed, SourceProgress
from detector.sources.base import Poll
from tests.pipeline.plans import lexicon_plan

START = datetime(2022, 7, 22, 14, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LATER = START + timedelta(days=1)
WECHAT = SeriesKey("WeChat", "weibo")
Span = tuple[float, float]


@pytest.fixture(scope="module")
def the_plan() -> PipelinePlan:
    return lexicon_plan()


def posts(*minutes: float, service: str = "微信", first: int = 0) -> pd.DataFrame:
    """One complaint each, by people of their own, in words of their own."""
    return pd.DataFrame(
        {
            "time": pd.to_datetime([START + m * MINUTE for m in minutes], utc=True),
            "text": [f"{service}崩了" for _ in minutes],
            "author": [f"user{first + i}-{m}" for i, m in enumerate(minutes)],
        }
    )


class Follower:
    """Takes in pieces as the cycle does, without detecting."""

    def __init__(self, plan: PipelinePlan, source: str = "weibo") -> None:
        self.plan, self.source = plan, source
        self.progress = SourceProgress()
        self.series: dict[SeriesKey, Followed] = {}
        self.counts: dict[SeriesKey, np.ndarray] = {}
        self.marks: dict[SeriesKey, list[tuple[float, float]]] = {}

    def take(self, rows: pd.DataFrame | None, *spans: Span, now: datetime = LATER) -> None:
        observed = tuple((START + a * MINUTE, START + b * MINUTE) for a, b in spans)
        poll = Poll(None, posts=rows, observed=observed)
        tally = count_posts(self.source, self.progress, poll, self.series, self.plan, now=now)
        self.progress = tally.progress
        for piece in tally.counts:
            known = self.series.get(piece.key)
            if known is None:
                options = self.plan.options_for(piece.key.service)
                state = live.begin(options, start=from_seconds(piece.start), width=piece.width)
                known = Followed(piece.start, piece.width, 0, state)
            assert piece.start == known.next_bin
            self.series[piece.key] = replace(known, bins=known.bins + len(piece.counts))
            before = self.counts.get(piece.key, np.empty(0))
            self.counts[piece.key] = np.append(before, piece.counts)
            bins, left, held = piece.partial
            at = piece.start + (bins + 1) * piece.width.total_seconds() - left
            self.marks.setdefault(piece.key, []).extend(zip(at, held, strict=True))

    def start_of(self, service: str) -> datetime:
        return from_seconds(self.series[SeriesKey(service, self.source)].start)


def test_unobserved_is_nan_and_quiet_is_zero(the_plan: PipelinePlan) -> None:
    follower = Follower(the_plan)
    follower.take(posts(0, 3), (0, 2), (3, 5))
    np.testing.assert_array_equal(follower.counts[WECHAT], [1, 0, np.nan, 1, 0])


@pytest.mark.parametrize(
    "hole",
    [(0.9, 1.1), (1.2, 1.4), (1.9, 2.05)],
    ids=["over its left edge", "in its middle", "over its right edge"],
)
def test_a_bin_with_a_hole_is_not_observed(the_plan: PipelinePlan, hole: Span) -> None:
    follower = Follower(the_plan)
    follower.take(posts(1.5), (0, hole[0]), (hole[1], 4))
    assert np.isnan(follower.counts[WECHAT][1])


def test_a_bin_is_final_when_it_was_observed_to_its_end_and_settled(the_plan: PipelinePlan) -> None:
    follower = Follower(replace(the_plan, allowed_lateness=2 * MINUTE))
    follower.take(posts(0.5), (0, 1.5), now=START + 2.5 * MINUTE)
    assert follower.counts == {}
    follower.take(None, now=START + 3 * MINUTE)
    assert list(follower.counts[WECHAT]) == [1]
    follower.take(None, now=LATER)
    assert list(follower.counts[WECHAT]) == [1]
    follower.take(posts(1.7), (1.5, 3), now=LATER)
    np.testing.assert_array_equal(follower.counts[WECHAT], [1, 1, 0])


def test_a_late_post_counts_until_its_bin_is_final_and_then_nowhere(the_plan: PipelinePlan) -> None:
    follower = Follower(replace(the_plan, allowed_lateness=2 * MINUTE))
    follower.take(posts(0.5), (0, 2), now=START + 2.5 * MINUTE)
    follower.take(posts(0.6, first=50), (2, 4), now=START + 4 * MINUTE)
    follower.take(posts(1.5, first=60), (4, 6), now=START + 6 * MINUTE)
    np.testing.assert_array_equal(follower.counts[WECHAT], [2, 0, 0, 0])


def test_of_the_bin_that_fills_it_is_told_what_it_holds_up_to_marks_that_have_settled(
    the_plan: PipelinePlan,
) -> None:
    follower = Follower(replace(the_plan, width=5 * MINUTE, allowed_lateness=MINUTE))
    follower.take(posts(0.1), (0, 7), now=START + 6 * MINUTE)
    assert follower.marks[WECHAT] == [(START.timestamp() + 15, 1)]
    follower.take(posts(5.1, 5.6, first=10), (7, 9), now=START + 6.5 * MINUTE)
    assert follower.marks[WECHAT][1:] == [(START.timestamp() + 315, 1)]
    follower.take(None, now=START + 6.6 * MINUTE)
    assert len(follower.marks[WECHAT]) == 2
    follower.take(posts(5.2, first=20), now=START + 7 * MINUTE)
    assert follower.marks[WECHAT][2:] == [(START.timestamp() + 345, 3)]
    assert list(follower.counts[WECHAT]) == [1]
    follower.take(None, (9, 10), now=START + 11 * MINUTE)
    assert list(follower.counts[WECHAT]) == [1, 3]
    assert len(follower.marks[WECHAT]) == 3


def test_before_a_service_was_discovered_there_are_no_marks(the_plan: PipelinePlan) -> None:
    follower = Follower(replace(the_plan, discover_authors=3))
    follower.take(posts(0.1, 20.1, 40.1, 40.2, 41.1, service="知乎"), (0, 60))
    (key,) = follower.counts.keys() - {WECHAT}
    assert follower.marks[key] == [(START.timestamp() + 41 * 60 + 15, 1)]


def test_an_author_counts_once(the_plan: PipelinePlan) -> None:
    rows = posts(0.1, 0.2, 0.3).assign(author="the same")
    follower = Follower(the_plan)
    follower.take(rows, (0, 1))
    assert list(follower.counts[WECHAT]) == [1]


def test_chatter_is_no_complaint(the_plan: PipelinePlan) -> None:
    follower = Follower(the_plan)
    follower.take(posts(0).assign(text="微信红包真好玩"), (0, 1))
    assert list(follower.counts[WECHAT]) == [0]


def test_a_list_that_brings_nothing_counts_no_posts(the_plan: PipelinePlan) -> None:
    follower = Follower(the_plan)
    follower.progress = replace(
        follower.progress, observed=type(follower.progress.observed).of([(START, LATER)])
    )
    follower.take(None)
    assert follower.counts == {}
    assert follower.progress.counted_until is None


class TestDiscovery:
    """A service that nobody configured is followed once enough people complain in an hour."""

    minutes = (0.5, 20.5, 40.5, 70.5, 80.5, 85.5, 90.5)

    @pytest.fixture
    def three(self, the_plan: PipelinePlan) -> PipelinePlan:
        return replace(the_plan, discover_authors=3)

    def test_too_few_are_not_followed(self, three: PipelinePlan) -> None:
        follower = Follower(three)
        follower.take(posts(0.5, 30.5, 61.5, 92.5, service="知乎"), (0, 120))
        assert list(follower.counts) == [WECHAT]

    def test_enough_in_the_last_hour_are_from_the_first_of_that_hour(
        self, three: PipelinePlan
    ) -> None:
        follower = Follower(three)
        follower.take(posts(-1200.5, *self.minutes, service="知乎"), (-2000, 100))
        (key,) = follower.counts.keys() - {WECHAT}
        assert follower.counts[key].sum() == len(self.minutes)
        assert follower.start_of(key.service) == START - 2000 * MINUTE

    def test_history_is_bounded(self, three: PipelinePlan) -> None:
        follower = Follower(three)
        days = 40 * 1440.0
        follower.take(
            posts(days, days + 1, days + 2, service="知乎"),
            (0, days + 10),
            now=START + timedelta(days=41),
        )
        (key,) = follower.counts.keys() - {WECHAT}
        first = START + (days + 2 - 59) * MINUTE
        assert follower.start_of(key.service) == first - HISTORY

    def test_none_follows_configured_services_only(self, the_plan: PipelinePlan) -> None:
        follower = Follower(replace(the_plan, discover_authors=None))
        follower.take(posts(*self.minutes, service="知乎"), (0, 100))
        assert list(follower.counts) == [WECHAT]

    @pytest.mark.parametrize("width", [7, 25, 90], ids="{} minutes".format)
    def test_bins_lie_on_the_grid_for_widths_that_do_not_divide_an_hour(
        self, three: PipelinePlan, width: int
    ) -> None:
        wide = replace(three, width=width * MINUTE)
        follower = Follower(wide)
        follower.take(posts(*self.minutes, service="知乎"), (-width * 10, 600))
        (key,) = follower.counts.keys() - {WECHAT}
        assert follower.series[key].start % (width * 60) == 0
        assert np.nansum(follower.counts[key]) >= 3


@settings(max_examples=25, deadline=None)
@given(
    minutes=st.lists(st.floats(0, 300).map(lambda m: round(m, 2)), max_size=60),
    cuts=st.sets(st.integers(1, 299), max_size=5),
    gap=st.tuples(st.integers(0, 299), st.integers(1, 40)),
    settle=st.sampled_from([0, 7]),
)
def test_pieces_do_not_depend_on_the_polls(
    minutes: list[float], cuts: set[int], gap: tuple[int, int], settle: int
) -> None:
    chosen = replace(lexicon_plan(), discover_authors=4, allowed_lateness=settle * MINUTE)
    rows = pd.concat(
        [
            posts(*minutes).assign(author=[f"u{round(m) % 17}" for m in minutes]),
            posts(*minutes[::2], service="知乎", first=100),
        ]
    ).sort_values("time", kind="stable", ignore_index=True)
    end = 300 + settle
    whole, parts = Follower(chosen), Follower(chosen)
    whole.take(rows, *_without(0, 300, gap), now=START + end * MINUTE)
    edges = [0, *sorted(cuts), 300]
    for left, right in itertools.pairwise(edges):
        when = (rows["time"] - START) / MINUTE
        new = rows[(when >= left) & (when < right if right < 300 else True)]
        parts.take(new, *_without(left, right, gap), now=START + right * MINUTE)
    parts.take(None, now=START + end * MINUTE)
    assert parts.counts.keys() == whole.counts.keys()
    for key, counts in whole.counts.items():
        np.testing.assert_array_equal(parts.counts[key], counts)
    assert parts.marks == whole.marks


def _without(left: int, right: int, gap: tuple[int, int]) -> list[Span]:
    start, end = gap[0], gap[0] + gap[1]
    parts = [(left, min(right, start)), (max(left, end), right)]
    return [(a, b) for a, b in parts if a < b]


def named(*ids: str, minute: float = 0.5) -> pd.DataFrame:
    """Complaints by people of their own; the identifiers as given."""
    return posts(*[minute] * len(ids)).assign(
        id=pd.Series(ids, dtype="str"), author=[f"{i}-{minute}" for i in range(len(ids))]
    )


@pytest.mark.parametrize(
    ("rows", "counts"),
    [
        ([named("a", "b", "a")], [2, 0, 0]),
        ([named("a", "b"), named("b", "c", minute=1.5)], [2, 1, 0]),
        ([named("", ""), named("", minute=1.5)], [2, 1, 0]),
    ],
    ids=["twice in one look", "again in the next", "without an identifier each is its own"],
)
def test_a_post_that_comes_twice_is_one_post(
    the_plan: PipelinePlan, rows: list[pd.DataFrame], counts: list[float]
) -> None:
    follower = Follower(the_plan)
    for i, part in enumerate(rows):
        follower.take(part, (i, i + 1), now=START + (i + 1) * MINUTE)
    follower.take(None, (len(rows), 3))
    np.testing.assert_array_equal(follower.counts[WECHAT], counts)


def test_what_is_known_again_is_bounded(the_plan: PipelinePlan) -> None:
    follower = Follower(the_plan)
    follower.take(named(*map(str, range(KNOWN + 9))), (0, 1))
    assert len(follower.progress.known) == KNOWN


def test_complaints_that_come_too_late_are_reported(the_plan: PipelinePlan) -> None:
    progress = SourceProgress(counted_until=(START + 5 * MINUTE).timestamp())
    poll = Poll(None, posts=posts(1, 6), observed=((START, START + 7 * MINUTE),))
    assert count_posts("weibo", progress, poll, {}, the_plan, now=LATER).late == 1


def test_gaps_are_forgotten_that_nobody_asks_about_any_more(the_plan: PipelinePlan) -> None:
    plan = replace(the_plan, discover_authors=3, width=10 * MINUTE)
    days, hour, day = 75, 60, 1440
    looks = [(h * hour, h * hour + 50) for h in range(days * 24)]
    rows = posts(*(d * day + m for d in (40, 74) for m in (3, 7, 11, 21)), service="知乎")
    rows = pd.concat([rows, posts(*range(30, days * day, 500))]).sort_values("time")
    whole, parts = Follower(plan), Follower(plan)
    end = START + (days + 1) * day * MINUTE
    whole.take(rows, *looks, now=end)
    when = (rows["time"] - START) / MINUTE
    most = 0
    for left in range(0, days * day, day):
        new = rows[(when >= left) & (when < left + day)]
        spans = [span for span in looks if left <= span[0] < left + day]
        parts.take(new, *spans, now=START + (left + day) * MINUTE)
        most = max(most, len(parts.progress.observed))
    parts.take(None, now=end)
    assert most <= (LOOKED_BACK.days + 2) * 24
    assert parts.progress.since == START.timestamp()
    assert parts.counts.keys() == whole.counts.keys()
    for key, counts in whole.counts.items():
        np.testing.assert_array_equal(parts.counts[key], counts)
    assert parts.marks == whole.marks
    assert parts.start_of("知乎") > START + 11 * day * MINUTE


def test_what_an_earlier_version_left_goes_on(the_plan: PipelinePlan) -> None:
    follower = Follower(replace(the_plan, discover_authors=3))
    follower.take(None, (0, 100), now=START + 100 * MINUTE)
    follower.progress = replace(follower.progress, since=None)
    follower.take(posts(200.5), (200, 205), now=START + 205 * MINUTE)
    assert follower.progress.since == START.timestamp()


def test_years_in_which_nobody_looked_are_not_laid_out(the_plan: PipelinePlan) -> None:
    follower = Follower(the_plan)
    follower.take(posts(1), (0, 2), now=START + 2 * MINUTE)
    years = 5 * 365 * 1440
    rows = posts(years + 1.5)
    span = (START + years * MINUTE, START + (years + 3) * MINUTE)
    poll = Poll(None, posts=rows, observed=(span,))
    tally = count_posts("weibo", follower.progress, poll, follower.series, the_plan, now=span[1])
    (piece,) = (piece for piece in tally.counts if piece.key == WECHAT)
    assert piece.skipped == years - 2
    np.testing.assert_array_equal(piece.counts, [0, 1, 0])
