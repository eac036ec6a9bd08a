"""Sources of one service judged together, through the cycle."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from detector.model.alert import Alert
from detector.model.documents import alert_to_dict
from detector.model.incident import Incident
from detector.model.merge import TOGETHER
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.saved_state import changes, load
from detector.pipeline.state import PipelineState
from detector.pipeline.step import cycle
from detector.sources.base import Poll
from tests.fakes.outages import NOON
from tests.pipeline.plans import lexicon_plan

WIDTH = timedelta(minutes=5)
DAY = 288
FIRST = 12 * DAY + 30
DAYS = 13
AT = NOON + FIRST * WIDTH


@pytest.fixture(scope="module")
def the_plan() -> PipelinePlan:
    return lexicon_plan()


def table(seed: int, factor: float, *, level: float = 6.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rate = level * (1.1 + np.sin(2 * np.pi * np.arange(DAYS * DAY) / DAY))
    rate[FIRST : FIRST + 18] *= factor
    return pd.DataFrame(
        {
            "time": pd.date_range(NOON, periods=len(rate), freq=WIDTH),
            "service": "WeChat",
            "count": rng.poisson(rate).astype(float),
        }
    )


class Life:
    """Cycles over several tables, each with a delay of its own, saved between turns."""

    def __init__(self, plan: PipelinePlan, tables: Mapping[str, pd.DataFrame]) -> None:
        self.plan, self.tables = plan, tables
        self.state = PipelineState()
        self.alerts: list[Alert] = []
        self.incidents: dict[str, Incident] = {}
        self.taken = dict.fromkeys(tables, 0)

    def go(self, every: timedelta, delays: Mapping[str, timedelta] | None = None) -> Life:
        now = NOON
        while now < NOON + timedelta(days=DAYS):
            now = min(now + every, NOON + timedelta(days=DAYS))
            polls = {}
            for name, rows in self.tables.items():
                late = (delays or {}).get(name, timedelta(0))
                n = int((rows["time"] <= now - late - WIDTH).sum())
                polls[name] = Poll(None, counts=rows.iloc[self.taken[name] : n], width=WIDTH)
                self.taken[name] = n
            self._take(polls, now)
        return self

    def _take(self, polls: Mapping[str, Poll], now: datetime) -> None:
        outcome = cycle(self.state, polls, self.plan, now=now)
        self.alerts += outcome.alerts
        self.incidents |= {i.id: i for i in outcome.incidents}
        entries = changes(PipelineState(), outcome.state)
        self.state = load({key: entry for key, entry in entries.items() if entry is not None})


def test_the_alert_says_which_sources_agree(the_plan: PipelinePlan) -> None:
    tables = {"a": table(1, 6), "b": table(2, 6), "c": table(3, 1)}
    life = Life(the_plan, tables).go(timedelta(hours=7))
    (incident,) = life.incidents.values()
    assert incident.sources == ("a", "b")
    evidence = {said.source: said.evidence for said in incident.agreement}
    assert evidence["a"] is not None
    assert evidence["b"] is not None
    assert min(evidence["a"], evidence["b"]) > 5
    assert evidence["c"] is not None
    assert evidence["c"] < 1.5
    assert alert_to_dict(life.alerts[0])["incident"]["agreement"]


@pytest.mark.parametrize(
    ("every", "delays"),
    [
        (timedelta(hours=50), {}),
        (timedelta(minutes=35), {}),
        (timedelta(hours=5), {"late": timedelta(minutes=10)}),
    ],
    ids=["long turns", "short turns", "a source that lags"],
)
def test_how_the_turns_fall_does_not_matter(
    the_plan: PipelinePlan, every: timedelta, delays: Mapping[str, timedelta]
) -> None:
    tables = {"a": table(5, 4.0, level=1.0), "late": table(45, 4.0, level=1.0)}
    whole = Life(the_plan, tables).go(timedelta(days=DAYS))
    parts = Life(the_plan, tables).go(every, delays)
    (incident,) = whole.incidents.values()
    assert incident.sources == ("a", "late")
    assert parts.incidents.keys() == whole.incidents.keys()
    if not delays:
        assert parts.alerts == whole.alerts
    assert parts.state.fused["WeChat"].state.end == whole.state.fused["WeChat"].state.end - (
        600.0 if delays else 0.0
    )


def test_one_source_alone_is_judged_as_ever(the_plan: PipelinePlan) -> None:
    life = Life(the_plan, {"a": table(1, 6)}).go(timedelta(days=2))
    (incident,) = life.incidents.values()
    assert incident.agreement == ()
    assert life.state.fused == {}


def test_a_source_that_dies_is_not_waited_for_and_hides_nothing(the_plan: PipelinePlan) -> None:
    dying = table(2, 6)
    dying = dying[dying["time"] < AT]
    life = Life(the_plan, {"a": table(1, 6), "b": dying}).go(timedelta(minutes=45))
    (incident,) = life.incidents.values()
    assert incident.sources == ("a",)
    (lost,) = [said for said in incident.agreement if said.source == "b"]
    assert lost.evidence is None
    assert life.state.fused["WeChat"].state.end == (NOON + timedelta(days=DAYS)).timestamp()


def test_what_several_show_together_has_no_source_of_that_name(the_plan: PipelinePlan) -> None:
    tables = {"a": table(1, 4), "b": table(2, 4)}
    life = Life(the_plan, tables).go(timedelta(days=1))
    shown = [key for i in life.state.incidents.values() for key in i.merging.surges]
    assert any(source == TOGETHER for source, _ in shown)
    assert all(TOGETHER not in incident.sources for incident in life.incidents.values())
