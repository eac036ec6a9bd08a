"""Would it have fired: the history of a store under other settings."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from detector.model.alert import AlertKind
from detector.model.incident import Incident, Severity
from detector.notify.policy import NotificationPolicy
from detector.pipeline.backtest import compare
from detector.pipeline.replay import History, replay, replay_counts, stored_counts
from detector.pipeline.run import run_once
from detector.pipeline.state import PipelineState
from detector.store.queries import open_viewer
from detector.store.sql_store import open_store
from tests.fakes.outages import NOON, an_alert, an_incident
from tests.laws.stories import Table, counts
from tests.pipeline.plans import lexicon_plan

MINUTE = timedelta(minutes=1)


def history(*incidents: Incident) -> History:
    said = History(incidents={i.id: i for i in incidents})
    for incident in incidents:
        said.alerts.append(an_alert(incident))
        said.alerts.append(an_alert(incident, kind=AlertKind.RESOLVED, sequence=2))
    return said


def at(minutes: int, **more: object) -> Incident:
    """An incident of half an hour, noticed so long after noon."""
    noticed_at = NOON + minutes * MINUTE
    return an_incident(noticed_at=noticed_at, lasted=30 * MINUTE, **more)  # type: ignore[arg-type]


def test_what_only_the_new_settings_see_is_gained_and_the_rest_lost() -> None:
    found = compare(history(at(0)), history(at(0), at(300)))
    assert (found.gained, found.lost, found.moved, found.same) == ((at(300),), (), (), 1)
    back = compare(history(at(0), at(300)), history(at(0)))
    assert (back.gained, back.lost) == ((), (at(300),))


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(at(7), id="noticed later"),
        pytest.param(at(0, severity=Severity.CRITICAL), id="of another severity"),
    ],
)
def test_what_both_see_and_not_alike_has_moved(after: Incident) -> None:
    found = compare(history(at(0)), history(after))
    (moved,) = found.moved
    assert (moved.before, moved.after) == (at(0), after)
    assert (found.gained, found.lost, found.same) == ((), (), 0)


def test_one_that_falls_apart_is_one_moved_and_one_gained() -> None:
    whole = an_incident(noticed_at=NOON, lasted=300 * MINUTE)
    found = compare(history(whole), history(at(0), at(60)))
    assert (len(found.gained), found.lost, found.same) == (1, (), 1)


def test_incidents_of_other_services_are_never_the_same() -> None:
    found = compare(history(at(0)), history(an_incident("QQ", lasted=30 * MINUTE)))
    assert (len(found.gained), len(found.lost)) == (1, 1)


def test_an_incident_that_goes_on_overlaps_all_that_follows() -> None:
    found = compare(history(an_incident()), history(at(6000)))
    assert len(found.moved) == 1


def test_ends_wake_nobody_and_are_no_pages() -> None:
    found = compare(history(at(0)), history(at(0), at(300)))
    assert (found.pages_before, found.pages_after) == (1, 2)


def test_without_a_history_there_is_no_rate() -> None:
    assert math.isnan(compare(history(), history()).rate_after)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store in which a pipeline has left a history of two services."""
    path = tmp_path / "store.db"
    with closing(open_store(path)) as opened:
        table = Table(counts())
        run_once(
            PipelineState(),
            [table],
            opened,
            lexicon_plan(),
            NotificationPolicy(),
            now=table.end,
            wall=table.end,
        )
    return path


def stored(path: Path) -> pd.DataFrame:
    with closing(open_viewer(path)) as viewer:
        return stored_counts(viewer)


def test_the_replay_of_what_is_stored_says_what_was_said(store: Path) -> None:
    said = replay(Table(counts()), lexicon_plan())
    again = replay_counts(stored(store), lexicon_plan())
    assert list(again.incidents.values()) == list(said.incidents.values())
    assert [a.key for a in again.alerts] == [a.key for a in said.alerts]
    assert compare(said, again).same == len(said.incidents) == 6


def test_stricter_settings_lose_alerts_and_say_how_many_pages_a_week(store: Path) -> None:
    strict = lexicon_plan().service_options["WeChat"]
    few = replace(strict, max_false_pages_per_week=1e-90)
    plan = replace(lexicon_plan(), default_options=few, service_options={})
    rows = stored(store)
    found = compare(replay_counts(rows, lexicon_plan()), replay_counts(rows, plan))
    assert found.gained == ()
    assert found.rate_after <= found.rate_before
    assert found.moved or found.lost


def test_a_store_without_counts_is_an_empty_history(tmp_path: Path) -> None:
    open_store(tmp_path / "new.db").close()
    assert replay_counts(stored(tmp_path / "new.db"), lexicon_plan()).bins == 0


def test_sources_of_different_bins_are_replayed_side_by_side() -> None:
    fine = counts(services=("WeChat",)).assign(source="fine")
    hours = fine.groupby([fine["time"].dt.floor("1h"), "service"])["count"].sum()
    coarse = hours.reset_index().assign(source="coarse")
    rows = pd.concat([fine, coarse]).sort_values("time", ignore_index=True)
    said = replay_counts(rows, lexicon_plan())
    widths = {key.source: seen.width for key, seen in said.coverage.items()}
    assert widths["fine"] == timedelta(minutes=5)
    assert widths["coarse"] == timedelta(hours=1)
    assert len(said.incidents) == 3
