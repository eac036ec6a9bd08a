"""Weibo's side-bar list, as public readers of it describe it; fields come and go by entry."""

from __future__ import annotations

from tests.sources.servers.place import Asked, Place, Reply


class Weibo(Place):
    """Lists the services of `counts` by their heat; it moves from answer to answer.

    Attributes
    ----------
    frozen : serve the same list for ever.
    about_an_outage : whether 微信崩了 is listed.
    login : answer as to somebody who is not logged in.
    """

    frozen = False
    about_an_outage = True
    login = False

    def answer(self, asked: Asked) -> Reply:
        if asked.path != "/ajax/side/hotSearch":
            return 404, {}, {}
        if self.login:
            return 200, {"ok": -100, "url": "https://passport.weibo.com/sso/signin"}, {}
        moved = 0 if self.frozen else len(self.asked)
        entries = [
            self.drifted({"word": "微信崩了", "num": 900_000 + moved, "realpos": 1}, "num"),
            {"word": "好物推荐", "is_ad": 1, "realpos": 2},
            self.drifted({"word": "泪崩", "raw_hot": 500_000, "label_name": "新"}, "raw_hot"),
            self.drifted({"word": "今日天气", "num": 100_000, "onboard_time": 1}, "num"),
        ]
        if not self.about_an_outage:
            del entries[0]
        if self.shuffled:
            entries.reverse()
        listed = [] if self.empty else entries * (2 if self.doubled else 1)
        data = {"realtime": listed, "hotgov": {"word": "#新闻#"}}
        etag = f'"{moved}"'
        if asked.headers.get("if-none-match") == etag:
            return 304, None, {"ETag": etag}
        return 200, {"ok": 1, "data": data}, {"ETag": etag}
