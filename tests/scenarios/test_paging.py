"""From posts to pages: who may wake somebody up, and who may not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

import numpy as np
import pandas as pd
import pytest

from detector import resources
from detector.complaints.facets import parse_facets
from detector.complaints.lexicon import parse_lexicon
from detector.complaints.reader import build_reader
from detector.demo.reconstruction import Scenario, parse_scenario
from detector.demo.simulate import simulate
from detector.model.incident import Incident
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.replay import replay
from detector.sources.base import Poll

SURGE = pd.Timestamp("2015-01-08 15:00", tz="Asia/Shanghai").tz_convert("UTC")
SAYINGS = [
    "微信崩了",
    "is WeChat down?",
    "微信登不上去了，都十分钟了",
    "微信消息发不出去",
    "WeChat挂了吗",
]


def quiet() -> Scenario:
    """Return a month of ordinary complaints about WeChat, and nothing else."""
    text = resources.text("data/scenarios/wechat-2015-01-blocked.toml")
    what = parse_scenario(text, resources.text("data/templates.toml"))
    ordinary = tuple(stream for stream in what.streams if stream.name == "background")
    return replace(what, streams=ordinary, statements=())


@dataclass(frozen=True, slots=True)
class Posts:
    """A source that brings everything at once."""

    rows: pd.DataFrame
    start: datetime
    end: datetime
    name: str = "posts"

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        return Poll("end", posts=self.rows, observed=((self.start, self.end),), exhausted=True)


@cache
def plan() -> PipelinePlan:
    words = [
        resources.text(f"data/lexicon/{n}.toml") for n in ("components", "regions", "platforms")
    ]
    lexicon = parse_lexicon(resources.text("data/lexicon/faults.toml"))
    reader = build_reader({"WeChat": ["微信", "weixin", "公众号"]}, lexicon)
    return PipelinePlan(reader, parse_facets(*words), frozenset({"WeChat"}), discover_authors=None)


def incidents_with(extra: pd.DataFrame) -> list[Incident]:
    what = quiet()
    rows = pd.concat([simulate(what), extra]).sort_values("time", kind="stable")
    return list(replay(Posts(rows, what.start, what.end), plan()).incidents.values())


def during_surge(incidents: list[Incident]) -> list[Incident]:
    hours = timedelta(hours=3)
    return [i for i in incidents if SURGE - hours < i.onset.at < SURGE + hours]


def said(n: int, authors: int, texts: list[str]) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    return pd.DataFrame(
        {
            "time": SURGE + pd.to_timedelta(np.sort(rng.integers(0, 3600, n)), unit="s"),
            "id": [f"extra-{i}" for i in range(n)],
            "author": [f"x{i}" for i in rng.integers(0, authors, n)],
            "text": [texts[i] for i in rng.integers(0, len(texts), n)],
        }
    )


def test_ten_thousand_posts_by_five_accounts_page_nobody() -> None:
    assert during_surge(incidents_with(said(10_000, 5, SAYINGS))) == []


def test_the_same_volume_by_three_hundred_people_pages() -> None:
    (found,) = during_surge(incidents_with(said(10_000, 300, SAYINGS)))
    assert found.onset.earliest <= SURGE <= found.onset.latest
    assert found.noticed_at - SURGE < timedelta(minutes=15)


def test_a_press_wave_pages_nobody_before_people_complain() -> None:
    headlines = [f"【快讯】微信崩了 {text} http://t.cn/a{i}" for i, text in enumerate(SAYINGS)]
    assert during_surge(incidents_with(said(300, 200, headlines))) == []


def test_a_retweet_storm_pages_nobody() -> None:
    storm = ["转 //@某某聊天: 微信崩了！大家快换成某某聊天，稳定不掉线，还可以领取红包，点击下载"]
    assert during_surge(incidents_with(said(2_000, 1_500, storm))) == []


def test_a_text_that_accounts_copy_pages_nobody() -> None:
    advert = ["微信崩了！大家快换成某某聊天，稳定不掉线，还可以领取红包，点击下载最新版本"]
    assert during_surge(incidents_with(said(2_000, 1_500, advert))) == []


@pytest.mark.parametrize("people", [60, 150])
def test_a_few_dozen_people_in_their_own_words_page(people: int) -> None:
    assert len(during_surge(incidents_with(said(people, 10 * people, SAYINGS)))) == 1
