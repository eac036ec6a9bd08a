"""How much turns took in, by source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pandas as pd

from detector.errors import SourceError
from detector.notify.policy import NotificationPolicy
from detector.pipeline.run import Totals, run_once
from detector.pipeline.state import PipelineState
from detector.sources.base import Poll
from tests.fakes.store import FakeStore
from tests.pipeline.plans import lexicon_plan

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Posts:
    """Texts, a second apart, in the minute before the poll; none: it cannot be read."""

    name: str
    texts: Sequence[str]

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        if not self.texts:
            raise SourceError("away")
        times = pd.date_range(until - MINUTE, periods=len(self.texts), freq="1s").as_unit("us")
        posts = pd.DataFrame({"time": times, "text": list(self.texts)})
        return Poll(None, posts, observed=((until - MINUTE, until),))

    def close(self) -> None:
        pass


def test_turns_add_up() -> None:
    sources = [Posts("weibo", ["微信崩了", "好天气", "WeChat is down"]), Posts("gone", [])]
    state, totals, plan = PipelineState(), Totals(), lexicon_plan()
    for i in range(1, 31):
        now = NOON + i * MINUTE
        turn = run_once(
            state, sources, FakeStore(), plan, NotificationPolicy([]), now=now, wall=now
        )
        state, totals = turn.result.state, totals.plus(turn.totals)
    assert totals.posts == {"weibo": 90}
    assert totals.failures == {"weibo": 0, "gone": 30}
    assert totals.late == {"weibo": 0}
    assert totals.bins.keys() == {"weibo"}
    assert totals.bins["weibo"] > 20
