"""A Mastodon server's hashtag timelines: ``min_id`` upwards, newest first in a page."""

from __future__ import annotations

from detector.sources.mastodon import first_id
from tests.sources.servers.place import Asked, FakePost, Place, Reply


class Mastodon(Place):
    """Every post has the tag ``wechat``; ``late`` ones arrived from elsewhere after their time."""

    def id_of(self, said: FakePost) -> int:
        return first_id(said.time) + int(said.id) % 1000

    def answer(self, asked: Asked) -> Reply:
        if asked.path != "/api/v1/timelines/tag/wechat":
            return 404, {"error": "Record not found"}, {}
        least, limit = int(asked.query.get("min_id", 0)), int(asked.query["limit"])
        behind = sorted((s for s in self.said if self.id_of(s) > least), key=self.id_of)
        page = self.listed(behind[: min(limit, 40)][::-1])
        statuses = [
            self.drifted(
                {
                    "id": str(self.id_of(s)),
                    "created_at": s.time.isoformat(timespec="milliseconds"),
                    "content": f"<p>{s.text} &amp; gone <a href='#'>#<span>wechat</span></a></p>",
                    "account": {"acct": s.author, "uri": f"https://b.example/users/{s.author}"},
                    "uri": f"https://b.example/statuses/{s.id}",
                    "url": None,
                    "language": "en",
                    "spoiler_text": "",
                    "favourites_count": 0,
                },
                needed="created_at",
            )
            for s in page
        ]
        newest = max((self.id_of(s) for s in page), default=least)
        link = f'<{self.url}{asked.path}?min_id={newest}>; rel="prev"'
        return 200, statuses, {"Link": link, "X-RateLimit-Remaining": "299"}
