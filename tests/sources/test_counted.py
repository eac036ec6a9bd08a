"""Prometheus, OpenSearch, X and SQL: counts that a place makes itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import structlog

from detector.errors import ConfigError, Garbled, Unavailable
from detector.sources.base import Poll
from detector.sources.opensearch import OpenSearchSource
from detector.sources.prometheus import PrometheusSource
from detector.sources.sql import SqlSource
from detector.sources.x import XSource
from tests.sources.contract.rigs import MINUTE, NOW, web
from tests.sources.servers.counting import OpenSearch, Prometheus, X
from tests.sources.servers.database import QUERY, REACHED, Database

DAY = timedelta(days=1)
PROMQL = 'sum(increase(errors{service="WeChat"}[1m]))'


def started(place: Any) -> Iterator[Any]:
    with place.running():
        yield place


@pytest.fixture
def prometheus() -> Iterator[Prometheus]:
    yield from started(Prometheus())


@pytest.fixture
def opensearch() -> Iterator[OpenSearch]:
    yield from started(OpenSearch())


@pytest.fixture
def x() -> Iterator[X]:
    yield from started(X())


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path)


def fill(place: Any, start: datetime, n: int) -> None:
    place.counts.setdefault("WeChat", {}).update({start + i * MINUTE: i % 7 for i in range(n)})


def counted(*polls: Poll, service: str = "WeChat") -> dict[datetime, float]:
    """Return what ``polls`` say of each minute; the last one counts."""
    told: dict[datetime, float] = {}
    for poll in polls:
        assert poll.counts is not None
        rows = poll.counts[poll.counts["service"] == service]
        told |= dict(zip(rows["time"].dt.to_pydatetime(), rows["count"], strict=True))
    return told


class TestPrometheus:
    def source(self, place: Prometheus, **more: Any) -> PrometheusSource:
        return PrometheusSource("p", web(place), {"WeChat": PROMQL}, **more)

    def test_a_value_at_a_right_edge_is_the_count_of_the_bin_before(
        self, prometheus: Prometheus
    ) -> None:
        prometheus.counts = {"WeChat": {NOW - 2 * MINUTE: 4, NOW - MINUTE: 5}}
        poll = self.source(prometheus).poll(None, until=NOW + MINUTE / 2)
        assert counted(poll) == {NOW - 2 * MINUTE: 4.0, NOW - MINUTE: 5.0}
        assert poll.width == MINUTE

    def test_more_points_than_a_query_may_have_are_asked_for_in_slices(
        self, prometheus: Prometheus
    ) -> None:
        fill(prometheus, NOW - 9 * DAY, 9 * 1440)
        poll = self.source(prometheus, backfill=9 * DAY).poll(None, until=NOW)
        assert counted(poll) == prometheus.counts["WeChat"]
        assert len(prometheus.asked) == 2

    def test_no_value_is_no_zero_and_is_asked_for_again(self, prometheus: Prometheus) -> None:
        fill(prometheus, NOW - 60 * MINUTE, 30)
        source = self.source(prometheus)
        first = source.poll(None, until=NOW)
        assert max(counted(first)) == NOW - 31 * MINUTE
        fill(prometheus, NOW - 60 * MINUTE, 60)
        second = source.poll(first.cursor, until=NOW)
        assert max(counted(second)) == NOW - MINUTE

    def test_revised_counts_come_again(self, prometheus: Prometheus) -> None:
        fill(prometheus, NOW - 10 * MINUTE, 11)
        source = self.source(prometheus)
        first = source.poll(None, until=NOW)
        prometheus.counts["WeChat"][NOW - MINUTE] = 99
        second = source.poll(first.cursor, until=NOW + MINUTE)
        assert counted(first, second)[NOW - MINUTE] == 99.0

    @pytest.mark.parametrize("value", ["NaN", "+Inf", "-1"])
    def test_what_is_no_count_is_not_observed(self, prometheus: Prometheus, value: str) -> None:
        prometheus.counts = {"WeChat": {NOW - 2 * MINUTE: 4, NOW - MINUTE: value}}  # type: ignore[dict-item]
        assert counted(self.source(prometheus).poll(None, until=NOW)) == {NOW - 2 * MINUTE: 4.0}


class TestOpenSearch:
    def source(self, place: OpenSearch, **more: Any) -> OpenSearchSource:
        return OpenSearchSource("o", web(place), "logs-*", {"WeChat": "service:WeChat"}, **more)

    def test_empty_bins_are_zeros_up_to_the_newest_document(self, opensearch: OpenSearch) -> None:
        opensearch.counts = {"WeChat": {NOW - 9 * MINUTE: 4, NOW - 5 * MINUTE: 2}}
        source = self.source(opensearch, backfill=10 * MINUTE, overlap=0 * MINUTE)
        told = counted(source.poll(None, until=NOW))
        assert told == {
            **{NOW - i * MINUTE: 0.0 for i in range(5, 11)},
            NOW - 9 * MINUTE: 4.0,
            NOW - 5 * MINUTE: 2.0,
        }

    def test_an_index_that_nobody_writes_to_is_not_quiet(self, opensearch: OpenSearch) -> None:
        fill(opensearch, NOW - 60 * MINUTE, 60)
        source = self.source(opensearch)
        first = source.poll(None, until=NOW)
        later = source.poll(first.cursor, until=NOW + 60 * MINUTE)
        assert max(counted(first, later)) == NOW - MINUTE
        assert later.cursor == first.cursor

    def test_counts_of_failed_shards_are_not_taken(self, opensearch: OpenSearch) -> None:
        fill(opensearch, NOW - 60 * MINUTE, 60)
        opensearch.failed = 1
        with pytest.raises(Unavailable, match="not whole: 1 shards failed"):
            self.source(opensearch).poll(None, until=NOW)

    def test_a_long_time_is_asked_for_in_slices(self, opensearch: OpenSearch) -> None:
        fill(opensearch, NOW - 8 * DAY, 8 * 1440)
        source = self.source(opensearch, backfill=8 * DAY, overlap=0 * MINUTE)
        assert counted(source.poll(None, until=NOW)) == opensearch.counts["WeChat"]
        assert len(opensearch.asked) == 2

    def test_bins_end_before_the_slice_does(self, opensearch: OpenSearch) -> None:
        fill(opensearch, NOW - 60 * MINUTE, 90)
        source = self.source(opensearch)
        assert max(counted(source.poll(None, until=NOW))) == NOW - MINUTE
        body = json.loads(opensearch.asked[0].body)
        assert body["size"] == 0
        bins = body["aggs"]["services"]["aggs"]["bins"]["date_histogram"]
        assert bins["min_doc_count"] == 0


class TestX:
    def source(self, place: X, **more: Any) -> XSource:
        given = {"every": MINUTE, "backfill": timedelta(hours=1), "overlap": 0 * MINUTE, **more}
        return XSource("x", web(place), {"WeChat": "WeChat"}, **given)

    def test_a_gap_heals_with_the_next_call(self, x: X) -> None:
        fill(x, NOW - 60 * MINUTE, 180)
        source = self.source(x)
        first = source.poll(None, until=NOW)
        second = source.poll(first.cursor, until=NOW + 120 * MINUTE)
        told = counted(first, second)
        assert len(told) == 60 + 119
        assert all(told[at] == x.counts["WeChat"][at] for at in told)

    def test_a_call_costs_so_it_waits_for_its_time(self, x: X) -> None:
        source = self.source(x, every=5 * MINUTE)
        cursor = source.poll(None, until=NOW).cursor
        for i in range(5):
            poll = source.poll(cursor, until=NOW + i * MINUTE)
            assert poll.counts is not None
            assert poll.counts.empty
        assert len(x.asked) == 1
        assert len(counted(source.poll(cursor, until=NOW + 5 * MINUTE))) > 0
        assert len(x.asked) == 2

    def test_pages_are_followed(self, x: X) -> None:
        x.paged = True
        fill(x, NOW - 3 * DAY, 3 * 1440)
        told = counted(self.source(x, backfill=3 * DAY).poll(None, until=NOW))
        assert told == {t: n for t, n in x.counts["WeChat"].items() if t < NOW - MINUTE}
        assert len(x.asked) == 3

    def test_what_is_older_than_x_counts_is_not_asked_for(self, x: X) -> None:
        source = self.source(x)
        first = source.poll(None, until=NOW)
        source.poll(first.cursor, until=NOW + 30 * DAY)
        start = datetime.fromisoformat(x.asked[-1].query["start_time"])
        assert start > NOW + 23 * DAY


class TestSql:
    def source(self, place: Database, **more: Any) -> SqlSource:
        given = {"reached": REACHED, "zeros_for": ["WeChat"], **more}
        return SqlSource("s", place.url, QUERY, **given)

    def test_zeros_are_filled_in_up_to_where_the_database_is_filled(
        self, database: Database
    ) -> None:
        fill(database, NOW - 60 * MINUTE, 30)
        database.write()
        told = counted(self.source(database, backfill=timedelta(hours=1)).poll(None, until=NOW))
        assert {t: n for t, n in told.items() if t >= NOW - 60 * MINUTE} == database.counts[
            "WeChat"
        ]

    def test_a_bin_without_a_row_is_not_observed_unless_it_is_said(
        self, database: Database
    ) -> None:
        fill(database, NOW - 60 * MINUTE, 60)
        database.write()
        source = self.source(database, reached=None, zeros_for=())
        told = counted(source.poll(None, until=NOW))
        assert told == {t: n for t, n in database.counts["WeChat"].items() if n > 0}

    def test_an_empty_count_is_not_observed(self, database: Database) -> None:
        database.counts = {"WeChat": {NOW - MINUTE: None}}  # type: ignore[dict-item]
        database.write()
        query = "SELECT time, service, n FROM complaints"
        poll = SqlSource("s", database.url, query).poll(None, until=NOW)
        assert poll.counts is not None
        assert np.isnan(poll.counts["count"]).all()

    @pytest.mark.parametrize(
        ("query", "why"),
        [
            ("SELECT time, n FROM complaints", "must yield time, service, count"),
            ("SELECT 'noon', service, n FROM complaints", "a time that is no instant"),
            ("SELECT time, '', n FROM complaints", "no time, service and count"),
            ("SELECT time, service, -1 FROM complaints", "no time, service and count"),
            ("SELECT time, service, 'x' FROM complaints", "no time, service and count"),
        ],
    )
    def test_rows_that_are_no_counts_are_garbled(
        self, database: Database, query: str, why: str
    ) -> None:
        fill(database, NOW - 60 * MINUTE, 3)
        database.write()
        with pytest.raises(Garbled, match=why):
            SqlSource("s", database.url, query).poll(None, until=NOW)

    def test_errors_do_not_quote_the_address(self, database: Database) -> None:
        source = SqlSource("s", f"sqlite:///{database.path}/nowhere", "SELECT 1")
        with pytest.raises(Unavailable, match="the database refused the query") as caught:
            source.poll(None, until=NOW)
        assert str(database.path) not in str(caught.value)
        assert str(database.path) not in repr(source)

    def test_a_database_that_does_not_answer_is_left(self, database: Database) -> None:
        fill(database, NOW - 60 * MINUTE, 3)
        database.write()
        endless = (
            "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 2000000) "
            "SELECT count(*) FROM t"
        )
        source = self.source(database, reached=endless, timeout=0.05)
        with pytest.raises(Unavailable, match=r"did not answer in 0\.05 s"):
            source.poll(None, until=NOW)

    @pytest.mark.parametrize("url", ["nonsense", "nodb://host/name", "postgresql+nosuch://host"])
    def test_a_wrong_url_is_told_without_quoting_it(self, url: str) -> None:
        with pytest.raises(ConfigError, match="source 's'") as caught:
            SqlSource("s", url, QUERY)
        assert url not in str(caught.value)

    def test_zeros_need_to_know_how_far_the_database_is_filled(self, database: Database) -> None:
        with pytest.raises(ConfigError, match="zeros_for needs reached"):
            self.source(database, reached=None)


def loud_x(x: X, *, evidence: bool = True) -> XSource:
    """X, on which WeChat is loud since six minutes and QQ is not."""
    fill(x, NOW - 120 * MINUTE, 120)
    x.counts["QQ"] = dict(x.counts["WeChat"])
    for i in range(1, 7):
        x.counts["WeChat"][NOW - i * MINUTE] = 200
    x.say(40, NOW - 8 * MINUTE)
    queries = {"WeChat": "WeChat", "QQ": "QQ"}
    return XSource("x", web(x), queries, every=MINUTE, backfill=DAY, evidence=evidence)


def test_while_a_service_is_loud_x_is_searched_for_what_people_write(x: X) -> None:
    poll = loud_x(x).poll(None, until=NOW)
    assert poll.evidence is not None
    assert set(poll.evidence["service"]) == {"WeChat"}
    assert set(poll.evidence["text"]) == {"WeChat is down"}
    assert poll.evidence["time"].between(NOW - 11 * MINUTE, NOW).all()
    assert sum("search" in asked.path for asked in x.asked) == 1, "QQ is quiet"


def test_a_quiet_x_is_not_searched(x: X) -> None:
    fill(x, NOW - 120 * MINUTE, 120)
    source = XSource("x", web(x), {"WeChat": "WeChat"}, every=MINUTE, backfill=DAY)
    assert source.poll(None, until=NOW).evidence is None
    assert not any("search" in asked.path for asked in x.asked)


def test_evidence_can_be_switched_off(x: X) -> None:
    assert loud_x(x, evidence=False).poll(None, until=NOW).evidence is None


def test_a_search_that_fails_costs_no_counts(x: X) -> None:
    x.mute = True
    with structlog.testing.capture_logs() as logs:
        poll = loud_x(x).poll(None, until=NOW)
    assert poll.evidence is None
    assert counted(poll)[NOW - 2 * MINUTE] == 200
    assert "503" in logs[-1]["error"]
