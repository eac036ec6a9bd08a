"""The facts of a message, without the words: what templates have to say them with.

Texts are inert already (`detector.alerting.plain`): no template can let a stranger's words act.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from detector.alerting.links import Links
from detector.alerting.plain import inert, plain
from detector.domain.alert import Alert, News
from detector.domain.attribution import Attribution
from detector.domain.details import Details
from detector.domain.feed import FeedAlert
from detector.domain.incident import Incident

_WORDS, _SAMPLES = 8, 3
_FACETS = {"components": "component", "regions": "region", "platforms": "platform"}
#: The highest count is called the latest one for so long after it.
_FRESH = timedelta(minutes=3)


def facts(alert: Alert, links: Links) -> Mapping[str, Any]:
    """Return what templates may name; ``docs/sinks.md`` lists it.

    Texts are one line without control characters, instants are aware datetimes, numbers that are
    not known are None, and so are whole parts where nothing is known (``details``).
    """
    incident = alert.incident
    return {
        "kind": alert.kind.value,
        "sequence": alert.sequence,
        "at": alert.at,
        "incident": plain(incident.id),
        "service": inert(incident.service),
        "short_service": inert(incident.service, longest=60),
        "severity": incident.severity.label,
        **_seen(incident),
        **_times(incident),
        **_size(incident),
        "trend": trend(alert),
        "news": _news(alert.news),
        "echoes": [inert(name, longest=60) for name in alert.news.echoes],
        "origin": None if alert.attribution is None else _origin(alert.attribution),
        "details": None if alert.details is None else _said(alert.details),
        "page": links.page(incident),
        "runbook": links.runbook_of(incident),
    }


def feed_facts(alert: FeedAlert) -> Mapping[str, Any]:
    """Return what templates of messages about sources may name."""
    feed = alert.feed
    return {
        "source": inert(feed.source, longest=60),
        "state": feed.state.value,
        "reason": inert(feed.reason, longest=400),
        "since": feed.since,
        "at": alert.at,
        "observed_until": feed.observed_until,
        "sequence": alert.sequence,
    }


def trend(alert: Alert) -> str | None:
    """Return ``rising``, ``steady`` or ``falling``, or ``past its peak``; None once it is over.

    It is what the complaints themselves say (`Details.trend`), as long as they are of this moment.
    Where only counts are known they rise as long as the highest is the latest, or lies within
    the last fifth of the time since the start: counts are jagged.
    """
    incident = alert.incident
    if incident.ended_at is not None:
        return None
    if alert.details is not None and alert.details.trend is not None and not alert.notice:
        return alert.details.trend.value
    since_peak, since_start = alert.at - incident.peak_at, alert.at - incident.onset.at
    return "rising" if since_peak <= max(_FRESH, since_start / 5) else "past its peak"


def _seen(incident: Incident) -> dict[str, Any]:
    """Return which sources see it, which see nothing unusual, and which were not observed."""
    others = [said for said in incident.agreement if said.source not in incident.sources]
    unseen = [said.source for said in others if said.evidence is not None]
    unobserved = [said.source for said in others if said.evidence is None]
    groups = {"sources": incident.sources, "unseen_at": unseen, "unobserved": unobserved}
    return {
        **{what: [plain(name, longest=40) for name in names] for what, names in groups.items()},
        "not_observed_since": incident.not_observed_since,
    }


def _news(news: News) -> dict[str, list[str]] | None:
    """Return what was not known before, but for echoes; None where there is nothing."""
    found = {"components": news.components, "regions": news.regions, "sources": news.sources}
    if not any(found.values()):
        return None
    return {what: [inert(name, longest=40) for name in names] for what, names in found.items()}


def _origin(found: Attribution) -> dict[str, Any]:
    return {
        "service": inert(found.origin, longest=60),
        "incident": plain(found.origin_id),
        "because": found.because.value,
        "share": found.share or 0.0,
        "provider": inert(found.provider, longest=60),
        "together": found.together,
    }


def _times(incident: Incident) -> dict[str, Any]:
    onset = incident.onset
    return {
        "began": onset.at,
        "earliest": onset.earliest,
        "latest": onset.latest,
        "exact": onset.earliest == onset.latest,
        "noticed": incident.noticed_at,
        "noticed_after": incident.noticed_at - onset.at,
        "ended": incident.ended_at,
        "lasted": None if incident.ended_at is None else incident.ended_at - onset.at,
        "resolved": incident.resolved_at,
    }


def _size(incident: Incident) -> dict[str, Any]:
    peak, expected = incident.peak_count, incident.expected_at_peak
    compared = math.isfinite(expected) and expected > 0
    excess = math.isfinite(incident.excess) and not incident.is_listed
    return {
        "listed": incident.is_listed,
        "peak": peak,
        "peak_at": incident.peak_at,
        "expected": expected if math.isfinite(expected) else None,
        "times": peak / expected if compared else None,
        "excess": incident.excess if excess else None,
    }


def _said(details: Details) -> dict[str, Any]:
    """Return what the complaints say: who, what fails, where, on what, and how it is worded."""
    found: dict[str, Any] = {
        "discovered": details.discovered,
        "voices": details.voices,
        "posts": details.posts,
        "linked": details.linked if details.linked >= 0.005 else None,
        "words": [inert(word, longest=24) for word in details.words[:_WORDS]],
        "samples": [inert(sample.text, longest=140) for sample in details.samples[:_SAMPLES]],
    }
    for name, facet in _FACETS.items():
        hit, spared = details.telling(facet)
        # What is spared tells something only beside what is hit.
        told = (hit, spared) if hit else ((), ())
        found[name], found[f"spared_{name}"] = ([inert(n, longest=40) for n in ns] for ns in told)
    return found
