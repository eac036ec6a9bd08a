"""History looked at afterwards."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from detector.pipeline.hindsight_analysis import Reviewed, review
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.replay import replay
from tests.laws.stories import PER_DAY, START, WIDTH, Table
from tests.pipeline.plans import lexicon_plan

DAYS = 9


@pytest.fixture(scope="module")
def the_plan() -> PipelinePlan:
    return lexicon_plan()


def story(*outages: tuple[int, int], source: str = "weibo", height: float = 8.0) -> Table:
    """Nine days of counts with outages on the last, given by first and last bin of that day."""
    rate = 12 * (1.2 + np.sin(2 * np.pi * np.arange(DAYS * PER_DAY) / PER_DAY))
    for first, last in outages:
        rate[(DAYS - 1) * PER_DAY + first : (DAYS - 1) * PER_DAY + last] *= height
    counts = np.random.default_rng(3).poisson(rate).astype(float)
    times = pd.date_range(START, periods=len(rate), freq=WIDTH)
    return Table(
        pd.DataFrame({"time": times, "service": "WeChat", "count": counts, "source": source})
    )


def reviewed(plan: PipelinePlan, *tables: Table) -> tuple[Reviewed, ...]:
    return review(Table(pd.concat([table.rows for table in tables])), plan)[0]


def bin_of_last_day(bins: int) -> datetime:
    return START + ((DAYS - 1) * PER_DAY + bins) * WIDTH


def test_start_and_end_are_refined_and_the_notice_is_that_of_the_live_path(
    the_plan: PipelinePlan,
) -> None:
    table = story((60, 90))
    (seen,) = reviewed(the_plan, table)
    (live,) = replay(table, the_plan).incidents.values()
    assert seen.was_noticed
    assert (seen.incident.id, seen.incident.noticed_at) == (live.id, live.noticed_at)
    assert abs(seen.incident.onset.at - bin_of_last_day(60)) <= WIDTH
    assert seen.incident.ended_at is not None
    assert abs(seen.incident.ended_at - bin_of_last_day(90)) <= WIDTH
    assert seen.details is None


@pytest.mark.parametrize(
    ("second", "incidents"), [((98, 120), 1), ((150, 170), 2)], ids=["40 minutes", "five hours"]
)
def test_what_fails_again_soon_is_one_incident_as_in_the_live_path(
    the_plan: PipelinePlan, second: tuple[int, int], incidents: int
) -> None:
    table = story((60, 90), second)
    assert len(reviewed(the_plan, table)) == incidents
    assert len(replay(table, the_plan).incidents) == incidents


def test_two_sources_of_one_outage_are_one_incident(the_plan: PipelinePlan) -> None:
    (seen,) = reviewed(the_plan, story((60, 90)), story((62, 100), source="other"))
    assert seen.incident.sources == ("other", "weibo")
    assert seen.incident.ended_at is not None
    assert abs(seen.incident.ended_at - bin_of_last_day(100)) <= WIDTH


def test_quiet_history_has_no_incident(the_plan: PipelinePlan) -> None:
    seen = review(story(), the_plan)
    assert seen.incidents == ()
    assert seen.taken_back == ()
    assert seen.history.bins == DAYS * PER_DAY


WEAK = (47, 87)  # of 80 draws: 25 that neither source shows by itself, 4 of them shown together


def weak_table(seed: int, source: str) -> Table:
    """Eighteen days with a rise to twice as much for half an hour, on the 17th."""
    rate = 6.0 * (1.1 + np.sin(2 * np.pi * np.arange(18 * PER_DAY) / PER_DAY))
    rate[16 * PER_DAY + 120 : 16 * PER_DAY + 126] *= 2
    counts = np.random.default_rng(seed).poisson(rate).astype(float)
    times = pd.date_range(START, periods=len(rate), freq=WIDTH)
    rows = {"time": times, "service": "WeChat", "count": counts, "source": source}
    return Table(pd.DataFrame(rows))


@pytest.mark.parametrize("seed", WEAK)
def test_what_two_weak_sources_show_together_is_one_incident_that_live_noticed(
    the_plan: PipelinePlan, seed: int
) -> None:
    a, b = weak_table(seed, "a"), weak_table(seed + 500, "b")
    both = Table(pd.concat([a.rows, b.rows]))
    (live,) = replay(both, the_plan).incidents.values()
    (seen,) = reviewed(the_plan, both)
    assert seen.was_noticed
    assert (seen.incident.id, seen.incident.noticed_at) == (live.id, live.noticed_at)
    assert seen.incident.sources == ("a", "b")
    assert [s.source for s in seen.incident.agreement if (s.evidence or 0) >= 1.5] == ["a", "b"]
    began = START + (16 * PER_DAY + 120) * WIDTH
    assert abs(seen.incident.onset.at - began) <= 2 * WIDTH


@pytest.mark.parametrize("seed", WEAK)
def test_what_live_would_not_have_paged_for_says_why(the_plan: PipelinePlan, seed: int) -> None:
    for seen in reviewed(the_plan, weak_table(seed, "a")):
        assert not seen.was_noticed
        assert seen.not_noticed == "below_threshold"


def test_a_change_of_level_that_live_paged_for_is_taken_back(the_plan: PipelinePlan) -> None:
    rate = 12 * (1.2 + np.sin(2 * np.pi * np.arange(30 * PER_DAY) / PER_DAY))
    rate[18 * PER_DAY + 60 :] *= 3
    counts = np.random.default_rng(4).poisson(rate).astype(float)
    times = pd.date_range(START, periods=len(rate), freq=WIDTH)
    rows = {"time": times, "service": "WeChat", "count": counts, "source": "weibo"}
    seen = review(Table(pd.DataFrame(rows)), the_plan)
    assert seen.incidents == ()
    (back,) = seen.taken_back
    assert back.reason == "level_change"
    (found,) = seen.findings.values()
    (change,) = found.level_changes
    assert abs(change.at - (START + (18 * PER_DAY + 60) * WIDTH)) <= 2 * WIDTH


def test_only_what_happened_in_the_span_that_is_asked_for(the_plan: PipelinePlan) -> None:
    table = story((60, 90), (150, 170))
    until = bin_of_last_day(120)
    early = review(table, the_plan, between=(None, until)).incidents
    late = review(table, the_plan, between=(until, None)).incidents
    assert [r.incident.onset.at < until for r in (*early, *late)] == [True, False]


def test_what_one_source_shows_by_itself_is_not_told_a_second_time_as_a_common_one(
    the_plan: PipelinePlan,
) -> None:
    """The sum of two that both show it is the same incident, refined where each shows it."""
    weak, strong = story((60, 90), height=2.2), story((60, 90), source="other")
    both = Table(pd.concat([weak.rows, strong.rows]))
    (live,) = replay(both, the_plan).incidents.values()
    assert live.agreement
    (seen,) = reviewed(the_plan, both)
    assert "other" in seen.incident.sources
