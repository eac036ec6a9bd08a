"""Alerts that say everything that can be said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from detector.model.alert import Alert, AlertKind, Attribution, Because, NewFacts
from detector.model.details import AuthorKind, Details, FacetVerdict, SampleComplaint
from detector.model.incident import Severity
from detector.model.surge import Agreement
from tests.fakes.outages import an_alert, an_incident

NIGHT = datetime(2022, 7, 22, 19, 3, tzinfo=UTC)  # 03:03 on the next day in China
MINUTE = timedelta(minutes=1)


def facet(facet: str, name: str, verdict: str) -> FacetVerdict:
    return FacetVerdict(facet, name, verdict, share=0.4, lift=4.0, lift_low=2.7, lift_high=5.4)


DETAILS = Details(
    written_by=AuthorKind.PEOPLE,
    posts=63,
    authors=57,
    linked=0.035,
    newcomers=0.9,
    facets=(
        facet("component", "text", "affected"),
        facet("component", "pictures", "affected"),
        facet("component", "voice", "not affected"),
        facet("region", "Shanghai", "affected"),
        facet("platform", "Android", "affected"),
    ),
    samples=(
        SampleComplaint(NIGHT, "微信发不出去了，只有语音能用"),
        SampleComplaint(NIGHT, "wechat\x1b[2J down"),
    ),
    words=("发不出去", "spinning", "红色感叹号"),
)


def opened() -> Alert:
    return an_alert(an_incident(noticed_at=NIGHT))


def described() -> Alert:
    return replace(opened(), details=replace(DETAILS, discovered=True))


def escalated() -> Alert:
    worse = an_incident(noticed_at=NIGHT, severity=Severity.CRITICAL, sources=("weibo", "bluesky"))
    return an_alert(worse, kind=AlertKind.ESCALATED, sequence=2, at=NIGHT + 9 * MINUTE)


def updated() -> Alert:
    news = NewFacts(("pictures", "payments"), ("Guangdong",), ("bluesky",), ("QQ", "QQ Music"))
    at = NIGHT + 20 * MINUTE
    return replace(described(), kind=AlertKind.UPDATED, at=at, sequence=2, new_facts=news)


def updated_without_facts() -> Alert:
    return replace(opened(), kind=AlertKind.UPDATED, at=NIGHT + 20 * MINUTE, sequence=2)


def reopened() -> Alert:
    return replace(opened(), kind=AlertKind.REOPENED, sequence=4)


def reminder() -> Alert:
    since = NIGHT + 40 * MINUTE
    incident = replace(opened().incident, not_observed_since=since)
    at = NIGHT + 180 * MINUTE
    return replace(opened(), incident=incident, kind=AlertKind.REMINDER, at=at, notice=4)


def resolved() -> Alert:
    over = an_incident(noticed_at=NIGHT, lasted=timedelta(days=2, hours=5))
    at = NIGHT + timedelta(days=2, hours=5)
    return an_alert(over, kind=AlertKind.RESOLVED, sequence=2, at=at)


def seen_by_some() -> Alert:
    says = {"weibo": 30.0, "bluesky": 2.5, "hackernews": 0.0, "mastodon": None}
    seen = replace(
        opened().incident,
        sources=("bluesky", "weibo"),
        agreement=tuple(Agreement(source, evidence) for source, evidence in says.items()),
    )
    return an_alert(seen)


def _related(found: Attribution) -> Alert:
    return replace(opened(), attribution=found)


def related_by_mentions() -> Alert:
    return _related(Attribution("QQ", "qq-20220722T1900Z-0123", Because.MENTIONS, share=0.634))


def related_by_provider() -> Alert:
    because = Because.PROVIDER
    return _related(Attribution("QQ", "qq-1", because, provider="Tencent Cloud", together=3))


def related_by_time() -> Alert:
    return _related(Attribution("QQ", "qq-1", Because.TOGETHER, together=5))


STORIES: tuple[Callable[[], Alert], ...] = (
    opened,
    described,
    escalated,
    updated,
    updated_without_facts,
    reopened,
    reminder,
    resolved,
    seen_by_some,
    related_by_mentions,
    related_by_provider,
    related_by_time,
)

#: Every code of a reason, with all that may be stored with it.
REASONS: dict[str, dict[str, object]] = {
    "opened": {"root_id": "qq-1", "root": "QQ", "because": "together", "count": 3},
    "recorded": {"text": "what an earlier version wrote"},
    "caught_up": {},
    "exceeds_root": {
        "root_id": "qq-1",
        "root": "QQ",
        "because": "mentions",
        "share": 0.634,
    },
    "outlasts_root": {"root_id": "qq-1", "because": "provider", "provider": "腾讯云", "count": 3},
    "escalated": {"severity": "critical"},
    "updated": {
        "components": ["payments", "own thing"],
        "regions": ["Beijing"],
        "sources": ["bluesky"],
    },
    "related": {"services": ["QQ", "QQ Music"]},
    "reopened": {},
    "reminder": {},
    "resolved": {},
    "no_change": {},
    "too_soon": {},
    "never_notified": {},
    "press": {},
    "few_accounts": {},
    "not_routed": {},
    "below_severity": {"least": "major"},
    "too_old": {},
    "not_observed": {},
    "refused": {},
    "silenced": {
        "silence": "s-1",
        "author": "Li Lei",
        "until": "2022-07-22T21:00:00Z",
        "comment": "deploy {x}",
    },
    "inhibited": {"by": "qq-1"},
    "mute_time": {"interval": "nights", "until": "2022-07-22T22:00:00Z"},
    "acknowledged": {"author": "", "comment": ""},
    "grouped": {"root_id": "qq-1", "because": "together", "count": 5},
    "flapping": {},
}

SOURCE_REASONS: dict[str, dict[str, object]] = {
    "recorded": {"text": "what an earlier version wrote"},
    "unknown": {},
    "observed": {},
    "recovered": {},
    "never_observed": {"error": "HTTP 503"},
    "last_observed": {"until": "2022-07-22T19:00:00Z", "error": ""},
    "low_volume": {"count": 12, "expected": 1403.4},
}
