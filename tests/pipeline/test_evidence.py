"""Posts that come with counts: read and quoted, and counted nowhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd

from detector.pipeline.replay import replay
from detector.sources.base import Poll
from tests.laws.stories import Table, counts
from tests.pipeline.plans import lexicon_plan


@dataclass
class WithPosts:
    """A table of counts, and the same posts with every poll of the last days' outages."""

    inner: Table
    posts: pd.DataFrame | None
    name: str = "table"

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        return replace(self.inner.poll(cursor, until=until), evidence=self.posts)


def outage_posts() -> pd.DataFrame:
    """Forty people who cannot send pictures, in the last of the outages."""
    times = pd.date_range("2025-03-14T05:05:00Z", periods=40, freq="30s")
    return pd.DataFrame(
        {
            "time": times,
            "text": [f"微信崩了，图片发不出去 {i}" for i in range(40)],
            "id": [str(i) for i in range(40)],
            "author": [f"a{i}" for i in range(40)],
            "service": "WeChat",
        }
    )


def test_counts_stay_what_they_are_and_alerts_quote_the_posts() -> None:
    rows = counts(services=("WeChat",))
    bare = replay(WithPosts(Table(rows), None), lexicon_plan())
    shown = replay(WithPosts(Table(rows), outage_posts()), lexicon_plan())
    assert list(shown.incidents.values()) == list(bare.incidents.values())
    assert all(alert.details is None for alert in bare.alerts)
    details = [alert.details for alert in shown.alerts if alert.details is not None]
    assert details
    assert details[-1].posts == details[-1].authors == 40
    assert any("图片" in sample.text for sample in details[-1].samples)


def test_a_post_that_comes_with_every_look_is_quoted_once() -> None:
    rows = counts(services=("WeChat",))
    twice = pd.concat([outage_posts(), outage_posts()], ignore_index=True)
    shown = replay(WithPosts(Table(rows), twice), lexicon_plan())
    (last, *_) = [alert.details for alert in reversed(shown.alerts) if alert.details]
    assert last.posts == 40
