"""X: what people write while a service is loud, by ``/2/tweets/search/recent``.

Counts say that people complain; a page needs to say what about. So while a service's counts are far
above those of the hour before, one search a call brings up to a hundred posts. They are quoted and
read for what fails and where; the counts stay X's own.

References
----------
X API v2, https://docs.x.com/x-api/posts/search-recent-posts (2026): ``max_results`` 10 to 100,
``start_time`` and ``end_time`` as for counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import numpy as np
import pandas as pd

from detector.domain.times import iso
from detector.sources.bins import Row
from detector.sources.lookback import Post, posts_frame
from detector.sources.web import Web

#: The last so many minutes are compared with the hour before.
LATELY, BEFORE = timedelta(minutes=10), timedelta(hours=1)
#: A service is loud from so many times the usual on, and from so many posts more.
TIMES, MORE = 3.0, 20.0
MOST = 100


class _Tweet(msgspec.Struct):
    id: str
    text: str
    created_at: datetime
    author_id: str = ""
    lang: str = ""


class _Found(msgspec.Struct):
    data: list[_Tweet] = []


def is_loud(rows: Sequence[Row], end: datetime) -> bool:
    """Return whether the last minutes of ``rows`` are far above the hour before them.

    Parameters
    ----------
    rows : one service's minutes.
    end : right edge of the last of them.
    """
    lately = sum(count for _, at, count in rows if at >= end - LATELY)
    before = [count for _, at, count in rows if end - LATELY - BEFORE <= at < end - LATELY]
    usual = (float(np.median(before)) if before else 0.0) * (LATELY / timedelta(minutes=1))
    return lately >= max(TIMES * usual, usual + MORE)


def posts_about(web: Web, service: str, query: str, end: datetime) -> pd.DataFrame:
    """Return up to `MOST` posts of the minutes before ``end``: a posts table, ``service`` named.

    Raises
    ------
    SourceError : X does not answer, or something else than it promised.
    """
    params: dict[str, str | int] = {
        "query": query,
        "start_time": iso(end - LATELY),
        "end_time": iso(end),
        "max_results": MOST,
        "tweet.fields": "created_at,author_id,lang",
    }
    found = web.read("/2/tweets/search/recent", _Found, params).data
    posts = [Post(t.created_at, t.id, t.text, author=t.author_id, lang=t.lang) for t in found]
    posts.sort(key=lambda post: (post.time, post.id))
    return posts_frame(posts).assign(service=service)
