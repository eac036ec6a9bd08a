"""What those who look are shown, over SQLite and PostgreSQL alike, while another one writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from detector.errors import StoreError
from detector.model.decision import Decision, Reason
from detector.model.delivery import Delivery, DeliveryStatus
from detector.model.incident import Incident
from detector.store.base import IncidentQuery, RunRecord
from detector.store.queries import CURVE_COLUMNS, SqlViewer, open_viewer
from detector.store.sql_store import open_store
from tests.fakes.outages import an_incident
from tests.web.house import an_alert_about

NOW = datetime(2022, 7, 22, 14, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = 60 * MINUTE


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres").fresh_database())
    return str(tmp_path / "store.db")


def counts(
    service: str, source: str = "weibo", *, until: datetime = NOW, n: int = 180
) -> pd.DataFrame:
    """Return ``n`` minutes before ``until``: 0, 1, 2...; the tenth was not observed."""
    count = np.arange(n, dtype=float)
    count[10] = np.nan
    times = pd.date_range(until - n * MINUTE, periods=n, freq="1min").as_unit("us")
    return pd.DataFrame(
        {
            "time": times,
            "service": service,
            "source": source,
            "count": count,
            "expected": np.where(np.isnan(count), np.nan, 2.0),
            "evidence": np.where(np.isnan(count), np.nan, count / 2),
        }
    )


def incident(service: str, minutes: int, *, lasted: timedelta | None = None) -> Incident:
    return an_incident(service, noticed_at=NOW - minutes * MINUTE, lasted=lasted)


OPEN = incident("微信", 30)
OLDER = incident("微信", 300, lasted=HOUR)
LATER = incident("QQ", 20, lasted=10 * MINUTE)
ALERTS = tuple(
    an_alert_about(one, sequence=sequence, details=None)
    for one, sequence in ((OPEN, 1), (OPEN, 2), (OLDER, 1), (LATER, 1))
)


DECISIONS = (
    Decision(OPEN.id, NOW, Reason.OPENED),
    Decision(OPEN.id, NOW, Reason.SILENCED, receiver="ops"),
    Decision(OPEN.id, NOW, Reason.OPENED, receiver="chat"),
    Decision(LATER.id, NOW, Reason.SILENCED, receiver="chat"),
    Decision(OLDER.id, NOW, Reason.PRESS),
)


@pytest.fixture
def viewer(location: str) -> Iterator[SqlViewer]:
    """A store that a pipeline has open, looked at."""
    old = counts("QQ", "hackernews", until=NOW - 7 * HOUR)
    record = RunRecord(
        counts=pd.concat(
            [counts("微信"), counts("微信", "douyin", until=NOW - HOUR), counts("QQ"), old]
        ),
        incidents=(OPEN, OLDER, LATER),
        alerts=ALERTS,
        decisions=DECISIONS,
        deliveries=[Delivery("ops", a, DeliveryStatus.PENDING, 0, a.at) for a in ALERTS],
    )
    with closing(open_store(location)) as writer:
        writer.commit(record)
        with closing(open_viewer(location)) as viewer:
            yield viewer


def test_services_are_those_with_counts_or_incidents(viewer: SqlViewer) -> None:
    assert viewer.services() == ("QQ", "微信")


def test_the_last_observed_bin_of_every_source_that_was_heard_lately(viewer: SqlViewer) -> None:
    found = viewer.latest(["微信", "QQ", "nobody"])
    rows = [(row.service, row.source, row.time.to_pydatetime()) for row in found.itertuples()]
    assert sorted(rows) == [
        ("QQ", "weibo", NOW - MINUTE),
        ("微信", "douyin", NOW - 61 * MINUTE),
        ("微信", "weibo", NOW - MINUTE),
    ]
    assert found["count"].tolist() == [179.0] * 3
    assert viewer.latest([]).empty


def test_the_incident_that_goes_on_stands_for_its_service(viewer: SqlViewer) -> None:
    last = viewer.last_incidents()
    assert {service: one.id for service, one in last.items()} == {"微信": OPEN.id, "QQ": LATER.id}


def test_a_curve_keeps_its_peaks_and_leaves_out_what_nobody_saw(viewer: SqlViewer) -> None:
    found = viewer.curve(start=NOW - 3 * HOUR, end=NOW, step=HOUR, service="QQ")
    assert tuple(found.columns) == CURVE_COLUMNS
    assert found["time"].dt.to_pydatetime().tolist() == [NOW - h * HOUR for h in (3, 2, 1)]
    assert found["count"].tolist() == [59.0, 119.0, 179.0]
    assert found["low"].tolist() == [0.0, 60.0, 120.0]
    assert found["bins"].tolist() == [59, 60, 60]
    assert found["total"].tolist() == [
        sum(range(60)) - 10,
        sum(range(60, 120)),
        sum(range(120, 180)),
    ]
    assert found["expected"].tolist() == [2.0] * 3
    assert found["evidence"].tolist() == [29.5, 59.5, 89.5]


def test_a_curve_of_every_service(viewer: SqlViewer) -> None:
    found = viewer.curve(start=NOW - 10 * MINUTE, end=NOW, step=5 * MINUTE)
    assert set(zip(found["service"], found["source"], strict=True)) == {
        ("QQ", "weibo"),
        ("微信", "weibo"),
    }
    assert viewer.curve(start=NOW, end=NOW + HOUR, step=MINUTE).empty


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (IncidentQuery(), (LATER, OPEN, OLDER)),
        (IncidentQuery("微信"), (OPEN, OLDER)),
        (IncidentQuery(is_open=True), (OPEN,)),
        (IncidentQuery(is_open=False), (LATER, OLDER)),
        (IncidentQuery(since=NOW - HOUR, until=NOW - 25 * MINUTE), (OPEN,)),
        (IncidentQuery(limit=1), (LATER,)),
        (IncidentQuery(reason=Reason.SILENCED), (LATER, OPEN)),
        (IncidentQuery(receiver="chat"), (LATER, OPEN)),
        (IncidentQuery(reason=Reason.SILENCED, receiver="ops"), (OPEN,)),
        (IncidentQuery(reason=Reason.PRESS, receiver="ops"), ()),
        (IncidentQuery(reason=Reason.PRESS), (OLDER,)),
        (IncidentQuery(before=(LATER.noticed_at, LATER.id)), (OPEN, OLDER)),
    ],
)
def test_incidents_by_page(
    viewer: SqlViewer, asked: IncidentQuery, found: tuple[Incident, ...]
) -> None:
    assert [one.id for one in viewer.incident_page(asked)] == [one.id for one in found]


def test_incidents_of_one_instant_fall_between_no_two_pages(location: str) -> None:
    same = [replace(OPEN, id=f"i-{n}") for n in (3, 1, 2)]
    with closing(open_store(location)) as writer:
        writer.commit(RunRecord(incidents=same))
    with closing(open_viewer(location)) as viewer:
        first = viewer.incident_page(IncidentQuery(limit=2))
        place = (first[-1].noticed_at, first[-1].id)
        rest = viewer.incident_page(IncidentQuery(before=place, limit=2))
    assert [one.id for one in (*first, *rest)] == ["i-3", "i-2", "i-1"]


def test_alerts_by_page(viewer: SqlViewer) -> None:
    every = viewer.alert_page(before=None, limit=10)
    ats = [alert.at for alert in every]
    assert ats == sorted(ats, reverse=True)
    assert {alert.key for alert in every} == {alert.key for alert in ALERTS}
    last = every[1]
    place = (last.at, last.incident.id, last.sequence)
    assert viewer.alert_page(before=place, limit=10) == every[2:]


def test_the_outbox_by_status(viewer: SqlViewer) -> None:
    found = viewer.outbox()
    assert found[DeliveryStatus.PENDING] == 4
    assert sum(found.values()) == 4
    assert found.keys() == set(DeliveryStatus)


def test_who_looks_cannot_write(viewer: SqlViewer) -> None:
    with pytest.raises(StoreError):
        viewer.commit(RunRecord(incidents=(OPEN,)))
    assert len(viewer.incident_page(IncidentQuery())) == 3


def test_without_a_store_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store yet"):
        open_viewer(tmp_path / "store.db")


def test_an_empty_database_is_none(request: pytest.FixtureRequest) -> None:
    location = request.getfixturevalue("postgres").fresh_database()
    with pytest.raises(StoreError):
        open_viewer(location)
