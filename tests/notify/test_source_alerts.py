"""Who is told about sources: quiet hours, what is owed after them, and restarts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from detector.model.health import SourceAlert, SourceHealth, SourceReason, SourceState
from detector.model.incident import Severity
from detector.model.matcher import Matcher, parse_matcher
from detector.notify.mute_times import MuteTimeInterval
from detector.notify.policy import NotificationPolicy, NotificationTiming, ReceiverPolicy
from detector.notify.source_alerts import (
    KnownSourceStates,
    decide_source_alerts,
    known_source_states,
)
from detector.pipeline.health_rules import Health
from detector.pipeline.run import standing_alerts
from detector.pipeline.state import WatchedSource
from detector.store.base import RunRecord
from tests.fakes.outages import NOON
from tests.fakes.store import FakeStore

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ALIVE, SILENT, DEAD = SourceState.UP, SourceState.DEGRADED, SourceState.DOWN


def policy(*matchers: Matcher) -> NotificationPolicy:
    """One receiver that wants quiet from 13 to 16 o'clock, and one that never does."""
    quiet = MuteTimeInterval(
        "siesta", frozenset(range(7)), time(13), time(16), ZoneInfo("UTC"), matchers
    )
    receivers = [
        ReceiverPolicy("ops", Severity.MINOR, ("siesta",)),
        ReceiverPolicy("log", Severity.MINOR),
    ]
    timing = NotificationTiming(max_age=2 * HOUR)
    return NotificationPolicy(receivers, mute_time_intervals={"siesta": quiet}, timing=timing)


@dataclass
class Living:
    """Turns, and what was sent in them; a new start forgets all but the store."""

    policy: NotificationPolicy
    restarts: bool
    store: FakeStore = field(default_factory=FakeStore)
    known: KnownSourceStates = field(default_factory=dict)
    sent: list[tuple[str, str, float]] = field(default_factory=list)

    def turn(self, now: datetime, fresh: Sequence[SourceAlert], health: Health) -> None:
        if self.restarts:
            self.known = known_source_states(self.store, ["hn"], ["ops", "log"])
        deliveries, self.known = decide_source_alerts(
            [*fresh, *standing_alerts({"hn": WatchedSource("hn", health)})],
            self.known,
            ["ops", "log"],
            self.policy,
            now=now,
            wall=now,
        )
        self.store.commit(RunRecord(deliveries=deliveries))
        self.sent += [
            (d.receiver, d.alert.key.partition("/")[2], (now - NOON) / HOUR) for d in deliveries
        ]


def told(
    *states: tuple[float, SourceState],
    until: float = 6,
    restarts: bool = False,
    by: NotificationPolicy | None = None,
) -> list[tuple[str, str, float]]:
    """Return what ops was sent in the hours after noon, where the source changed as given."""
    living = Living(by or policy(), restarts)
    changes = {NOON + hour * HOUR: state for hour, state in states}
    feed = SourceHealth("hn", ALIVE, NOON, SourceReason.OBSERVED)
    health, now = Health(feed, NOON), NOON
    while now < NOON + until * HOUR:
        fresh: list[SourceAlert] = []
        if state := changes.get(now):
            health = replace(
                health,
                feed=replace(feed, state=state, since=now, polled_at=now),
                told=health.told + 1,
                told_at=now,
            )
            fresh = [SourceAlert(now, replace(health.feed, polled_at=None), health.told)]
        living.turn(now, fresh, health)
        now += 30 * MINUTE
    assert [at for name, _, at in living.sent if name == "log"] == [hour for hour, _ in states]
    return [(what, at) for name, what, at in living.sent if name == "ops"]


@pytest.mark.parametrize("restarts", [False, True], ids=["running through", "restarted"])
@pytest.mark.parametrize(
    ("states", "sent"),
    [
        pytest.param(
            [(0.5, DEAD), (5, ALIVE)], [("hn/1-down", 0.5), ("hn/2-up", 5)], id="at other times"
        ),
        pytest.param([(1, DEAD)], [("hn/1-down", 4)], id="still dead after them"),
        pytest.param([(1.5, DEAD), (3.5, ALIVE)], [], id="dead and alive again in them"),
        pytest.param(
            [(0.5, DEAD), (1.5, ALIVE)],
            [("hn/1-down", 0.5), ("hn/2-up", 4)],
            id="alive in them, after it was told dead",
        ),
        pytest.param(
            [(0.5, DEAD), (1.5, ALIVE), (2, DEAD)],
            [("hn/1-down", 0.5)],
            id="dead before, alive in between, dead again",
        ),
        pytest.param(
            [(1, SILENT), (2, DEAD), (5, ALIVE)],
            [("hn/2-down", 4), ("hn/3-up", 5)],
            id="worse in them",
        ),
        pytest.param([(3.5, DEAD), (4, ALIVE)], [], id="alive again as they end"),
    ],
)
def test_quiet_hours_from_one_to_four(
    states: list[tuple[float, SourceState]], sent: list[tuple[str, float]], *, restarts: bool
) -> None:
    assert told(*states, restarts=restarts) == sent


def test_a_window_about_some_incidents_is_not_about_sources() -> None:
    some = policy(parse_matcher("severity=minor"))
    assert told((1.5, DEAD), by=some) == [("hn/1-down", 1.5)]


def test_what_changed_too_long_ago_is_not_told() -> None:
    living = Living(policy(), restarts=False)
    feed = SourceHealth("hn", DEAD, NOON - 5 * HOUR, SourceReason.LAST_OBSERVED)
    stale = Health(feed, NOON - 9 * HOUR, told=1, told_at=NOON - 4 * HOUR)
    living.turn(NOON, [SourceAlert(NOON - 4 * HOUR, feed, 1)], stale)
    assert living.sent == []
