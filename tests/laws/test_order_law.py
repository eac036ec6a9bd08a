"""The law of the last word: after an end nothing says otherwise, whatever happened around it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from detector.model.alert import AlertKind
from detector.model.decision import Decision
from detector.model.incident import Severity
from detector.model.matcher import parse_matcher
from detector.model.silence import Acknowledgement, Silence
from detector.notify.mute_times import MuteTimeInterval
from detector.notify.policy import Inhibition, NotificationPolicy, ReceiverPolicy, Route
from detector.pipeline.incident_updates import SurgeChange
from detector.pipeline.plan import PipelinePlan
from detector.store.sql_store import open_store
from tests.fakes.outages import NOON
from tests.laws.lives import Life
from tests.pipeline.plans import lexicon_plan
from tests.pipeline.saying import MINUTE, closed, opened, revised

SERVICES = ("WeChat", "QQ")


@cache
def the_plan() -> PipelinePlan:
    return replace(lexicon_plan(), providers={"Tencent": SERVICES})


@cache
def empty_store() -> Path:
    """A store whose tables are made: to copy it is quicker than to make them."""
    path = Path(tempfile.mkdtemp()) / "empty.sqlite"
    open_store(path).close()
    return path


def policy(*, reminders: bool, siesta: bool, inhibits: bool) -> NotificationPolicy:
    names = ("siesta",) if siesta else ()
    zone = ZoneInfo("UTC")
    rule = Inhibition((parse_matcher("service=WeChat"),), (parse_matcher("service=QQ"),))
    return NotificationPolicy(
        [ReceiverPolicy("am", Severity.MINOR, names), ReceiverPolicy("pager", Severity.MAJOR)],
        [Route(receivers=("am", "pager"), reminder_every=20 * MINUTE if reminders else None)],
        {"siesta": MuteTimeInterval("siesta", frozenset(range(7)), time(12, 30), time(13), zone)},
        [rule] if inhibits else [],
    )


@dataclass(frozen=True)
class Surging:
    """One surge: minutes from the end of the one before, how long it lasts, how large it grows."""

    wait: int
    lasts: int
    grows: tuple[int, ...]


SURGES = st.lists(
    st.builds(
        Surging,
        wait=st.sampled_from([1, 12, 40, 70]),
        lasts=st.sampled_from([3, 15, 45]),
        grows=st.lists(st.sampled_from([40, 400, 4000]), max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=3,
)


def changes(service: str, surges: Sequence[Surging], source: str) -> list[SurgeChange]:
    """The changes of a service's surges, one after the other."""
    found, begins = [], 0
    for surge in surges:
        begins += surge.wait
        made = [opened(begins, source=source)]
        for minute, excess in enumerate(surge.grows, start=1):
            made.append(revised(begins, begins + minute, excess=float(excess), source=source))
        made.append(closed(begins, begins + surge.lasts, source=source))
        found += [change._replace(key=change.key._replace(service=service)) for change in made]
        begins += surge.lasts
    return found


RUNS = st.lists(
    st.tuples(
        st.integers(1, 10),
        st.sampled_from(["", "", "", "dies", "restart", "silence", "expire", "ack", "withdraw"]),
        st.sampled_from(["takes", "takes", "takes", "away", "refuses", "crashes", "letters"]),
        st.sampled_from(["takes", "takes", "takes", "away", "refuses", "crashes", "letters"]),
    ),
    min_size=10,
    max_size=40,
)


def does(life: Life, event: str, number: int) -> None:
    """Let people say something, or the detector start anew."""
    if event == "restart":
        life.restart()
    elif event == "silence":
        who = (parse_matcher(f"service={SERVICES[number % 2]}"),)
        span = (life.wall, life.wall + (number % 4 + 1) * 10 * MINUTE)
        life.silences[f"s{number}"] = Silence(f"s{number}", who, *span, "ana", "")
    elif event == "expire":
        life.silences.clear()
    elif event == "ack":
        for incident in life.latest():
            said = Acknowledgement(incident.id, life.wall, incident.severity, "bo")
            life.acknowledged[incident.id] = said
    elif event == "withdraw":
        life.acknowledged.clear()


