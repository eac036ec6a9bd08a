"""Hacker News search, as https://hn.algolia.com/api describes it."""

from __future__ import annotations

import re

from tests.sources.servers.place import Asked, Place, Reply


class HackerNews(Place):
    """``search_by_date``: newest first, at most `most` hits, ``numericFilters`` over time."""

    most = 1_000

    def answer(self, asked: Asked) -> Reply:
        if asked.path != "/api/v1/search_by_date":
            return 404, {"message": "not found"}, {}
        bounds = re.fullmatch(
            r"created_at_i>=(\d+),created_at_i<(\d+)", asked.query["numericFilters"]
        )
        if bounds is None:
            return 400, {"message": "invalid numericFilters"}, {}
        low, high = map(int, bounds.groups())
        found = [s for s in self.said if low <= s.time.timestamp() < high]
        found = [s for s in found if asked.query.get("query", "") in s.text]
        found.sort(key=lambda s: s.time, reverse=True)
        shown = self.listed(found)
        most = min(self.most, int(asked.query["hitsPerPage"]))
        hits = [
            self.drifted(
                {
                    "objectID": s.id,
                    "created_at": s.time.isoformat(),
                    "created_at_i": int(s.time.timestamp()),
                    "author": s.author,
                    "comment_text": f"<p>{s.text} &amp; gone",
                    "_tags": ["comment", f"author_{s.author}"],
                    "story_id": 1,
                },
                needed="created_at_i",
            )
            for s in shown[:most]
        ]
        return 200, {"hits": hits, "nbHits": len(shown), "page": 0, "hitsPerPage": most}, {}
