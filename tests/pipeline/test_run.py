"""Turns with routes, reminders and quiet hours: a restart changes nothing of what is told."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from detector.errors import SourceError
from detector.model.decision import Decision, Reason
from detector.model.incident import Severity
from detector.model.matcher import parse_matcher
from detector.model.silence import Silence
from detector.notify.mute import Mutes
from detector.notify.mute_times import MuteTimeInterval
from detector.notify.policy import NotificationPolicy, NotificationTiming, ReceiverPolicy, Route
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.run import Notified, run_once
from detector.pipeline.saved_state import load
from detector.pipeline.state import PipelineState
from detector.sources.base import Poll
from tests.fakes.store import FakeStore
from tests.laws.stories import START, Table, counts
from tests.pipeline.plans import lexicon_plan

HOUR = timedelta(hours=1)
QUIET = MuteTimeInterval("mornings", frozenset(range(7)), time(5), time(5, 30), ZoneInfo("UTC"))
AUDIENCE = NotificationPolicy(
    receivers=[
        ReceiverPolicy("ops", Severity.MINOR, ("mornings",)),
        ReceiverPolicy("log", Severity.MINOR),
    ],
    routes=[
        Route((parse_matcher("service=WeChat"),), ("ops", "log"), reminder_every=HOUR),
        Route(receivers=("log",)),
    ],
    mute_time_intervals={"mornings": QUIET},
    timing=NotificationTiming(max_age=timedelta(days=3650)),
)


@pytest.fixture(scope="module")
def the_plan() -> PipelinePlan:
    return lexicon_plan()


def lived(
    plan: PipelinePlan,
    *,
    restart: bool,
    mutes: Mutes = Mutes(),  # noqa: B008 - frozen
) -> tuple[list[tuple[str, str]], list[Decision]]:
    """Return what was sent, and every decision, after turns of which the last days are short."""
    table, store, state = Table(counts()), FakeStore(), PipelineState()
    notified: Notified | None = None
    now = START
    while now < table.end:
        now += HOUR * 6 if table.end - now > timedelta(days=2) else HOUR / 2
        turn = run_once(
            state,
            [table],
            store,
            plan,
            AUDIENCE,
            now=now,
            wall=now,
            mutes=mutes,
            notified=notified,
        )
        state, notified = turn.result.state, turn.notified
        if restart:
            state, notified = load(store.state()), None
    sent = [(d.receiver, d.alert.key) for d in store.deliveries()]
    return sent, [d for i in store.incidents() for d in store.decisions(i.id)]


def test_a_restart_after_every_turn_changes_nothing(the_plan: PipelinePlan) -> None:
    through, again = lived(the_plan, restart=False), lived(the_plan, restart=True)
    assert again == through
    sent, decisions = through
    assert any("-reminder#" in key for _, key in sent)
    assert {receiver for receiver, _ in sent} == {"ops", "log"}
    assert {d.receiver for d in decisions} == {"", "ops", "log"}
    assert all("WeChat".casefold() in key for name, key in sent if name == "ops")


def test_what_is_silenced_is_on_record_and_not_sent(the_plan: PipelinePlan) -> None:
    silence = Silence(
        "s", (parse_matcher("service=WeChat"),), START, START + 999 * 24 * HOUR, "ana", "moving"
    )
    sent, decisions = lived(the_plan, restart=False, mutes=Mutes((silence,)))
    assert not [key for _, key in sent if key.startswith("wechat")]
    quiet = [d for d in decisions if d.reason is Reason.SILENCED and d.params["author"] == "ana"]
    assert {d.receiver for d in quiet} == {"ops", "log"}


@pytest.mark.parametrize("restart", [False, True], ids=["running through", "restarted"])
def test_an_end_in_a_silence_is_told_after_it_though_the_service_fails_anew(
    the_plan: PipelinePlan, *, restart: bool
) -> None:
    failed, again = START + timedelta(days=10, hours=5), START + timedelta(days=11, hours=5)
    silence = Silence(
        "s",
        (parse_matcher("service=WeChat"),),
        failed + 1.1 * HOUR,
        again + 8 * HOUR,
        "ana",
        "moving",
    )
    sent, _ = lived(the_plan, restart=restart, mutes=Mutes((silence,)))
    first = f"wechat-{failed:%Y%m%d}"
    for receiver in ("ops", "log"):
        keys = [key for name, key in sent if name == receiver and key.startswith(first)]
        assert "opened" in keys[0]
        assert "resolved" in keys[-1]


class Broken:
    """A source that answered once and fails ever since."""

    name = "hn"

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        if cursor is not None:
            raise SourceError("hn: 503")
        return Poll("once", observed=((until - HOUR, until),))


@pytest.mark.parametrize("restart", [False, True], ids=["running through", "restarted"])
def test_a_source_that_dies_in_quiet_hours_is_told_of_after_them(
    the_plan: PipelinePlan, *, restart: bool
) -> None:
    store, state, midnight = FakeStore(), PipelineState(), START.replace(hour=0)
    notified: Notified | None = None
    for now in (midnight + timedelta(hours=4, minutes=m) for m in range(50, 110, 5)):
        turn = run_once(
            state,
            [Broken()],
            store,
            the_plan,
            AUDIENCE,
            now=now,
            wall=now,
            source_receivers=["ops", "log"],
            notified=notified,
        )
        state, notified = turn.result.state, turn.notified
        if restart:
            state, notified = load(store.state()), None
    assert {(d.receiver, d.alert.key, d.due_at - midnight) for d in store.deliveries()} == {
        ("log", "feed/hn/1-down", HOUR * 5 + timedelta(minutes=5)),
        ("ops", "feed/hn/1-down", HOUR * 5.5),
    }