@settings(
    max_examples=30,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    wechat=SURGES,
    qq=SURGES,
    lags=st.tuples(st.sampled_from([0, 4, 17]), st.sampled_from([0, 9])),
    offset=st.sampled_from([timedelta(0), 3 * MINUTE, timedelta(hours=5)]),
    how=st.builds(policy, reminders=st.booleans(), siesta=st.booleans(), inhibits=st.booleans()),
    runs=RUNS,
)
def test_an_end_is_the_last_word(
    wechat: list[Surging],
    qq: list[Surging],
    lags: tuple[int, int],
    offset: timedelta,
    how: NotificationPolicy,
    runs: list[tuple[int, str, str, str]],
) -> None:
    known = [(c.at + lags[0] * MINUTE, c) for c in changes("WeChat", wechat, "weibo")]
    known += [(c.at + lags[1] * MINUTE, c) for c in changes("WeChat", wechat[:1], "x")]
    known += [(c.at + lags[1] * MINUTE, c) for c in changes("QQ", qq, "weibo")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        shutil.copy(empty_store(), path)
        life = Life(path, the_plan(), how, known, NOON, offset)
        try:
            lived(life, runs)
        finally:
            life.store.close()


def lived(life: Life, runs: Sequence[tuple[int, str, str, str]]) -> None:
    """Take all the runs, then quiet ones until everything is said, and try the law after each."""
    for number, (wait, event, *moods) in enumerate(runs):
        does(life, event, number)
        for receiver, mood in zip(life.receivers.values(), moods, strict=True):
            if mood == "letters":
                life.retry_dead_letters()
            receiver.mood = "takes" if mood == "letters" else mood
        life.run(wait * MINUTE, dies=event == "dies")
        if event != "dies":
            life.check()
    for receiver in life.receivers.values():
        receiver.mood = "takes"
    life.silences.clear()
    for _ in range(14):
        life.run(30 * MINUTE)
        life.check()
    assert life.am.world.firing(life.wall) == set(), "everything is over by now"


#: What ends a process before it has noted what it sent is another matter than a restart.
QUIET = {"dies": "", "restart": "", "crashes": "takes"}


@dataclass(frozen=True)
class OnRecord:
    """What the store has of every incident: decisions, and the keys of messages, in order."""

    decisions: dict[str, tuple[Decision, ...]]
    messages: dict[str, list[tuple[str, str]]]


def recorded(life: Life) -> OnRecord:
    ids = [incident.id for incident in life.store.incidents()]
    return OnRecord(
        {one: life.store.decisions(one) for one in ids},
        {
            one: [(d.receiver, d.alert.key) for d in life.store.deliveries(incident_id=one)]
            for one in ids
        },
    )


@settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    wechat=SURGES,
    qq=SURGES,
    lags=st.tuples(st.sampled_from([0, 4, 17]), st.sampled_from([0, 9])),
    offset=st.sampled_from([timedelta(0), timedelta(hours=5)]),
    how=st.builds(policy, reminders=st.booleans(), siesta=st.booleans(), inhibits=st.booleans()),
    runs=RUNS,
)
def test_what_is_recorded_is_the_same_with_and_without_restarts(
    wechat: list[Surging],
    qq: list[Surging],
    lags: tuple[int, int],
    offset: timedelta,
    how: NotificationPolicy,
    runs: list[tuple[int, str, str, str]],
) -> None:
    quiet = [(wait, *(QUIET.get(what, what) for what in happens)) for wait, *happens in runs]
    known = [(c.at + lags[0] * MINUTE, c) for c in changes("WeChat", wechat, "weibo")]
    known += [(c.at + lags[1] * MINUTE, c) for c in changes("QQ", qq, "weibo")]
    steady = lived_on_record(quiet, known, how, offset, restarts=False)
    assert lived_on_record(quiet, known, how, offset, restarts=True) == steady


