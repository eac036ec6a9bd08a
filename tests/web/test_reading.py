"""What the API tells of what was recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest

from detector.model.documents import incident_to_dict
from detector.model.incident import Severity
from detector.model.token import Scope
from detector.views.count_series import fitting_step, series
from detector.web.backend import RunReport
from tests.fakes.outages import an_incident
from tests.web.house import MINUTE, NOW, House, an_alert_about, counts, everything, house


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = house(tmp_path_factory.mktemp("house"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(made: House) -> httpx.Client:
    return made.client()


def test_services_with_an_outage_come_first(client: httpx.Client) -> None:
    items = client.get("/v1/services").json()["items"]
    told = [(s["name"], s["state"], s["severity"]) for s in items]
    assert told == [("WeChat", "outage", "critical"), ("QQ", "fine", None)]
    assert items[0]["latest"] == [
        {
            "source": "helpdesk",
            "time": "2022-07-22T13:59:00Z",
            "count": 40.0,
            "expected": 2.0,
            "evidence": 50.0,
        }
    ]


def test_a_service_nobody_looked_at_lately_is_unknown_not_fine(tmp_path: Path) -> None:
    old = counts("QQ").assign(time=lambda frame: frame["time"] - timedelta(hours=2))
    made = house(tmp_path, counts=old)
    states = {s["name"]: s["state"] for s in made.client().get("/v1/services").json()["items"]}
    assert states == {"QQ": "unknown", "WeChat": "unknown"}
    made.close()


def test_a_name_with_anything_in_it_is_found(tmp_path: Path) -> None:
    name = "a/b?c #d%2F.svg 微信"
    made = house(tmp_path, incidents=(an_incident(name),))
    client = made.client()
    path = "/v1/services/" + "".join(f"%{byte:02X}" for byte in name.encode())
    assert client.get(path).json()["name"] == name
    found = client.get("/v1/series", params={"service": name})
    assert found.json()["service"] == name
    made.close()


def test_a_step_keeps_the_peak_and_counts_what_was_observed(made: House) -> None:
    steps = series(made.backend.store, "WeChat", NOW - timedelta(hours=1), NOW, step=30 * MINUTE)
    (source,) = steps.sources
    assert source.count.tolist() == [2.0, 40.0]
    assert source.low.tolist() == [2.0, 2.0]
    assert source.total.tolist() == [60.0, 820.0]
    assert source.evidence.tolist() == [0.1, 50.0]
    assert source.bins.tolist() == [30.0, 30.0]


@pytest.mark.parametrize("minutes", [1, 2, 7, 60, 1440])
def test_thinning_is_what_pandas_makes_of_the_bins(made: House, minutes: int) -> None:
    start = NOW - timedelta(hours=9)
    found = series(made.backend.store, "WeChat", start, NOW, step=minutes * MINUTE).sources[0]
    rows = made.backend.store.counts("WeChat", start=found_start(start, minutes), end=NOW)
    groups = rows.groupby(rows["time"].dt.floor(f"{minutes}min"))["count"]
    assert found.count.tolist() == groups.max().tolist()
    assert found.low.tolist() == groups.min().tolist()
    assert found.total.tolist() == groups.sum().tolist()
    assert found.bins.tolist() == groups.size().tolist()
    np.testing.assert_allclose(found.times, groups.max().index.as_unit("s").astype("int64"))


def found_start(start: pd.Timestamp | object, minutes: int) -> object:
    """The left edge of the step that holds ``start``."""
    return pd.Timestamp(start).floor(f"{minutes}min").to_pydatetime()  # type: ignore[arg-type]


def test_bins_nobody_observed_are_left_out_not_zero(tmp_path: Path) -> None:
    frame = counts("QQ")
    gap = (frame["time"] >= NOW - 40 * MINUTE) & (frame["time"] < NOW - 20 * MINUTE)
    made = house(tmp_path, counts=frame[~gap])
    answer = made.client().get("/v1/series", params={"service": "QQ", "step": "10min"}).json()
    (source,) = answer["sources"]
    assert "2022-07-22T13:20:00Z" not in source["time"]
    assert "2022-07-22T13:30:00Z" not in source["time"]
    assert "2022-07-22T13:10:00Z" in source["time"]
    made.close()


@pytest.mark.parametrize(
    ("span", "points", "seconds"),
    [
        (timedelta(hours=24), 1440, 60),
        (timedelta(hours=24), 720, 120),
        (timedelta(days=90), 720, 10_800),
        (timedelta(days=400), 1, 400 * 86_400),
        (timedelta(minutes=1), 720, 60),
    ],
)
def test_a_step_is_readable_and_not_too_fine(span: timedelta, points: int, seconds: int) -> None:
    assert fitting_step(NOW - span, NOW, points) == timedelta(seconds=seconds)


def test_pages_hold_everything_once_in_order(tmp_path: Path) -> None:
    many = [an_incident("QQ", noticed_at=NOW - i * MINUTE) for i in range(7)]
    many += [an_incident("WeChat", noticed_at=NOW - i * MINUTE, lasted=MINUTE) for i in range(4)]
    alerts = [an_alert_about(one, details=None) for one in many]
    made = house(tmp_path, incidents=many, alerts=alerts)
    client = made.client()
    for path, names in (("incidents", "id"), ("alerts", "key")):
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = client.get(f"/v1/{path}", params={"limit": "3", **cursor}).json()
            seen += [item[names] for item in page["items"]]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        whole = client.get(f"/v1/{path}").json()["items"]
        assert seen == [item[names] for item in whole]
        assert len(set(seen)) == 11
    over = client.get("/v1/incidents?state=over").json()["items"]
    assert {i["service"] for i in over} == {"WeChat"}
    span = {"since": "2022-07-22T13:58:00Z", "until": "2022-07-22T14:00:00Z", "service": "QQ"}
    inside = client.get("/v1/incidents", params=span).json()["items"]
    assert [i["noticed_at"] for i in inside] == ["2022-07-22T13:59:00Z", "2022-07-22T13:58:00Z"]
    made.close()


def test_an_incident_is_told_as_the_interface_has_it(made: House, client: httpx.Client) -> None:
    incident = made.backend.store.incidents()[0]
    told = client.get(f"/v1/incidents/{incident.id}").json()
    assert told == json.loads(json.dumps(incident_to_dict(incident)))


def test_what_was_said_and_why_is_told_in_order(made: House, client: httpx.Client) -> None:
    incident = made.backend.store.incidents()[0]
    path = f"/v1/incidents/{incident.id}"
    alerts = client.get(f"{path}/alerts").json()["items"]
    assert [a["kind"] for a in alerts] == ["opened", "escalated"]
    assert alerts[0]["details"]["authors"] == 120
    decisions = client.get(f"{path}/decisions").json()["items"]
    assert [d["reason"] for d in decisions] == ["opened", "acknowledged"]
    assert decisions[1]["params"] == {"author": "bo", "comment": "on it"}
    assert decisions[1]["text"] == "acknowledged by bo: on it"
    (_, chinese) = client.get(f"{path}/decisions?lang=zh").json()["items"]
    assert chinese["text"] == "bo 已认领：on it"
    assert client.get(f"{path}/decisions?lang=xx").status_code == 422
    deliveries = client.get(f"{path}/deliveries").json()["items"]
    assert [d["status"] for d in deliveries] == ["pending", "pending"]


def test_an_incident_is_taken_in_hand_and_given_back(tmp_path: Path) -> None:
    made = house(tmp_path, **everything())
    client = made.client(made.token(Scope.WRITE))
    going_on, over = (client.get("/v1/incidents").json()["items"][i]["id"] for i in (0, 1))
    path = f"/v1/incidents/{going_on}/acknowledgement"
    assert client.delete(path).status_code == 404
    told = client.post(path, json={"author": "Li", "comment": "on it"}).json()
    assert (told["author"], told["severity"]) == ("Li", "critical")
    assert client.get("/v1/services/WeChat").json()["acknowledged_by"] == "Li"
    assert client.post(path, json={}).json()["author"] == "write"
    assert client.delete(path).status_code == 204
    gone = client.post(f"/v1/incidents/{over}/acknowledgement", json={})
    assert gone.status_code == 409
    assert client.post("/v1/incidents/none/acknowledgement", json={}).status_code == 404
    made.close()


def test_a_silence_is_made_shown_and_ended(tmp_path: Path) -> None:
    made = house(tmp_path, **everything())
    client = made.client(made.token(Scope.WRITE))
    asked = {"matchers": ['service="WeChat"', "severity!=minor"], "duration": "2h"}
    answer = client.post("/v1/silences", json={**asked, "comment": "planned"})
    assert answer.status_code == 201
    silence = client.get(answer.headers["location"]).json()
    assert silence == answer.json()
    assert silence["matchers"] == ['service="WeChat"', 'severity!="minor"']
    assert silence["ends_at"] == "2022-07-22T16:00:00Z"
    assert client.get("/v1/services/WeChat").json()["silenced_until"] == silence["ends_at"]
    assert client.delete(answer.headers["location"]).status_code == 204
    assert client.get("/v1/silences").json()["items"] == []
    assert client.delete("/v1/silences/none").status_code == 404
    made.close()


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"matchers": [], "duration": "2h"}, "/body/matchers"),
        ({"matchers": ["WeChat"], "duration": "2h"}, "/body/matchers/0"),
        ({"matchers": ["colour=red"], "duration": "2h"}, "/body/matchers/0"),
        ({"matchers": ["service=~("], "duration": "2h"}, "/body/matchers/0"),
        ({"matchers": ["service=QQ"]}, "/body/ends_at"),
        ({"matchers": ["service=QQ"], "duration": "soon"}, "/body/duration"),
        ({"matchers": ["service=QQ"], "duration": "0s"}, "/body/ends_at"),
        ({"matchers": ["service=QQ"], "ends_at": "2020-01-01T00:00:00Z"}, "/body/ends_at"),
        ({"matchers": ["service=QQ"], "duration": "1h", "comment": "a\nb"}, "/body/comment"),
    ],
    ids=str,
)
def test_a_silence_that_cannot_be_meant_is_refused(
    tmp_path: Path, asked: dict[str, object], pointer: str
) -> None:
    made = house(tmp_path, incidents=())
    client = made.client(made.token(Scope.WRITE))
    answer = client.post("/v1/silences", json=asked)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert made.backend.controls.silences() == ()
    made.close()


def test_metrics_are_what_prometheus_reads(made: House, client: httpx.Client) -> None:
    lines = client.get("/metrics").text.splitlines()
    assert 'outage_detector_outage{service="WeChat"} 3.0' in lines
    assert 'outage_detector_outage{service="QQ"} 0.0' in lines
    assert 'outage_detector_bin_count{service="WeChat",source="helpdesk"} 40.0' in lines
    assert 'outage_detector_bin_lag_seconds{service="QQ",source="helpdesk"} 60.0' in lines
    assert 'outage_detector_source_state{source="tickets",state="down"} 1.0' in lines
    assert 'outage_detector_source_lag_seconds{source="helpdesk"} 0.0' in lines
    assert 'outage_detector_outbox_deliveries{status="pending"} 4.0' in lines
    decided = 'outage_detector_decisions_total{reason="opened",receiver="on-call"} 1.0'
    assert decided in lines


def test_incidents_are_found_by_the_reason_of_a_decision(client: httpx.Client) -> None:
    def found(**asked: str) -> list[str]:
        answer = client.get("/v1/incidents", params=asked)
        assert answer.status_code == 200
        return [one["service"] for one in answer.json()["items"]]

    assert found(reason="acknowledged") == ["WeChat"]
    assert found(reason="acknowledged", receiver="on-call") == ["WeChat"]
    assert found(reason="acknowledged", receiver="others") == []
    assert client.get("/v1/incidents", params={"reason": "because"}).status_code == 422


@pytest.mark.parametrize(
    ("ago", "status"), [(None, 200), (timedelta(seconds=30), 200), (timedelta(hours=1), 503)]
)
def test_ready_is_who_turns(made: House, ago: timedelta | None, status: int) -> None:
    ended = None if ago is None else NOW - ago
    report = RunReport(7, ended, 0.2, 60.0)
    turning = House(made.path, replace(made.backend, last_run=lambda: report))
    assert turning.client().get("/readyz").status_code == status
    assert turning.client().get("/healthz").status_code == 200
    if status == 200:
        lines = turning.client().get("/metrics").text.splitlines()
        assert "outage_detector_runs_total 7.0" in lines
        assert "outage_detector_turns_total 7.0" in lines  # its name of before


@pytest.mark.parametrize(
    ("incident", "said"),
    [
        (None, "No outage"),
        (an_incident("QQ", severity=Severity.MAJOR, noticed_at=NOW), "Major outage"),
        (an_incident("QQ", severity=Severity.CRITICAL, noticed_at=NOW), "Critical outage"),
    ],
    ids=["fine", "major", "critical"],
)
def test_a_badge_says_how_it_is(tmp_path: Path, incident: object, said: str) -> None:
    incidents = () if incident is None else (incident,)
    made = house(tmp_path, counts=counts("QQ"), incidents=incidents)
    answer = made.client().get("/badge/QQ.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert f"<title>QQ: {said}</title>" in answer.text
    made.close()
