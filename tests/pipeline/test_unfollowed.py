"""A service that was discovered, looked at afterwards: what was usual before is known then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from detector.pipeline.hindsight_analysis import Review, review
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.replay import replay
from detector.sources.base import Poll
from tests.pipeline.plans import lexicon_plan

START = datetime(2022, 7, 4, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DAYS = 12


@dataclass
class Forum:
    """Posts, a day with every poll, each by somebody else."""

    rows: pd.DataFrame
    name: str = "forum"

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        day = int(cursor or 0)
        since = START + day * 24 * HOUR
        end = since + 24 * HOUR
        new = self.rows[(self.rows["time"] >= since) & (self.rows["time"] < end)]
        last = day == DAYS - 1
        return Poll(str(day + 1), posts=new, observed=((since, end),), exhausted=last)


def forum(*outages: tuple[float, float, float]) -> Forum:
    """Complaints at three an hour, more in ``outages``: from and until (hours), and by how many."""
    rng = np.random.default_rng(5)
    hours = np.sort(rng.uniform(0, DAYS * 24, 3 * DAYS * 24))
    for first, last, rate in outages:
        more = rng.uniform(first, last, int(rate * (last - first)))
        hours = np.sort(np.append(hours, more))
    times = [START + float(h) * HOUR for h in hours]
    authors = [f"user{i}" for i in range(len(times))]
    return Forum(
        pd.DataFrame(
            {"time": pd.to_datetime(times, utc=True), "text": "知乎崩了", "author": authors}
        )
    )


@pytest.fixture(scope="module")
def the_plan() -> PipelinePlan:
    return replace(lexicon_plan(), services=frozenset(), discover_authors=10.0, width=MINUTE)


#: Discovered in a busy hour of the first day, an outage on the eleventh.
STORY = ((14, 17, 4.0), (252, 255, 120.0))


@pytest.fixture(scope="module")
def seen(the_plan: PipelinePlan) -> Review:
    return review(forum(*STORY), the_plan)


def test_what_was_usual_before_the_discovery_is_no_incident_afterwards(
    the_plan: PipelinePlan, seen: Review
) -> None:
    (live,) = replay(forum(*STORY), the_plan).incidents.values()
    (one,) = seen.incidents
    assert one.was_noticed
    assert one.incident.noticed_at == live.noticed_at
    assert one.incident.id == live.id
    assert abs(one.incident.onset.at - (START + 252 * HOUR)) <= 10 * MINUTE


def test_the_days_before_are_shown_as_they_were(seen: Review) -> None:
    (trace,) = seen.traces
    assert trace.span == (START, START + DAYS * 24 * HOUR)
    first = trace.curve(START, START + 12 * HOUR)
    assert 24 <= first.counts.sum() <= 48
    usual = trace.curve(START + 24 * HOUR, START + 36 * HOUR)
    assert usual.expected.mean() == pytest.approx(3 / 60, rel=0.4)


def test_an_outage_by_which_a_service_is_discovered_stays(the_plan: PipelinePlan) -> None:
    sudden = forum((60, 63, 150.0))
    quiet = Forum(sudden.rows[sudden.rows["time"] >= START + 60 * HOUR])
    found = review(quiet, the_plan).incidents
    assert found
    first = found[0]
    assert first.was_noticed
    assert abs(first.incident.onset.at - (START + 60 * HOUR)) <= 10 * MINUTE
