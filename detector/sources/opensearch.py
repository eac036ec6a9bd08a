"""OpenSearch and Elasticsearch: documents counted by a ``date_histogram``.

One request counts all services. An index that nobody writes to any more goes on answering, with
zeros; its newest document shows how far it has come, and only bins that ended by then are
taken.

References
----------
OpenSearch, date histogram aggregation, https://docs.opensearch.org/latest/aggregations/ (2026):
``fixed_interval``, ``min_doc_count``, ``extended_bounds``; at most 65,535 buckets a search.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import quote

import msgspec

from detector.errors import Unavailable
from detector.fields import Name
from detector.model.times import floor_to, from_seconds
from detector.sources.base import Address, CountedSettings, Limit, Poll, Queries, SourceContext
from detector.sources.http.client import Web
from detector.sources.time_windows import Row, counts_frame, cursor_at, parse_bins, whole_bins

#: Buckets in one search, over all services.
MOST_BUCKETS = 10_000


class OpenSearchSettings(CountedSettings):
    """Documents counted in OpenSearch or Elasticsearch."""

    reads: ClassVar[str] = "counts"
    history: ClassVar[str] = "what it keeps"
    up_when: ClassVar[str] = "the newest document"
    needs: ClassVar[str] = "your cluster"
    limit: ClassVar[Limit | None] = Limit(600, 60.0)
    example: ClassVar[str] = """\
[[sources]]                     # your own logs
type = "opensearch"
name = "logs"
url = "https://search:9200"
index = "tickets-*"
login_env = "SEARCH_LOGIN"      # USER:PASSWORD
queries = { WeChat = "app:wechat AND kind:complaint" }
"""

    type: Literal["opensearch"]
    url: Address
    """The cluster, e.g. ``https://search:9200``."""

    index: Name
    """Index, alias or pattern."""

    queries: Queries
    """A query per service, in the syntax of ``query_string``."""

    time_field: Name = "@timestamp"
    """Field with a document's time. The newest document shows how far the index is filled."""

    token_env: str | None = None
    """Environment variable with a bearer token."""

    token_file: Path | None = None
    """File with the bearer token."""

    login_env: str | None = None
    """Environment variable with ``USER:PASSWORD``."""

    login_file: Path | None = None
    """File with ``USER:PASSWORD``."""

    def build(self, context: SourceContext) -> OpenSearchSource:
        """Return the source."""
        return OpenSearchSource(
            self.name,
            Web.of(self, context, self.url),
            self.index,
            self.queries,
            self.time_field,
            self.width,
            self.backfill,
            self.overlap,
        )


class _Shards(msgspec.Struct):
    failed: int


class _Bucket(msgspec.Struct):
    key: float
    doc_count: int


class _Buckets(msgspec.Struct):
    buckets: list[_Bucket]


class _Service(msgspec.Struct):
    bins: _Buckets


class _Services(msgspec.Struct):
    buckets: dict[str, _Service]


class _Newest(msgspec.Struct):
    value: float | None = None


class _Aggregations(msgspec.Struct):
    services: _Services
    newest: _Newest


class _Reply(msgspec.Struct):
    timed_out: bool
    aggregations: _Aggregations
    shards: _Shards = msgspec.field(name="_shards")


@dataclass(eq=False)
class OpenSearchSource:
    """Counts by service.

    Parameters
    ----------
    name : the source's name in the configuration.
    web : asks the cluster; credentials, if any, are among its headers.
    index : name or pattern.
    queries : by service, in the syntax of ``query_string``.
    time_field : the documents' time.
    width : bin width.
    backfill : how far before the first poll to begin.
    overlap : how far back each poll goes for documents that were indexed late.
    """

    name: str
    web: Web
    index: str
    queries: Mapping[str, str]
    time_field: str = "@timestamp"
    width: timedelta = timedelta(minutes=1)
    backfill: timedelta = timedelta(days=7)
    overlap: timedelta = timedelta(minutes=5)

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        """Return the counts of the whole bins that the index has come to; see `Source.poll`."""
        past = parse_bins(cursor, otherwise=until - self.backfill)
        start, end = whole_bins(past.until - self.overlap, until, self.width)
        rows: list[Row] = []
        reached = past.until
        longest = max(MOST_BUCKETS // len(self.queries), 1) * self.width
        while start < end and end > past.until:
            stop = min(start + longest, end)
            found = self._search(start, stop)
            newest = found.newest.value
            filled = floor_to(from_seconds(newest / 1e3), self.width) if newest else start
            rows += [row for row in self._rows(found) if row[1] < min(filled, stop)]
            reached = max(reached, min(filled, stop))
            start = stop
        return Poll(cursor_at(reached), counts=counts_frame(rows), width=self.width)

    def _search(self, start: datetime, end: datetime) -> _Aggregations:
        body = msgspec.json.encode(self._body(start, end))
        headers = {"Content-Type": "application/json"}
        path = f"/{quote(self.index, safe=',*-')}/_search"
        reply = self.web.parsed(self.web.post(path, body, headers), _Reply)
        if reply.timed_out or reply.shards.failed:
            why = "timed out" if reply.timed_out else f"{reply.shards.failed} shards failed"
            raise Unavailable(f"{self.name}: the counts are not whole: {why}")
        return reply.aggregations

    def _body(self, start: datetime, end: datetime) -> dict[str, Any]:
        low, high = round(start.timestamp() * 1000), round(end.timestamp() * 1000)
        seconds = round(self.width.total_seconds())
        bins = {
            "field": self.time_field,
            "fixed_interval": f"{seconds}s",
            "min_doc_count": 0,
            "extended_bounds": {"min": low, "max": high - 1000 * seconds},
        }
        # The newest document is looked for beyond the slice as well, so only services end with it.
        ends = {"range": {self.time_field: {"lt": high, "format": "epoch_millis"}}}
        services = {
            service: {"bool": {"must": {"query_string": {"query": query}}, "filter": ends}}
            for service, query in self.queries.items()
        }
        begins = {"gte": low, "format": "epoch_millis"}
        return {
            "size": 0,
            "track_total_hits": False,
            "query": {"range": {self.time_field: begins}},
            "aggs": {
                "newest": {"max": {"field": self.time_field}},
                "services": {
                    "filters": {"filters": services},
                    "aggs": {"bins": {"date_histogram": bins}},
                },
            },
        }

    def _rows(self, found: _Aggregations) -> Iterator[Row]:
        for service, counted in found.services.buckets.items():
            for bucket in counted.bins.buckets:
                yield service, from_seconds(bucket.key / 1e3), float(bucket.doc_count)
