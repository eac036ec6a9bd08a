"""The one rule of how a service is, and that everybody who shows it follows the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from detector.model.health import SourceHealth, SourceReason, SourceState
from detector.views.services import ServiceState, service, service_statuses
from detector.views.snapshot import take_snapshot
from tests.fakes.outages import an_incident
from tests.web.house import MINUTE, NOW, House, counts, house

HOUR = timedelta(hours=1)


def counted(every: timedelta, last: timedelta, *, evidence: float = 0.1) -> pd.DataFrame:
    """Return bins of QQ of that width, the last of which began ``last`` before now."""
    times = pd.date_range(end=NOW - last, periods=20, freq=every).as_unit("us")
    return counts("QQ").iloc[: len(times)].assign(time=times, evidence=evidence)


def a_list(state: SourceState) -> SourceHealth:
    return SourceHealth("hot", state, NOW - 9 * HOUR, SourceReason.OBSERVED, {}, NOW, NOW)


LISTED = replace(
    an_incident("QQ", sources=("hot",), noticed_at=NOW - 5 * HOUR, lasted=HOUR),
    evidence=float("nan"),
)
CASES = {
    "nothing was ever counted": ({"counts": ()}, "unknown"),
    "the last minute": ({"counts": counted(MINUTE, MINUTE)}, "fine"),
    "half an hour ago": ({"counts": counted(MINUTE, 30 * MINUTE)}, "fine"),
    "a little longer ago": ({"counts": counted(MINUTE, 31 * MINUTE)}, "unknown"),
    "hours, the next is not due": ({"counts": counted(HOUR, 2 * HOUR)}, "fine"),
    "hours, the next is missing": ({"counts": counted(HOUR, 2 * HOUR + MINUTE)}, "unknown"),
    "six hours, the next is not due": ({"counts": counted(6 * HOUR, 12 * HOUR)}, "fine"),
    "an outage that nobody observes": (
        {"counts": counted(MINUTE, 3 * HOUR), "incidents": [an_incident("QQ")]},
        "outage",
    ),
    "off a list that is up": (
        {"incidents": [LISTED], "source_health": [a_list(SourceState.UP)]},
        "fine",
    ),
    "off a list that is down": (
        {"incidents": [LISTED], "source_health": [a_list(SourceState.DOWN)]},
        "unknown",
    ),
    "seen on a list that is up": (
        {
            "counts": counted(MINUTE, 5 * HOUR, evidence=float("nan")).assign(source="hot"),
            "source_health": [a_list(SourceState.UP)],
        },
        "fine",
    ),
}


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    made = house(tmp_path, **request.param)
    yield made
    made.close()


@pytest.mark.parametrize(("home", "state"), CASES.values(), ids=CASES.keys(), indirect=["home"])
def test_a_service_is(home: House, state: str) -> None:
    assert service_statuses(home.backend.store, ["QQ"], NOW)["QQ"].state is ServiceState(state)


@pytest.mark.parametrize(("home", "state"), CASES.values(), ids=CASES.keys(), indirect=["home"])
def test_everybody_says_the_same(home: House, state: str) -> None:
    client = home.client(headers={"accept": "text/html"})
    label = "major" if state == "outage" else state
    assert f'<li class="service is-{label}">\n    <a class="name" href="/service?name=QQ"' in (
        client.get("/").text
    )
    assert f'<span class="badge is-{label}">' in client.get("/service?name=QQ").text
    assert client.get("/v1/services/QQ").json()["state"] == state
    words = {"outage": "Major outage", "fine": "No outage", "unknown": "Not observed"}
    assert f"<title>QQ: {words[state]}</title>" in client.get("/badge/QQ.svg").text
    configured = frozenset(home.backend.settings.services)
    seen = take_snapshot(home.backend.store, configured=configured, now=NOW, hours=6)
    assert {one.name: one.state for one in seen.services}["QQ"] == state
    found = service(home.backend, "QQ")
    assert found is not None
    assert (found.state.value, found.label) == (state, label)
