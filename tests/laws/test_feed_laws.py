"""The laws where several sources are asked and some of them are lost."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from detector.model.delivery import Notice
from detector.model.documents import notice_to_dict
from detector.model.health import SourceAlert, SourceState
from detector.notify.policy import NotificationPolicy
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.replay import History, replay
from detector.pipeline.run import run_once
from detector.pipeline.saved_state import load
from detector.pipeline.state import PipelineState
from detector.sources.base import Poll
from detector.sources.files import FileSource, read_gaps
from detector.store.sql_store import open_store
from tests.laws.stories import START, WIDTH, Table, counts, plan

DATA = Path(__file__).parents[3] / "shared" / "data" / "weibo_hotsearch"
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def the_plan() -> PipelinePlan:
    return plan()


def two_places() -> pd.DataFrame:
    """Two places that count the same services; one is off for five hours, one for good."""
    here = counts(services=("WeChat",)).assign(source="here")
    there = counts(seed=8, services=("WeChat",)).assign(source="there")
    off = START + 9 * timedelta(days=1) + timedelta(hours=5, minutes=40)
    there = there[(there["time"] < off) | (there["time"] >= off + timedelta(hours=5))]
    here = here[here["time"] < START + timedelta(days=11, hours=1)]
    return pd.concat([here, there], ignore_index=True)


def lines(notices: list[Notice]) -> str:
    return "".join(json.dumps(notice_to_dict(n), ensure_ascii=False) + "\n" for n in notices)


def live(rows: pd.DataFrame, plan: PipelinePlan, path: Path, every: timedelta) -> tuple[str, str]:
    """Take turns through a store, restarted each time; return the logs of alerts and of feeds."""
    table, now, alerts, source_alerts = Table(rows), START, [], []
    while now < table.end:
        now = min(now + every, table.end)
        store = open_store(path)
        state = load(store.state())
        turn = run_once(state, [table], store, plan, NotificationPolicy(), now=now, wall=now)
        alerts += turn.result.alerts
        source_alerts += turn.result.source_alerts
        store.close()
    return lines(alerts), lines(source_alerts)


@pytest.fixture(scope="module")
def told(the_plan: PipelinePlan) -> History:
    return replay(Table(two_places()), the_plan)


def test_a_place_that_is_off_is_told_and_so_is_its_return(told: History) -> None:
    off = START + 9 * timedelta(days=1) + timedelta(hours=5, minutes=40)
    assert [(a.health.source, a.health.state, a.at) for a in told.source_alerts] == [
        ("there", SourceState.DOWN, off + 15 * MINUTE),
        ("there", SourceState.UP, off + timedelta(hours=5)),
    ]


@pytest.mark.parametrize("every", [timedelta(hours=3), timedelta(hours=19, minutes=35)])
def test_replay_law_of_two_places_and_their_feeds(
    the_plan: PipelinePlan, told: History, tmp_path: Path, every: timedelta
) -> None:
    alerts, source_alerts = live(two_places(), the_plan, tmp_path / "store.sqlite", every)
    assert alerts == lines([*told.alerts])
    # The end of the first place is in the live log alone: history waits for nothing.
    before, _, after = source_alerts.partition('{"key": "feed/here/')
    assert before == lines([*told.source_alerts])
    assert '"state": "down"' in after


def test_causality_law_of_two_places(the_plan: PipelinePlan, told: History) -> None:
    rows = two_places()
    cut = START + timedelta(days=10, hours=7)
    short = replay(Table(rows[rows["time"] < cut]), the_plan)
    assert short.alerts == [a for a in told.alerts if a.at <= cut]
    assert short.source_alerts == [a for a in told.source_alerts if a.at <= cut]


def test_silence_law_a_dead_source_ends_nothing_and_the_incident_says_so(
    the_plan: PipelinePlan,
) -> None:
    rows = counts(services=("WeChat",))
    dies = START + (9 * 288 + 70) * WIDTH
    table = Endless(rows[rows["time"] < dies])
    state = PipelineState()
    store = open_store("sqlite://")
    for now in (dies, dies + MINUTE, dies + timedelta(hours=2), dies + timedelta(hours=9)):
        turn = run_once(state, [table], store, the_plan, NotificationPolicy(), now=now, wall=now)
        state = turn.result.state
    (incident,) = store.incidents()
    (health,) = store.source_health()
    store.close()
    assert incident.is_open
    assert health.state is SourceState.DOWN
    assert incident.not_observed_since == health.since


class Endless(Table):
    """The same table, more of which is expected for ever."""

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        polled = super().poll(cursor, until=until)
        return Poll(polled.cursor, counts=polled.counts, width=polled.width)


needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA} is not here")


@needs_data
def test_gaps_of_a_real_reader_fake_no_outage_and_no_recovery(the_plan: PipelinePlan) -> None:
    """A year of the hot-search list, its reader off for twelve hours once and often for minutes."""
    gaps = read_gaps(DATA / "coverage_gaps_1min.csv")
    history = replay(FileSource("weibo", DATA / "heat_1min_outage.csv.gz", gaps=gaps), the_plan)
    assert history.incidents
    inside = [d for d in history.decisions for start, end in gaps.pairs() if start < d.at < end]
    assert inside == []
    first = min(c.start for c in history.coverage.values())
    last = max(c.end for c in history.coverage.values())
    known = [(s, e) for s, e in gaps.pairs() if first <= s and e <= last]
    long = [(start, end) for start, end in known if end - start > 11 * MINUTE]
    assert len(long) == 27
    dead, alive = by_state(history.source_alerts)
    assert [a.at - start for a, (start, _) in zip(dead, long, strict=True)] == [11 * MINUTE] * 27
    assert [a.at for a in alive] == [end for _, end in long]


def by_state(alerts: list[SourceAlert]) -> tuple[list[SourceAlert], list[SourceAlert]]:
    dead = [a for a in alerts if a.health.state is SourceState.DOWN]
    return dead, [a for a in alerts if a.health.state is SourceState.UP]
