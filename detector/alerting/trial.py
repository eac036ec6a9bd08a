"""Alerts that templates are tried with before anything depends on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from detector.domain.alert import Alert, AlertKind, News
from detector.domain.attribution import Attribution, Because
from detector.domain.details import Details, FacetVerdict, SampleComplaint, Speakers
from detector.domain.incident import Incident, Severity, incident_id
from detector.domain.surge import Onset

_AT = datetime(2022, 7, 22, 19, 3, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)

_OPEN = Incident(
    id=incident_id("WeChat", _AT),
    service="WeChat",
    sources=("weibo",),
    onset=Onset(_AT - 3 * _MINUTE, _AT - 4 * _MINUTE, _AT - 2 * _MINUTE),
    noticed_at=_AT,
    ended_at=None,
    resolved_at=None,
    peak_at=_AT - _MINUTE,
    peak_count=412.0,
    expected_at_peak=31.0,
    excess=1403.0,
    severity=Severity.MAJOR,
    evidence=88.0,
)
_OVER = replace(_OPEN, ended_at=_AT + 60 * _MINUTE, resolved_at=_AT + 70 * _MINUTE)
#: From a trending list: no evidence, no expectation, no complaints to read.
_LISTED = replace(_OPEN, evidence=float("nan"), expected_at_peak=float("nan"))

_SAID = Details(
    speakers=Speakers.PEOPLE,
    posts=63,
    voices=57,
    linked=0.035,
    newcomers=0.9,
    facets=(
        FacetVerdict("component", "text", "affected", 0.6, 4.0, 2.7, 5.4),
        FacetVerdict("component", "voice", "not affected", 0.1, 0.2, 0.1, 0.4),
        FacetVerdict("region", "Shanghai", "affected", 0.4, 3.0, 2.0, 4.1),
        FacetVerdict("platform", "iOS", "affected", 0.5, 2.0, 1.3, 2.8),
    ),
    samples=(SampleComplaint(_AT, "微信发不出去了，只有语音能用"),),
    words=("发不出去", "红色感叹号"),
)

_NEWS = News(("payments",), ("Guangdong",), ("bluesky",), ("QQ",))


def _likely(because: Because) -> Attribution:
    share = 0.4 if because is Because.MENTIONS else None
    provider = "Tencent Cloud" if because is Because.PROVIDER else ""
    return Attribution("QQ", incident_id("QQ", _AT), because, share, provider, together=3)


TRIALS: tuple[Alert, ...] = (
    *(Alert(kind, _AT, _OPEN, 1, _SAID) for kind in AlertKind if kind is not AlertKind.RESOLVED),
    Alert(AlertKind.UPDATED, _AT, _OPEN, 2, _SAID, _NEWS),
    *(
        Alert(AlertKind.OPENED, _AT, _OPEN, 1, _SAID, attribution=_likely(because))
        for because in Because
    ),
    Alert(AlertKind.RESOLVED, _AT + 70 * _MINUTE, _OVER, 2, _SAID),
    Alert(AlertKind.OPENED, _AT, _LISTED, 1),
)
"""One alert of each kind with everything known, and one with as little as can be."""
