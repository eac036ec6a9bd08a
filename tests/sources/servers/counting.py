"""Places that count: Prometheus, OpenSearch and X, over the same `Place.counts`."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

from tests.sources.servers.place import CANARY, Asked, Place, Reply

MINUTE = timedelta(minutes=1)


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


class Prometheus(Place):
    """``query_range``; a query is ``sum(increase(errors{service="NAME"}[1m]))``."""

    def answer(self, asked: Asked) -> Reply:
        start, end = float(asked.query["start"]), float(asked.query["end"])
        step = float(asked.query["step"])
        if (end - start) / step + 1 > 11_000:
            error = "exceeded maximum resolution of 11,000 points per timeseries."
            return 400, {"status": "error", "errorType": "bad_data", "error": error}, {}
        named = re.search(r'service="(\w+)"', asked.query["query"])
        counts = self.counts.get(named.group(1) if named else "", {})
        points = [start + i * step for i in range(int((end - start) // step) + 1)]
        values = [[p, str(counts[at(p) - MINUTE])] for p in points if at(p) - MINUTE in counts]
        values = (values[::-1] if self.shuffled else values) * (2 if self.doubled else 1)
        series = [self.drifted({"metric": {}, "values": values}, "values")] if values else []
        data = {"resultType": "matrix", "result": [] if self.empty else series}
        return 200, {"status": "success", "data": data}, {}


class OpenSearch(Place):
    """``_search`` with a ``filters`` aggregation over a ``date_histogram``.

    Attributes
    ----------
    newest : the time of the newest document; None: the end of the last bin that has one.
    failed : shards that failed.
    """

    newest: datetime | None = None
    failed = 0

    def answer(self, asked: Asked) -> Reply:
        if asked.path != "/logs-*/_search":
            return 404, {"error": "index_not_found_exception"}, {}
        aggregations = json.loads(asked.body)["aggs"]
        filters = aggregations["services"]["filters"]["filters"]
        bounds = aggregations["services"]["aggs"]["bins"]["date_histogram"]["extended_bounds"]
        low, high = bounds["min"] // 1000, bounds["max"] // 1000
        assert (high - low) / 60 < 65_535, "too_many_buckets_exception"
        buckets = {}
        for service, query in filters.items():
            must = query["bool"]["must"]["query_string"]["query"]
            counts = {} if self.empty else self.counts.get(must.removeprefix("service:"), {})
            bins = [
                self.drifted({"key": 1000 * s, "doc_count": counts.get(at(s), 0)}, "doc_count")
                for s in range(low, high + 1, 60)
            ]
            buckets[service] = {
                "bins": {"buckets": (bins[::-1] if self.shuffled else bins) * (1 + self.doubled)}
            }
        ends = [t + MINUTE for c in self.counts.values() for t in c if t.timestamp() >= low]
        newest = self.newest or max(ends, default=None)
        value = None if newest is None or self.empty else newest.timestamp() * 1000
        return (
            200,
            {
                "took": 1,
                "timed_out": False,
                "_shards": {"total": 3, "successful": 3 - self.failed, "failed": self.failed},
                "hits": {"hits": []},
                "aggregations": {"newest": {"value": value}, "services": {"buckets": buckets}},
            },
            {},
        )


class X(Place):
    """``/2/tweets/counts/recent`` by minutes and ``search/recent``; a page is a day if `paged`.

    Attributes
    ----------
    mute : searches are refused.
    """

    paged = mute = False

    def answer(self, asked: Asked) -> Reply:
        if asked.path not in ("/2/tweets/counts/recent", "/2/tweets/search/recent"):
            return 404, {"title": "Not Found"}, {}
        if asked.headers.get("authorization") != f"Bearer {CANARY}":
            return 401, {"title": "Unauthorized"}, {}
        start = datetime.fromisoformat(asked.query["start_time"])
        end = datetime.fromisoformat(asked.query["end_time"])
        if asked.path.endswith("search/recent"):
            return self._search(start, end, int(asked.query["max_results"]))
        if asked.query["granularity"] != "minute":
            return 400, {"title": "Invalid Request"}, {}
        following = None
        if self.paged:
            start += timedelta(days=int(asked.query.get("next_token", "0")))
            if start + timedelta(days=1) < end:
                end = start + timedelta(days=1)
                following = str(int(asked.query.get("next_token", "0")) + 1)
        counts = self.counts.get(asked.query["query"], {})
        data = [
            self.drifted(
                {
                    "start": (start + i * MINUTE).isoformat().replace("+00:00", ".000Z"),
                    "end": (start + (i + 1) * MINUTE).isoformat().replace("+00:00", ".000Z"),
                    "tweet_count": counts.get(start + i * MINUTE, 0),
                },
                needed="tweet_count",
            )
            for i in range(int((end - start) / MINUTE))
        ]
        data = [] if self.empty else data[::-1] if self.shuffled else data * (1 + self.doubled)
        meta = {"total_tweet_count": sum(counts.values())}
        meta |= {"next_token": following} if following else {}
        return 200, {"data": data, "meta": meta}, {"x-rate-limit-remaining": "299"}

    def _search(self, start: datetime, end: datetime, most: int) -> Reply:
        if self.mute:
            return 503, {"title": "Service Unavailable"}, {}
        said = [s for s in self.said if start <= s.time < end][::-1][:most]
        data = [
            {
                "id": s.id,
                "text": s.text,
                "created_at": s.time.isoformat().replace("+00:00", ".000Z"),
                "author_id": s.author,
                "lang": "en",
            }
            for s in said
        ]
        # Without a result there is no "data" at all.
        return 200, ({"data": data} if data else {}) | {"meta": {"result_count": len(data)}}, {}
