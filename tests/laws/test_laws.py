"""The laws of docs/architecture.md, each tried on the whole engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.model.alert import Alert, AlertKind
from detector.model.documents import alert_to_dict, incident_to_dict
from detector.model.incident import Severity
from detector.notify.deliver import deliver
from detector.notify.policy import NotificationPolicy, NotificationTiming, ReceiverPolicy
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.replay import History, replay
from detector.pipeline.run import run_once
from detector.pipeline.saved_state import load
from detector.pipeline.state import PipelineState
from detector.pipeline.step import RunResult, cycle
from detector.receivers.jsonlines import JsonLinesReceiver
from detector.sources.base import Source
from detector.sources.scenario import ScenarioSource, bundled_scenario
from detector.store.sql_store import open_store
from tests.laws.stories import START, WIDTH, Table, counts, plan

AGES = timedelta(days=3650)


@pytest.fixture(scope="module")
def the_plan() -> PipelinePlan:
    return plan()


@pytest.fixture(scope="module")
def told(the_plan: PipelinePlan) -> History:
    return replay(Table(counts()), the_plan)


def lines(alerts: list[Alert]) -> str:
    return "".join(json.dumps(alert_to_dict(a), ensure_ascii=False) + "\n" for a in alerts)


def live(
    source: Source,
    plan: PipelinePlan,
    folder: Path,
    times: list[datetime],
    *,
    restart_every: int | None = None,
) -> str:
    """Run turns at ``times`` through a real store and a JSON lines file; return what it holds."""
    log = JsonLinesReceiver("log", folder / "alerts.jsonl")
    store = open_store(folder / "store.sqlite")
    state = load(store.state())
    for turn, now in enumerate(times, start=1):
        if restart_every and turn % restart_every == 0:
            store.close()
            store = open_store(folder / "store.sqlite")
            state = load(store.state())
        done = run_once(
            state,
            [source],
            store,
            plan,
            NotificationPolicy(
                [ReceiverPolicy("log", Severity.MINOR)], timing=NotificationTiming(max_age=AGES)
            ),
            now=now,
            wall=now,
        )
        state = done.result.state
        deliver(store, {"log": log}, now=now)
    store.close()
    return (folder / "alerts.jsonl").read_text()


def ticks(start: datetime, end: datetime, every: timedelta) -> list[datetime]:
    times = []
    while start < end:
        start += every
        times.append(min(start, end))
    return times


def test_history_has_something_to_say(told: History) -> None:
    kinds = [a.kind for a in told.alerts]
    assert kinds.count(AlertKind.OPENED) == 6
    assert kinds.count(AlertKind.RESOLVED) == 6


@pytest.mark.parametrize("every", [timedelta(minutes=47), timedelta(hours=13)])
def test_replay_law_a_live_run_logs_the_bytes_of_its_replay(
    the_plan: PipelinePlan, told: History, tmp_path: Path, every: timedelta
) -> None:
    table = Table(counts())
    assert live(table, the_plan, tmp_path, ticks(START, table.end, every)) == lines(told.alerts)


def test_replay_law_holds_for_posts(the_plan: PipelinePlan, tmp_path: Path) -> None:
    scenario = bundled_scenario("wechat-2014-10-20")
    source = ScenarioSource("weibo", scenario)
    days = ticks(scenario.start, scenario.end, timedelta(hours=9, minutes=7))
    logged = live(source, the_plan, tmp_path, days, restart_every=20)
    assert logged == lines(replay(source, the_plan).alerts)
    assert logged.count('"opened"') >= 1


def test_worker_law_restarts_change_nothing(
    the_plan: PipelinePlan, told: History, tmp_path: Path
) -> None:
    table = Table(counts())
    times = ticks(START, table.end, timedelta(hours=5))
    assert live(table, the_plan, tmp_path, times, restart_every=3) == lines(told.alerts)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cut=st.floats(0.75, 1.0))
def test_causality_law_what_is_said_does_not_depend_on_what_follows(cut: float) -> None:
    rows, the_plan = counts(), plan()
    end = START + (rows["time"].max() - START) * cut
    known = rows[rows["time"] < end]
    until = known["time"].max() + WIDTH
    short, whole = replay(Table(known), the_plan), replay(Table(rows), the_plan)
    assert short.alerts == [a for a in whole.alerts if a.at <= until]
    assert short.decisions == [d for d in whole.decisions if d.at <= until]


def test_two_clock_law_revising_the_start_leaves_the_notice_alone(
    the_plan: PipelinePlan, told: History
) -> None:
    by_incident: dict[str, set[datetime]] = {}
    for alert in told.alerts:
        by_incident.setdefault(alert.incident.id, set()).add(alert.incident.noticed_at)
        assert alert.incident.onset.at <= alert.incident.noticed_at
    assert by_incident
    assert all(len(noticed) == 1 for noticed in by_incident.values())


@pytest.mark.parametrize(
    ("first", "last"),
    [(2500, 2530), (2652, 2690), (2660, 2680), (3000, 3300)],
    ids=["a quiet hour", "from before an outage to after it", "inside an outage", "over a day"],
)
def test_silence_law_what_was_not_observed_opens_and_closes_nothing(
    the_plan: PipelinePlan, first: int, last: int
) -> None:
    rows = counts(services=("WeChat",)).drop(index=range(first, last))
    history = replay(Table(rows), the_plan)
    dead_from, dead_until = START + first * WIDTH, START + last * WIDTH
    assert not [d for d in history.decisions if dead_from < d.at <= dead_until]


def test_silence_law_a_source_that_dies_for_good_leaves_its_incident_open(
    the_plan: PipelinePlan,
) -> None:
    rows = counts(services=("WeChat",))
    dies = START + (9 * 288 + 70) * WIDTH
    history = replay(Table(rows[rows["time"] < dies]), the_plan)
    (incident,) = history.incidents.values()
    assert incident.is_open


def test_permuting_services_changes_nothing(the_plan: PipelinePlan, told: History) -> None:
    rows = counts()
    shuffled = rows.sample(frac=1, random_state=3)
    again = replay(Table(shuffled), the_plan)
    assert lines(again.alerts) == lines(told.alerts)


def test_incidents_are_the_same_whether_memory_was_saved_or_not(
    the_plan: PipelinePlan, tmp_path: Path
) -> None:
    def outcomes() -> Iterator[RunResult]:
        table, state = Table(counts()), PipelineState()
        for now in ticks(START, table.end, timedelta(days=2)):
            feed = state.progress.get("table")
            poll = table.poll(feed.cursor if feed else None, until=now)
            outcome = cycle(state, {"table": poll}, the_plan, now=now)
            state = outcome.state
            yield outcome

    kept = {i.id: incident_to_dict(i) for o in outcomes() for i in o.incidents}
    table = Table(counts())
    live(table, the_plan, tmp_path, ticks(START, table.end, timedelta(days=2)), restart_every=1)
    store = open_store(tmp_path / "store.sqlite", readonly=True)
    stored = {i.id: incident_to_dict(i) for i in store.incidents()}
    rows = store.counts("WeChat", start=START, end=table.end)
    store.close()
    assert stored == kept
    given_rows = counts().query("service == 'WeChat'")
    assert list(rows["count"]) == list(given_rows["count"])
    assert pd.Series(rows["expected"]).notna().any()
