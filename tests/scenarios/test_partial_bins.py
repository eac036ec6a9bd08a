"""A bundled scenario with and without marks: the same incidents, noticed sooner."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from detector.model.incident import Incident
from detector.pipeline.replay import replay
from detector.sources.scenario import ScenarioSource, bundled_scenario
from tests.pipeline.plans import lexicon_plan

OUTAGE = datetime(2019, 6, 20, 10, tzinfo=UTC)
"""In the middle of it. Faint surges apart from it may be joined or not by what is known so far."""


def noticed(minutes: int) -> list[Incident]:
    plan = replace(lexicon_plan(), width=timedelta(minutes=minutes))
    scenario = bundled_scenario("wechat-2019-06-20-official-accounts")
    history = replay(ScenarioSource("weibo", scenario), plan)
    outage = [
        i for i in history.incidents.values() if i.ended_at and i.onset.at < OUTAGE < i.ended_at
    ]
    return sorted(outage, key=lambda i: i.noticed_at)


@pytest.mark.parametrize("minutes", [1, 5])
def test_marks_change_nothing_about_an_incident_but_when_it_is_noticed(
    minutes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_marks = noticed(minutes)
    monkeypatch.setattr("detector.pipeline.counting.partial_bins.LEAST_SECONDS", 10**6)
    without = noticed(minutes)
    assert with_marks
    sooner = [
        late.noticed_at - early.noticed_at for late, early in zip(without, with_marks, strict=True)
    ]
    assert all(timedelta(0) <= gain < timedelta(minutes=minutes) for gain in sooner)
    assert max(sooner) >= timedelta(seconds=15)
    for late, early in zip(without, with_marks, strict=True):
        notice = early.noticed_at, early.id, early.evidence
        assert replace(late, noticed_at=notice[0], id=notice[1], evidence=notice[2]) == early
