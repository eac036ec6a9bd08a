"""Who is told about sources: quiet hours, what is owed after them, and restarts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from detector.alerting.audience import Audience, Habits
from detector.alerting.routing import Receiver
from detector.alerting.windows import Window
from detector.domain.feed import FeedAlert, FeedHealth, FeedState
from detector.domain.incident import Severity
from detector.domain.matcher import Matcher, parse_matcher
from detector.engine.feed_notices import HeardOfFeeds, heard_of_feeds, notify_of_feeds
from detector.engine.health import Health
from detector.engine.memory import Watched
from detector.ports import CycleRecord
from tests.fakes.outages import NOON
from tests.fakes.store import FakeStore

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ALIVE, SILENT, DEAD = FeedState.ALIVE, FeedState.SILENT, FeedState.DEAD


def audience(*matchers: Matcher) -> Audience:
    """One receiver that wants quiet from 13 to 16 o'clock, and one that never does."""
    quiet = Window("siesta", frozenset(range(7)), time(13), time(16), ZoneInfo("UTC"), matchers)
    receivers = [Receiver("ops", Severity.MINOR, ("siesta",)), Receiver("log", Severity.MINOR)]
    habits = Habits(max_age=2 * HOUR)
    return Audience(receivers, windows={"siesta": quiet}, habits=habits)


@dataclass
class Living:
    """Turns, and what was sent in them; a new start forgets all but the store."""

    audience: Audience
    restarts: bool
    store: FakeStore = field(default_factory=FakeStore)
    heard: HeardOfFeeds = field(default_factory=dict)
    sent: list[tuple[str, str, float]] = field(default_factory=list)

    def turn(self, now: datetime, fresh: Sequence[FeedAlert], health: Health) -> None:
        if self.restarts:
            self.heard = heard_of_feeds(self.store, ["hn"], ["ops", "log"])
        deliveries, self.heard = notify_of_feeds(
            fresh,
            {"hn": Watched("hn", health)},
            self.heard,
            ["ops", "log"],
            self.audience,
            now=now,
            wall=now,
        )
        self.store.commit(CycleRecord(deliveries=deliveries))
        self.sent += [
            (d.receiver, d.alert.key.partition("/")[2], (now - NOON) / HOUR) for d in deliveries
        ]


def told(
    *states: tuple[float, FeedState],
    until: float = 6,
    restarts: bool = False,
    by: Audience | None = None,
) -> list[tuple[str, str, float]]:
    """Return what ops was sent in the hours after noon, where the source changed as given."""
    living = Living(by or audience(), restarts)
    changes = {NOON + hour * HOUR: state for hour, state in states}
    feed = FeedHealth("hn", ALIVE, NOON, "it is observed")
    health, now = Health(feed, NOON), NOON
    while now < NOON + until * HOUR:
        fresh: list[FeedAlert] = []
        if state := changes.get(now):
            health = replace(
                health,
                feed=replace(feed, state=state, since=now, looked_at=now),
                told=health.told + 1,
                told_at=now,
            )
            fresh = [FeedAlert(now, replace(health.feed, looked_at=None), health.told)]
        living.turn(now, fresh, health)
        now += 30 * MINUTE
    assert [at for name, _, at in living.sent if name == "log"] == [hour for hour, _ in states]
    return [(what, at) for name, what, at in living.sent if name == "ops"]


@pytest.mark.parametrize("restarts", [False, True], ids=["running through", "restarted"])
@pytest.mark.parametrize(
    ("states", "sent"),
    [
        pytest.param(
            [(0.5, DEAD), (5, ALIVE)], [("hn/1-dead", 0.5), ("hn/2-alive", 5)], id="at other times"
        ),
        pytest.param([(1, DEAD)], [("hn/1-dead", 4)], id="still dead after them"),
        pytest.param([(1.5, DEAD), (3.5, ALIVE)], [], id="dead and alive again in them"),
        pytest.param(
            [(0.5, DEAD), (1.5, ALIVE)],
            [("hn/1-dead", 0.5), ("hn/2-alive", 4)],
            id="alive in them, after it was told dead",
        ),
        pytest.param(
            [(0.5, DEAD), (1.5, ALIVE), (2, DEAD)],
            [("hn/1-dead", 0.5)],
            id="dead before, alive in between, dead again",
        ),
        pytest.param(
            [(1, SILENT), (2, DEAD), (5, ALIVE)],
            [("hn/2-dead", 4), ("hn/3-alive", 5)],
            id="worse in them",
        ),
        pytest.param([(3.5, DEAD), (4, ALIVE)], [], id="alive again as they end"),
    ],
)
def test_quiet_hours_from_one_to_four(
    states: list[tuple[float, FeedState]], sent: list[tuple[str, float]], *, restarts: bool
) -> None:
    assert told(*states, restarts=restarts) == sent


def test_a_window_about_some_incidents_is_not_about_sources() -> None:
    some = audience(parse_matcher("severity=minor"))
    assert told((1.5, DEAD), by=some) == [("hn/1-dead", 1.5)]


def test_what_changed_too_long_ago_is_not_told() -> None:
    living = Living(audience(), restarts=False)
    feed = FeedHealth("hn", DEAD, NOON - 5 * HOUR, "it was last observed")
    stale = Health(feed, NOON - 9 * HOUR, told=1, told_at=NOON - 4 * HOUR)
    living.turn(NOON, [FeedAlert(NOON - 4 * HOUR, feed, 1)], stale)
    assert living.sent == []
