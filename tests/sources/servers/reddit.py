"""Reddit's login and its listings: newest first, at most 1,000, tokens that expire."""

from __future__ import annotations

from base64 import b64encode

from tests.sources.servers.place import CANARY, Asked, FakePost, Place, Reply


class Reddit(Place):
    """Attributes may be changed while it runs.

    Attributes
    ----------
    token : the one that is good now.
    most : how far a listing goes back, in posts.
    """

    most = 1_000

    def __init__(self) -> None:
        super().__init__()
        self.token = f"token-1-{CANARY}"
        self.logins = 0

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/api/v1/access_token":
            right = b64encode(f"app:{CANARY}".encode()).decode()
            if asked.headers.get("authorization") != f"Basic {right}":
                return 401, {"message": "Unauthorized"}, {}
            self.logins += 1
            return 200, {"access_token": self.token, "token_type": "bearer"}, {}
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return 401, {"message": "Unauthorized"}, {}
        if asked.path != "/r/WeChat+outages/new":
            return 404, {"message": "Not Found"}, {}
        newest = sorted(self.said, key=lambda s: s.time, reverse=True)[: self.most]
        names = [f"t3_{s.id}" for s in newest]
        after = asked.query.get("after")
        first = names.index(after) + 1 if after else 0
        last = first + int(asked.query["limit"])
        page = self.listed(newest[first:last])
        following = names[last - 1] if last < len(names) else None
        children = [{"kind": "t3", "data": self._submission(s)} for s in page]
        listing = {"kind": "Listing", "data": {"children": children, "after": following}}
        return 200, listing, {"X-Ratelimit-Remaining": "590.0", "X-Ratelimit-Reset": "300"}

    def _submission(self, said: FakePost) -> dict[str, object]:
        return self.drifted(
            {
                "name": f"t3_{said.id}",
                "id": said.id,
                "created_utc": said.time.timestamp(),
                "title": said.text,
                "selftext": "since a minute",
                "author": said.author,
                "permalink": f"/r/WeChat/comments/{said.id}/",
            },
            needed="created_utc",
        )
