"""Small histories that the laws are tried on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from detector.config import parse_settings
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.setup import build_plan
from detector.sources.base import Poll

START = datetime(2025, 3, 3, tzinfo=UTC)
WIDTH = timedelta(minutes=5)
PER_DAY = 288

PLAN_TOML = """
[posts]
allowed_lateness = "0s"
[services.WeChat]
aliases = ["微信"]
time_zone = "Asia/Shanghai"
"""


def plan() -> PipelinePlan:
    return build_plan(parse_settings(PLAN_TOML, path="stories"))


def counts(
    days: int = 12, *, seed: int = 7, services: tuple[str, ...] = ("WeChat", "QQ")
) -> pd.DataFrame:
    """Daily rhythm, Poisson noise, and one outage per service on each of the last three days."""
    rng = np.random.default_rng(seed)
    frames = []
    for which, service in enumerate(services):
        bins = np.arange(days * PER_DAY)
        rate = 12 * (1.2 + np.sin(2 * np.pi * bins / PER_DAY))
        for day in range(days - 3, days):
            first = day * PER_DAY + 60 + 40 * which
            rate[first : first + 18] *= 6
        frames.append(
            pd.DataFrame(
                {
                    "time": pd.date_range(START, periods=len(bins), freq=WIDTH),
                    "service": service,
                    "count": rng.poisson(rate).astype(float),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


class Table:
    """A source that brings the rows of a counts table when their bins have ended."""

    name = "table"

    def __init__(self, rows: pd.DataFrame) -> None:
        self.rows = rows.sort_values("time", kind="stable")

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        since = datetime.fromisoformat(cursor) if cursor else START
        until = min(until, self.end)
        new = self.rows[(self.rows["time"] >= since - WIDTH) & (self.rows["time"] < until - WIDTH)]
        done = until >= self.end
        return Poll(until.isoformat(), counts=new, width=WIDTH, exhausted=done)

    @property
    def end(self) -> datetime:
        return self.rows["time"].max().to_pydatetime() + 2 * WIDTH