def lived_on_record(
    runs: Sequence[tuple[int, str, str, str]],
    known: Sequence[tuple[datetime, SurgeChange]],
    how: NotificationPolicy,
    offset: timedelta,
    *,
    restarts: bool,
) -> list[OnRecord]:
    """Return what is on record after each run; what was, stays, and what is new follows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        shutil.copy(empty_store(), path)
        life = Life(path, the_plan(), how, known, NOON, offset)
        found = []
        try:
            for number, (wait, event, *moods) in enumerate([*runs, *LATER]):
                does(life, event, number)
                for receiver, mood in zip(life.receivers.values(), moods, strict=True):
                    if mood == "letters":
                        life.retry_dead_letters()
                    receiver.mood = "takes" if mood == "letters" else mood
                if restarts:
                    life.restart()
                life.run(wait * MINUTE)
                found.append(recorded(life))
        finally:
            life.store.close()
    for before, after in pairwise(found):
        for one, decisions in before.decisions.items():
            assert after.decisions[one][: len(decisions)] == decisions
    return found


#: Quiet runs, until everything is said.
LATER = [(30, "expire", "takes", "takes"), *[(30, "", "takes", "takes")] * 6]


def late_escalation(folder: Path, *, restarts: bool) -> tuple[Decision, ...]:
    """It becomes worse, which is known late: after one silence has followed the other."""
    script = [opened(0), revised(0, 8, excess=4000.0)]
    arrivals = [(c.at + 15 * MINUTE, c) for c in script]
    how = policy(reminders=False, siesta=False, inhibits=False)
    path = folder / f"restarts-{restarts}.sqlite"
    life = Life(path, the_plan(), how, arrivals, NOON, timedelta(0))
    who = (parse_matcher("service=WeChat"),)
    for minute in range(1, 40):
        if (author := {1: "ana", 20: "bo", 23: "chen"}.get(minute)) is not None:
            span = (NOON, NOON + timedelta(hours=9))
            life.silences = {author: Silence(author, who, *span, author, "")}
        if restarts:
            life.restart()
        life.run(MINUTE)
    (incident,) = life.latest()
    found = tuple(d for d in life.store.decisions(incident.id) if d.receiver == "am")
    life.store.close()
    return found


def test_what_was_known_late_was_decided_last(tmp_path: Path) -> None:
    found = late_escalation(tmp_path, restarts=False)
    assert [d.params["author"] for d in found] == ["ana", "bo", "chen"]
    assert [d.at - NOON for d in found] == [m * MINUTE for m in (0, 20, 8)]
    assert late_escalation(tmp_path, restarts=True) == found


def late_beginning(folder: Path, offset: timedelta) -> Life:
    """A silence keeps the beginning back till after the end was decided, both known late."""
    script = [opened(0), closed(0, 10)]
    arrivals = [(c.at + 15 * MINUTE, c) for c in script]
    life = Life(
        folder / "store.sqlite",
        the_plan(),
        policy(reminders=False, siesta=False, inhibits=False),
        arrivals,
        NOON,
        offset,
    )
    who, until = (parse_matcher("service=WeChat"),), NOON + 28 * MINUTE + offset
    life.silences["s"] = Silence("s", who, NOON + offset, until, "ana", "deploy")
    return life


def test_what_a_silence_kept_back_does_not_outlive_the_end_that_was_decided_before_it(
    tmp_path: Path,
) -> None:
    life = late_beginning(tmp_path, timedelta(hours=5))
    for _ in range(60):
        life.run(MINUTE)
        life.check()
    kinds = [alert.kind for alert in life.am.seen.sent]
    assert kinds == [AlertKind.OPENED, AlertKind.RESOLVED]
    assert life.am.world.firing(life.wall) == set()
    opened_late, end = life.am.seen.sent
    assert opened_late.at > end.at, "or this would try nothing"
    life.store.close()
