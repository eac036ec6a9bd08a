"""Stores of the third schema: sentences become codes, documents get the names of today."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from alembic import command

from detector.model.alert import AlertKind
from detector.model.decision import Decision, Reason
from detector.model.delivery import DeliveryStatus
from detector.model.details import AuthorKind
from detector.model.health import SourceAlert, SourceReason, SourceState
from detector.store.connections import open_engine, store_url
from detector.store.migrate import config
from detector.store.queries import open_viewer
from detector.store.sql_store import open_store
from detector.text.phrasing import phrasing
from tests.store.postgres import PostgresServer

ONE = "wechat-20220722T1200Z-abcd"
ROOT = "qq-20220722T1155Z-abcd"
NOON = 1_658_491_200_000_000
AT = datetime(2022, 7, 22, 12, tzinfo=UTC)
LIKELY = "35% of its complaints name QQ too"
MENTIONS = {"root": "QQ", "because": "mentions", "share": 0.35, "root_id": ROOT}
NOW_TOO = "now also login, payments; now also in Shanghai; seen at weibo too"
FACTS = {"components": ["login", "payments"], "regions": ["Shanghai"], "sources": ["weibo"]}
UNTIL = "2022-07-22T15:00:00Z"

#: Sentences as the third schema stored them, and what they mean.
SENTENCES: list[tuple[str, str, dict[str, Any]]] = [
    ("nobody was told of it yet", "opened", {}),
    (f"nobody was told of it yet: likely an echo of {ROOT}, for {LIKELY}", "opened", MENTIONS),
    ("it became more severe than was told", "escalated", {}),
    (f"it became more severe than was told: {NOW_TOO}", "escalated", FACTS),
    (f"something new is known: {NOW_TOO}", "updated", FACTS),
    ("it ended", "resolved", {}),
    ("it had ended and began again", "reopened", {}),
    (
        "something new is known, but the last message was too recent: seen at x too",
        "too_soon",
        {"sources": ["x"]},
    ),
    ("it ended and nobody had been told that it began", "never_notified", {}),
    ("the press reports, people do not complain", "press", {}),
    ("a handful of accounts writes it all", "few_accounts", {}),
    ("this receiver has not heard of it yet", "opened", {}),
    ("it goes on, and this receiver was not told before", "caught_up", {}),
    (
        f"it is more severe than the incident that it likely echoes ({ROOT}): {LIKELY}",
        "exceeds_root",
        MENTIONS,
    ),
    (
        (
            f"it goes on although the incident that it likely echoes is over ({ROOT}): "
            "3 services of Tencent Cloud began at about the same time"
        ),
        "outlasts_root",
        {"root_id": ROOT, "because": "provider", "provider": "Tencent Cloud", "count": 3},
    ),
    (
        (
            f"it is told as an echo of another incident ({ROOT}): "
            "4 services began at about the same time, beyond chance"
        ),
        "grouped",
        {"root_id": ROOT, "because": "together", "count": 4},
    ),
    ("other services likely echo it: likely echoes: QQ, X", "related", {"services": ["QQ", "X"]}),
    ("it still goes on, and this receiver wants to be reminded", "reminder", {}),
    ("it ended, and this receiver had not heard of it", "never_notified", {}),
    ("no route leads to this receiver", "not_routed", {}),
    ("it is less severe than this receiver asks for", "below_severity", {}),
    ("it was found too late to be of use", "too_old", {}),
    ("nobody has observed for long whether it goes on", "not_observed", {}),
    ("this receiver refused the message", "refused", {}),
    ("it flaps; its end is told once it stays ended", "flapping", {}),
    (
        f"silenced by ana until {UNTIL}: deploy: part 2",
        "silenced",
        {"author": "ana", "until": UNTIL, "comment": "deploy: part 2"},
    ),
    (
        f"silenced by somebody until {UNTIL}",
        "silenced",
        {"author": "", "until": UNTIL, "comment": ""},
    ),
    (f"muted while {ROOT} goes on", "inhibited", {"by": ROOT}),
    (f"quiet hours 'nights' until {UNTIL}", "mute_time", {"interval": "nights", "until": UNTIL}),
    ("bo has it in hand: on it", "acknowledged", {"author": "bo", "comment": "on it"}),
    ("bo has it in hand", "acknowledged", {"author": "bo", "comment": ""}),
    ("a plug-in had its own words", "recorded", {"text": "a plug-in had its own words"}),
    (
        "it is told as an echo of another incident",
        "recorded",
        {"text": "it is told as an echo of another incident"},
    ),
]
SOURCES: list[tuple[str, str, dict[str, Any]]] = [
    ("nothing is known yet", "unknown", {}),
    ("it is observed", "observed", {}),
    ("it is observed again", "recovered", {}),
    ("it was never observed", "never_observed", {}),
    ("it was never observed: HTTP 503", "never_observed", {"error": "HTTP 503"}),
    (f"it was last observed until {UNTIL}", "last_observed", {"until": UNTIL}),
    (
        f"it was last observed until {UNTIL}: a: b",
        "last_observed",
        {"until": UNTIL, "error": "a: b"},
    ),
    (
        "it answers, but brought 12 where 1,403 are usual",
        "low_volume",
        {"count": 12, "expected": 1403},
    ),
    ("the helpdesk is closed", "recorded", {"text": "the helpdesk is closed"}),
]
INCIDENT = {
    "id": ONE,
    "service": "WeChat",
    "sources": ["weibo"],
    "started_at": "2022-07-22T11:57:00Z",
    "started_at_earliest": "2022-07-22T11:56:00Z",
    "started_at_latest": "2022-07-22T11:58:00Z",
    "noticed_at": "2022-07-22T12:00:00Z",
    "ended_at": None,
    "resolved_at": None,
    "peak_at": "2022-07-22T11:59:00Z",
    "peak_count": 412.0,
    "expected_at_peak": 31.0,
    "excess": 1403.0,
    "severity": "major",
    "evidence": 88.0,
    "not_observed_since": None,
    "agreement": [],
}
OLD_ALERT = {
    "key": f"{ONE}/1-opened",
    "kind": "opened",
    "at": "2022-07-22T12:00:00Z",
    "sequence": 1,
    "incident": INCIDENT,
    "details": {
        "speakers": "brigade",
        "posts": 63,
        "voices": 57,
        "linked": 0.0,
        "newcomers": None,
        "facets": [],
        "samples": [],
        "words": [],
        "discovered": False,
        "trend": None,
    },
    "news": {"components": ["login"], "regions": [], "sources": [], "echoes": ["QQ"]},
    "attribution": {
        "origin": "QQ",
        "origin_id": ROOT,
        "because": "mentions",
        "share": 0.35,
        "provider": "",
        "together": 2,
    },
    "notice": 0,
}
OLD_REMINDER = OLD_ALERT | {
    "key": f"{ONE}/1-repeated#002",
    "kind": "repeated",
    "notice": 2,
    "news": None,
    "details": None,
}
OLD_FEED = {
    "source": "weibo",
    "state": "dead",
    "since": "2022-07-22T11:50:00Z",
    "reason": f"it was last observed until {UNTIL}: HTTP 503",
    "looked_at": "2022-07-22T12:00:00Z",
    "observed_until": None,
}
OLD_FEED_ALERT = {
    "key": "feed/weibo/1-dead",
    "kind": "feed",
    "at": "2022-07-22T12:00:00Z",
    "sequence": 1,
    "feed": OLD_FEED,
}


def old_store(url: str) -> None:
    """Make a store with the migrations up to the third, and rows as its version wrote them."""
    engine = open_engine(store_url(url), readonly=False)
    with engine.begin() as connection:
        command.upgrade(config(connection), "0003")
        for table, rows in old_rows():
            columns = sa.table(table, *map(sa.column, rows[0]))
            connection.execute(sa.insert(columns), rows)
    engine.dispose()


def old_rows() -> list[tuple[str, list[dict[str, Any]]]]:
    decisions = [
        {"incident_id": ONE, "at": NOON + n, "receiver": "", "reason": said, "kind": None}
        for n, (said, _, _) in enumerate(SENTENCES)
    ]
    reminded = {"incident_id": ONE, "at": NOON, "receiver": "ops", "kind": "repeated"}
    reminded["reason"] = "it still goes on, and this receiver wants to be reminded"
    feeds = [
        {"source": f"s{n:02}", "state": ("alive", "silent", "dead")[n % 3], "since": NOON}
        | {"reason": said, "looked_at": NOON, "observed_until": None}
        for n, (said, _, _) in enumerate(SOURCES)
    ]
    alert = {"key": OLD_ALERT["key"], "incident_id": ONE, "sequence": 1, "at": NOON}
    sent = {"receiver": "ops", "sequence": 1, "alert_at": NOON, "status": "pending", "attempts": 0}
    sent |= {"recorded_at": NOON, "due_at": NOON, "sent_at": None, "error": None}
    outbox = [
        sent | {"key": said["key"], "incident_id": about, "alert": json.dumps(said)}
        for about, said in ((ONE, OLD_ALERT), (ONE, OLD_REMINDER), ("feed/weibo", OLD_FEED_ALERT))
    ]
    incident = {"id": ONE, "service": "WeChat", "noticed_at": NOON, "resolved_at": None}
    return [
        ("decisions", [*decisions, reminded]),
        ("feeds", feeds),
        ("alerts", [alert | {"document": json.dumps(OLD_ALERT)}]),
        ("outbox", outbox),
        ("incidents", [incident | {"document": json.dumps(INCIDENT)}]),
        ("memory", [{"key": "watched/weibo", "value": old_watched()}]),
    ]


def old_watched() -> bytes:
    feed = OLD_FEED | {"since": AT, "looked_at": AT}
    health = {"feed": feed, "begun": AT, "width": "PT60S", "moved_at": None, "lost_since": AT}
    health |= {"fallen": None, "told": 1, "told_at": AT}
    entry = {"place": "weibo", "feed": "weibo", "health": health, "series": None, "sums": None}
    return msgspec.msgpack.encode(entry | {"waiting": None, "version": 1})


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a store of the third schema, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        made = f"sqlite:///{tmp_path / 'store.sqlite'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        made = server.fresh_database()
    old_store(made)
    return made


def test_every_sentence_becomes_a_code_that_can_be_worded_and_counted(url: str) -> None:
    with closing(open_store(url)) as store:
        found = [d for d in store.decisions(ONE) if not d.receiver]
        assert [(d.reason.value, d.params) for d in found] == [
            (code, params) for _, code, params in SENTENCES
        ]
        counts = store.decision_counts()
        assert counts[Reason.RECORDED, ""] == 2
        assert counts[Reason.OPENED, ""] == 3
        (reminded,) = [d for d in store.decisions(ONE) if d.receiver]
        assert reminded == Decision(ONE, AT, Reason.REMINDER, {}, AlertKind.REMINDER, "ops")
    for language in ("en", "zh"):
        say = phrasing(language, UTC)
        assert all(say.reason(d.reason, d.params) for d in found)


def test_sources_become_codes_too(url: str) -> None:
    with closing(open_store(url)) as store:
        feeds = store.source_health()
    assert [(f.reason.value, f.params) for f in feeds] == [(c, ps) for _, c, ps in SOURCES]
    states = [SourceState.UP, SourceState.DEGRADED, SourceState.DOWN]
    assert [f.state for f in feeds] == [states[n % 3] for n in range(len(SOURCES))]
    assert all(f.polled_at == AT for f in feeds)


def test_alerts_and_what_is_on_its_way_have_the_names_of_today(url: str) -> None:
    with closing(open_store(url)) as store:
        (alert,) = store.alerts()
        assert alert.details is not None
        assert (alert.details.authors, alert.details.written_by) == (57, AuthorKind.FEW_ACCOUNTS)
        assert alert.new_facts.related == ("QQ",)
        assert alert.attribution is not None
        assert (alert.attribution.root, alert.attribution.root_id) == ("QQ", ROOT)
        by_key = {d.alert.key: d for d in store.deliveries()}
        assert by_key.keys() == {f"{ONE}/1-opened", f"{ONE}/1-reminder#002", "feed/weibo/1-down"}
        feed = by_key["feed/weibo/1-down"].alert
        assert isinstance(feed, SourceAlert)
        assert feed.health.reason is SourceReason.LAST_OBSERVED
        keys = [d.alert.key for d in store.due(AT, limit=9) if d.alert.about == ONE]
        assert keys == [f"{ONE}/1-opened", f"{ONE}/1-reminder#002"]
        for delivery in by_key.values():
            store.mark(delivery, DeliveryStatus.SENT, at=AT)
        assert {d.status for d in store.deliveries()} == {DeliveryStatus.SENT}


def test_the_state_of_the_pipeline_has_reasons_as_codes(url: str) -> None:
    with closing(open_store(url)) as store:
        entry = store.state()["watched/weibo"]
    _, (_, watched) = msgspec.msgpack.decode(entry, ext_hook=lambda _code, data: data)
    health = watched["health"]["feed"]
    assert health["state"] == SourceState.DOWN.value
    assert health["params"]["error"] == "HTTP 503"


def test_it_can_be_looked_at_after_it(url: str) -> None:
    open_store(url).close()
    with closing(open_viewer(url)) as viewer:
        assert [incident.id for incident in viewer.incidents()] == [ONE]
