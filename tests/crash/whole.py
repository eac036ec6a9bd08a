"""What a child does until it is killed: the whole pipeline, turn by turn, from where it was."""

from __future__ import annotations

import logging
import sys
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from detector.config import parse_settings
from detector.notify.deliver import RetryPolicy
from detector.pipeline import runner
from detector.pipeline.replay import replay
from tests.laws.stories import START, Table, counts, plan

STEP = timedelta(minutes=50)
HASTY = RetryPolicy(first=timedelta(milliseconds=1), longest=timedelta(milliseconds=10))
CONFIG = """
[store]
location = "store.sqlite"
[delivery]
max_alert_age = "7d"
[[receivers]]
type = "webhook"
name = "hook"
url = "{url}"
[[receivers]]
type = "jsonlines"
name = "log"
path = "alerts.jsonl"
"""


class Steps:
    """A clock that moves on by one step per turn, from where the store says it stood."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self._now, self._end = start, end

    def now(self) -> datetime:
        self._now = min(self._now + STEP, self._end)
        return self._now

    @property
    def finished(self) -> bool:
        return self._now >= self._end


def live(folder: str, url: str) -> None:
    """Run turns until the history is over and everything is delivered."""
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)  # stdout is the nursery's
    structlog.configure(wrapper_class=quiet)
    table = Table(counts())
    settings = parse_settings(CONFIG.format(url=url), path="crash")
    running = runner.build(settings, base=Path(folder), console=sys.stderr)
    progress = running.state.progress.get(table.name)
    since = datetime.fromisoformat(progress.cursor) if progress and progress.cursor else START
    running = replace(
        running, plan=plan(), sources=(table,), clock=Steps(since, table.end), policy=HASTY
    )
    with closing(running):
        while running.run():
            pass


def warm_up() -> None:
    """Load the compiled kernels once."""
    replay(Table(counts(4)), plan())
