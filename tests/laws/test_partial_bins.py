"""The laws where posts raise an alarm before their bin is over."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.model.alert import Alert, AlertKind
from detector.model.documents import alert_to_dict
from detector.notify.policy import NotificationPolicy
from detector.pipeline.hindsight_analysis import review
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.replay import History, replay
from detector.pipeline.run import run_once
from detector.pipeline.saved_state import load
from detector.pipeline.state import PipelineState
from detector.sources.base import Poll
from detector.store.sql_store import open_store
from tests.laws.stories import START
from tests.pipeline.plans import lexicon_plan

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
DAYS = 3
#: Minutes of the last day at which a surge begins, each for half an hour; the first is large.
SURGES = (300, 700)
TIMES = (15.0, 8.0)
PER_MINUTE = 1.0


@cache
def posts(seed: int = 5) -> pd.DataFrame:
    """Complaints at any second, by people of their own, more of them for a while."""
    rng = np.random.default_rng(seed)
    rate = np.full(DAYS * 1440, PER_MINUTE)
    for first, times in zip(SURGES, TIMES, strict=True):
        rate[(DAYS - 1) * 1440 + first :][:30] *= times
    seconds = np.repeat(np.arange(len(rate)) * 60.0, rng.poisson(rate))
    seconds = np.sort(seconds + rng.uniform(0, 60, len(seconds)).round(3))
    return pd.DataFrame(
        {
            "time": pd.to_datetime(START.timestamp() + seconds, unit="s", utc=True),
            "id": [f"{i}" for i in range(len(seconds))],
            "text": "微信崩了",
            "author": [f"user{i}" for i in range(len(seconds))],
        }
    )


class Posts:
    """A source of posts that is looked at whenever it is asked, but for ``holes``."""

    def __init__(
        self, rows: pd.DataFrame, *holes: tuple[datetime, datetime], name: str = "weibo"
    ) -> None:
        self.rows, self.holes, self.name = rows, holes, name

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        since = datetime.fromisoformat(cursor) if cursor else START
        until = min(until, self.end)
        seen = self.rows["time"].between(since, until, inclusive="left")
        edges = [since, *(e for hole in self.holes for e in hole if since < e < until), until]
        observed = [
            (a, b) for a, b in pairwise(edges) if not any(h <= a < end for h, end in self.holes)
        ]
        for hole in self.holes:
            seen &= ~self.rows["time"].between(*hole, inclusive="left")
        done = until >= self.end
        return Poll(until.isoformat(), self.rows[seen], observed=tuple(observed), exhausted=done)

    @property
    def end(self) -> datetime:
        return START + timedelta(days=DAYS)


@cache
def the_plan(minutes: int, settle: int = 0) -> PipelinePlan:
    return replace(lexicon_plan(), width=minutes * MINUTE, allowed_lateness=settle * SECOND)


@cache
def told(minutes: int) -> History:
    return replay(Posts(posts()), the_plan(minutes))


def lines(alerts: Sequence[Alert]) -> str:
    return "".join(json.dumps(alert_to_dict(a), ensure_ascii=False) + "\n" for a in alerts)


def live(
    source: Posts,
    plan: PipelinePlan,
    path: Path,
    times: Iterator[datetime],
    restart: int,
    *others: Posts,
) -> History:
    """Take turns at ``times`` through a store that is opened anew every ``restart`` turns."""
    history, store, state = History(), open_store(path), PipelineState()
    for turn, now in enumerate(times):
        if turn % restart == 0:
            store.close()
            store = open_store(path)
            state = load(store.state())
        done = run_once(
            state, [source, *others], store, plan, NotificationPolicy(), now=now, wall=now
        )
        state = done.result.state
        history.alerts += done.result.alerts
        history.decisions += done.result.decisions
    store.close()
    return history


def turns(seed: int, most: int) -> Iterator[datetime]:
    """Yield instants to look at: seldom at first, then up to ``most`` seconds apart in surges."""
    rng = np.random.default_rng(seed)
    at, end = START + timedelta(days=DAYS - 1, hours=4), START + timedelta(days=DAYS)
    while at < end + 10 * MINUTE:
        minute = (at - START) / MINUTE - (DAYS - 1) * 1440
        close = any(first - 2 <= minute < first + 8 for first in SURGES)
        at += int(rng.integers(5, most) if close else rng.integers(1200, 3600)) * SECOND
        yield at


@pytest.mark.parametrize("minutes", [1, 5])
def test_surges_are_noticed_before_their_bins_are_over_and_told_once(minutes: int) -> None:
    history = told(minutes)
    opened = [a for a in history.alerts if a.kind is AlertKind.OPENED]
    assert len(opened) == len(history.incidents) == len(SURGES)
    early = [a for a in opened if (a.at - START) % (minutes * MINUTE)]
    assert early
    for alert in opened:
        assert alert.at == alert.incident.noticed_at
        assert alert.incident.onset.at <= alert.at
        assert (alert.at - START) % (15 * SECOND) == timedelta(0)
    assert {i.noticed_at for i in history.incidents.values()} == {a.at for a in opened}
    assert all(i.ended_at is not None for i in history.incidents.values())


@pytest.mark.parametrize("minutes", [1, 5])
def test_nothing_but_the_notice_differs_from_a_replay_without_marks(
    minutes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(minutes)  # kept, so it must be made before anything is patched
    monkeypatch.setattr("detector.pipeline.counting.partial_bins.LEAST_SECONDS", 10**6)
    plain = replay(Posts(posts()), the_plan(minutes))
    assert len(plain.incidents) == len(told(minutes).incidents)
    pairs = zip(plain.incidents.values(), told(minutes).incidents.values(), strict=True)
    for late, early in pairs:
        assert timedelta(0) <= late.noticed_at - early.noticed_at < minutes * MINUTE
        assert early.evidence <= late.evidence
        known = replace(early, id=late.id, noticed_at=late.noticed_at, evidence=late.evidence)
        assert known == late


@pytest.mark.parametrize(
    ("minutes", "settle", "most", "restart"),
    [(1, 0, 40, 7), (5, 0, 40, 7), (5, 100, 200, 1), (5, 100, 700, 5)],
    ids=["minutes", "five minutes", "settled, always restarted", "turns wider than bins"],
)
def test_replay_and_worker_law_turns_and_restarts_change_nothing(
    tmp_path: Path, minutes: int, settle: int, most: int, restart: int
) -> None:
    source, plan = Posts(posts()), the_plan(minutes, settle)
    history = live(source, plan, tmp_path / "store.sqlite", turns(most, most), restart)
    assert lines(history.alerts) == lines(told(minutes).alerts)
    assert history.decisions == told(minutes).decisions


@given(
    cut=st.sampled_from(SURGES).flatmap(lambda m: st.integers(60 * (m - 1), 60 * (m + 15))),
    minutes=st.sampled_from([1, 5]),
)
@settings(max_examples=12, deadline=None)
def test_causality_law_what_is_said_at_a_mark_does_not_depend_on_what_follows(
    cut: int, minutes: int
) -> None:
    end = START + timedelta(days=DAYS - 1, seconds=cut)
    rows = posts()
    short = replay(
        Posts(rows[rows["time"] < end], (end, START + timedelta(days=DAYS))), the_plan(minutes)
    )
    whole = told(minutes)
    assert short.alerts == [a for a in whole.alerts if a.at <= end]
    assert short.decisions == [d for d in whole.decisions if d.at <= end]


def test_several_sources_are_asked_for_what_was_before_the_bin_however_the_turns_fall(
    tmp_path: Path,
) -> None:
    one, other = Posts(posts()), Posts(posts(6), name="x")
    ends = iter([START + timedelta(days=DAYS), START + timedelta(days=DAYS, hours=1)])
    whole = live(one, the_plan(5), tmp_path / "whole", ends, 9, other)
    parts = live(one, the_plan(5), tmp_path / "parts", turns(2, 60), 9, other)
    assert lines(parts.alerts) == lines(whole.alerts)
    assert parts.decisions == whole.decisions
    early = [a for a in whole.alerts if (a.at - START) % (5 * MINUTE)]
    assert early
    for incident in (a.incident for a in early if a.sequence == 1):
        evidence = {a.source: a.evidence for a in incident.agreement}
        assert evidence.keys() == {"weibo", "x"}
        assert incident.evidence in evidence.values()
    assert all(a.incident.agreement for a in whole.alerts if a.kind is AlertKind.RESOLVED)


@pytest.mark.parametrize("minutes", [1, 5])
def test_afterwards_it_is_known_when_it_was_noticed(minutes: int) -> None:
    seen = review(Posts(posts()), the_plan(minutes)).incidents
    said = told(minutes).incidents.values()
    assert [s.incident.noticed_at for s in seen] == [i.noticed_at for i in said]


@pytest.mark.parametrize("restart", [1, 10**6], ids=["restarted", "not restarted"])
def test_a_bin_that_is_lost_after_the_alarm_neither_loses_nor_doubles_it(
    tmp_path: Path, restart: int
) -> None:
    first = next(a for a in told(5).alerts if (a.at - START) % (5 * MINUTE))
    lost = Posts(posts(), (first.at + SECOND, first.at + 20 * MINUTE))
    history = live(lost, the_plan(5), tmp_path / "store.sqlite", turns(1, 40), restart)
    assert lines(history.alerts) == lines(replay(lost, the_plan(5)).alerts)
    at_all = [a for a in history.alerts if a.incident.id == first.incident.id]
    assert [a.at for a in at_all if a.kind is AlertKind.OPENED] == [first.at]
    assert at_all[-1].kind is AlertKind.RESOLVED
    assert at_all[-1].at > first.at + 20 * MINUTE
