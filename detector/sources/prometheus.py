"""Prometheus and what speaks its query language: counts by ``query_range``.

A query is evaluated at an instant and looks back, e.g. ``sum(increase(errors_total[1m]))``; its
value at the right edge of a bin is the bin's count. A bin for which there is no value, or NaN, was
not observed.

References
----------
Prometheus HTTP API, https://prometheus.io/docs/prometheus/latest/querying/api/ (2026): at most
11,000 points per series and query.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import ClassVar, Literal

import msgspec

from detector.errors import Garbled
from detector.model.times import from_seconds
from detector.sources.base import Address, CountedSettings, Limit, Poll, Queries, SourceContext
from detector.sources.http.client import Web
from detector.sources.time_windows import Row, counts_frame, cursor_at, parse_bins, whole_bins

MOST_POINTS = 11_000


class PrometheusSettings(CountedSettings):
    """Counts from Prometheus, or from anything that speaks its query language."""

    reads: ClassVar[str] = "counts"
    history: ClassVar[str] = "what it keeps"
    up_when: ClassVar[str] = "that there is a value"
    needs: ClassVar[str] = "your server"
    limit: ClassVar[Limit | None] = Limit(600, 60.0)
    example: ClassVar[str] = """\
[[sources]]                     # your own metrics
type = "prometheus"
name = "tickets"
url = "http://prometheus:9090"
queries = { WeChat = 'sum(increase(tickets_total{app="wechat"}[1m]))' }
"""

    type: Literal["prometheus"]
    url: Address
    """The server, e.g. ``http://prometheus:9090``."""

    queries: Queries
    """PromQL per service, e.g. ``WeChat = 'sum(increase(tickets_total{app="wechat"}[1m]))'``."""

    token_env: str | None = None
    """Environment variable with a bearer token."""

    token_file: Path | None = None
    """File with the bearer token."""

    login_env: str | None = None
    """Environment variable with ``USER:PASSWORD``."""

    login_file: Path | None = None
    """File with ``USER:PASSWORD``."""

    def requests_per_poll(self) -> int:
        """Return one per service."""
        return len(self.queries)

    def build(self, context: SourceContext) -> PrometheusSource:
        """Return the source."""
        web = Web.of(self, context, self.url)
        return PrometheusSource(
            self.name, web, self.queries, self.width, self.backfill, self.overlap
        )


class _Series(msgspec.Struct):
    values: list[tuple[float, str]]


class _Matrix(msgspec.Struct):
    resultType: str  # noqa: N815 - as the place calls it
    result: list[_Series]


class _Reply(msgspec.Struct):
    status: str
    data: _Matrix


@dataclass(eq=False)
class PrometheusSource:
    """Counts by service.

    Parameters
    ----------
    name : the source's name in the configuration.
    web : asks the server.
    queries : PromQL by service; series that a query yields are added up.
    width : bin width.
    backfill : how far before the first poll to begin.
    overlap : how far back each poll goes for numbers that were revised.
    """

    name: str
    web: Web
    queries: Mapping[str, str]
    width: timedelta = timedelta(minutes=1)
    backfill: timedelta = timedelta(days=7)
    overlap: timedelta = timedelta(minutes=5)

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        """Return the counts of the whole bins since; see `Source.poll`."""
        past = parse_bins(cursor, otherwise=until - self.backfill)
        start = max(past.until - self.overlap, until - self.backfill)
        start, end = whole_bins(start, until, self.width)
        if end <= past.until:
            return Poll(cursor, counts=counts_frame(()), width=self.width)
        rows = [row for service in self.queries for row in self._rows(service, start, end)]
        # What has no value yet is asked for again, as long as `backfill` goes back.
        reached = max((at + self.width for _, at, _ in rows), default=start)
        after = cursor_at(max(reached, past.until))
        return Poll(after, counts=counts_frame(rows), width=self.width)

    def _rows(self, service: str, start: datetime, end: datetime) -> Iterator[Row]:
        """Yield the bins of ``[start, end)``, asked for in slices."""
        longest = MOST_POINTS * self.width
        while start < end:
            until = min(start + longest, end)
            yield from self._slice(service, start, until)
            start = until

    def _slice(self, service: str, start: datetime, end: datetime) -> Iterator[Row]:
        params: dict[str, str | int] = {
            "query": self.queries[service],
            "start": f"{(start + self.width).timestamp():.3f}",
            "end": f"{end.timestamp():.3f}",
            "step": f"{self.width.total_seconds():g}",
        }
        reply = self.web.read("/api/v1/query_range", _Reply, params)
        if reply.status != "success" or reply.data.resultType != "matrix":
            what = f"{reply.status}, {reply.data.resultType}"
            raise Garbled(f"{self.name}: {service}: not a success with a matrix, but {what}")
        totals: dict[float, float] = {}
        for series in reply.data.result:
            for at, text in dict(series.values).items():
                totals[at] = totals.get(at, 0.0) + self._number(text)
        for at, value in totals.items():
            if isfinite(value) and value >= 0:
                yield service, from_seconds(round(at, 3)) - self.width, value

    def _number(self, text: str) -> float:
        try:
            return float(text)
        except ValueError:
            raise Garbled(f"{self.name}: a value that is no number") from None
