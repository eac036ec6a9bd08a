"""A store to look at: the scenario of 2013 through the real pipeline, beside ordinary services.

The other services are drawn at random from a seed; one of them fails and recovers the day before.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd

from detector.config import parse_settings
from detector.config.settings import Settings
from detector.demo.reconstruction import RhythmShape
from detector.demo.simulate import minutes_between, rhythm_factor
from detector.model.matcher import Matcher
from detector.model.silence import Silence
from detector.model.times import iso
from detector.pipeline import runner
from detector.sources.scenario import bundled_scenario
from detector.store.controls import open_controls
from detector.store.inbox import open_inbox
from detector.store.queries import open_viewer
from detector.web.backend import Backend

SCENARIO = "wechat-2013-07-22"
ZONE = "Asia/Shanghai"
#: While it fails, at breakfast: what an on-call engineer sees; and the evening after.
DURING = datetime.fromisoformat("2013-07-22T09:40:00+08:00")
AFTER = datetime.fromisoformat("2013-07-22T18:00:00+08:00")
SERVICES = {"Alipay": 0.8, "Didi": 0.25, "QQ": 2.2, "Taobao": 1.1, "Weibo": 3.0, "Youku": 0.5}
_RHYTHM = RhythmShape(
    weekday=(*(0.4, 0.25, 0.2, 0.15, 0.15, 0.25, 0.5, 0.8), *(1.0,) * 10, *(1.4,) * 5, 0.8),
    weekend=(*(0.5, 0.3, 0.2, 0.15, 0.15, 0.2, 0.3, 0.6), *(1.1,) * 10, *(1.4,) * 5, 0.9),
)
_SETTINGS = """
[store]
location = "store.sqlite"
[detection]
time_zone = "Asia/Shanghai"
[delivery]
max_alert_age = "7d"
[services.WeChat]
aliases = ["微信"]
[services.Alipay]
[services.Didi]
[services.QQ]
[services.Taobao]
[services.Weibo]
[services.Youku]
[[sources]]
type = "scenario"
name = "weibo"
scenario = "wechat-2013-07-22"
[[sources]]
type = "files"
name = "tickets"
path = "tickets.csv"
[[receivers]]
type = "jsonlines"
name = "on-call"
path = "alerts.jsonl"
"""


class SteppingClock:
    """A clock that takes one step per reading: long ones at first, short ones at the end."""

    def __init__(self, start: datetime, end: datetime, *, fine: timedelta, step: timedelta) -> None:
        self._times = _steps(start, end, fine, step)
        self._now, self._end = start, end

    def now(self) -> datetime:
        self._now = next(self._times, self._end)
        return self._now

    def seen(self) -> datetime:
        """Tell the time of the last reading."""
        return self._now

    @property
    def finished(self) -> bool:
        return self._now >= self._end


def fill(folder: Path, until: datetime) -> Backend:
    """Run the pipeline up to ``until`` (in its data's time) and return the backend over it."""
    _write_tickets(folder / "tickets.csv", until)
    settings = parse_settings(_SETTINGS, path=folder / "config.toml")
    start = bundled_scenario(SCENARIO).start
    fine = timedelta(hours=6)
    with closing(runner.build(settings, base=folder, console=io.StringIO())) as running:
        clock = SteppingClock(start, until, fine=fine, step=timedelta(minutes=5))
        running.clock = clock
        # What was sent is shown with the wall's time, which is that of 2013 here.
        with patch("detector.pipeline.runner.wall_now", clock.seen):
            while running.run():
                pass
    return backend(folder, settings, until)


def backend(folder: Path, settings: Settings, now: datetime) -> Backend:
    """Return the backend over the store in ``folder``, at ``now``."""
    path = folder / settings.store.location
    controls = open_controls(path)
    controls.silence(
        Silence(
            "youku-works",
            (Matcher("service", "Youku"),),
            now - timedelta(hours=1),
            now + timedelta(hours=3),
            "Li Na",
            "announced works",
        )
    )
    return Backend(
        store=open_viewer(path),
        controls=controls,
        inbox=open_inbox(path),
        settings=settings,
        now=lambda: now,
        wall=lambda: now,
        session_key=b"the key of a show",
    )


def at(shown: Backend, now: datetime) -> Backend:
    """Return the same backend at another time."""
    return replace(shown, now=lambda: now, wall=lambda: now)


def _steps(start: datetime, end: datetime, fine: timedelta, step: timedelta) -> Iterator[datetime]:
    now = start
    while now < end:
        left = end - fine - now
        now = min(now + max(min(left, timedelta(days=2)), step), end)
        yield now


def _write_tickets(path: Path, until: datetime) -> None:
    start = bundled_scenario(SCENARIO).start
    minutes = minutes_between(start, until)[::5]
    factor = rhythm_factor(minutes, ZONE, _RHYTHM)
    rng = np.random.default_rng(20130722)
    frames = []
    for name, rate in SERVICES.items():
        rates = 5 * rate * factor
        if name == "Taobao":
            begins = pd.Timestamp("2013-07-21T20:10:00+08:00")
            inside = (minutes >= begins) & (minutes < begins + pd.Timedelta(minutes=95))
            rates = rates + np.where(inside, 30.0, 0.0)
        counts = rng.poisson(rates)
        frames.append(
            pd.DataFrame({"time": [iso(t) for t in minutes], "service": name, "count": counts})
        )
    table = pd.concat(frames).sort_values(["time", "service"])
    # The ticket system was away for a while: those bins have no rows.
    away = table["time"].between("2013-07-21T22:00:00Z", "2013-07-21T22:55:00Z")
    table[~away].to_csv(path, index=False)
