"""Incidents and alerts as JSON-ready dictionaries, and back, as in ``docs/interface.md``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from math import isfinite, nan
from typing import Any

from detector.model.alert import NO_NEW_FACTS, Alert, AlertKind, Attribution, Because, NewFacts
from detector.model.delivery import Notice
from detector.model.details import AuthorKind, Details, FacetVerdict, SampleComplaint, Trend
from detector.model.health import SourceAlert, SourceHealth, SourceReason, SourceState
from detector.model.incident import Incident, Severity
from detector.model.surge import Agreement, Onset
from detector.model.times import iso

#: The ``kind`` of messages about sources; that of an alert of an incident is its `AlertKind`.
SOURCE_ALERT = "feed"


def incident_to_dict(incident: Incident) -> dict[str, Any]:
    """Return the incident with the field names and order of ``docs/interface.md``."""
    return {
        "id": incident.id,
        "service": incident.service,
        "sources": list(incident.sources),
        "started_at": iso(incident.onset.at),
        "started_at_earliest": iso(incident.onset.earliest),
        "started_at_latest": iso(incident.onset.latest),
        "noticed_at": iso(incident.noticed_at),
        "ended_at": _iso_or_none(incident.ended_at),
        "resolved_at": _iso_or_none(incident.resolved_at),
        "peak_at": iso(incident.peak_at),
        "peak_count": incident.peak_count,
        "expected_at_peak": _finite(incident.expected_at_peak, 4),
        "excess": round(incident.excess, 2),
        "severity": incident.severity.label,
        "evidence": _finite(incident.evidence, 3),
        "not_observed_since": _iso_or_none(incident.not_observed_since),
        "agreement": [
            {"source": a.source, "evidence": None if a.evidence is None else round(a.evidence, 3)}
            for a in incident.agreement
        ],
    }


def incident_from_dict(fields: Mapping[str, Any]) -> Incident:
    """Return the incident that `incident_to_dict` wrote (numbers rounded as there)."""
    return Incident(
        id=fields["id"],
        service=fields["service"],
        sources=tuple(fields["sources"]),
        onset=Onset(
            _instant(fields["started_at"]),
            _instant(fields["started_at_earliest"]),
            _instant(fields["started_at_latest"]),
        ),
        noticed_at=_instant(fields["noticed_at"]),
        ended_at=_instant_or_none(fields["ended_at"]),
        resolved_at=_instant_or_none(fields["resolved_at"]),
        peak_at=_instant(fields["peak_at"]),
        peak_count=fields["peak_count"],
        expected_at_peak=_or_nan(fields["expected_at_peak"]),
        excess=fields["excess"],
        severity=Severity[fields["severity"].upper()],
        evidence=_or_nan(fields["evidence"]),
        not_observed_since=_instant_or_none(fields.get("not_observed_since")),
        agreement=tuple(Agreement(**one) for one in fields.get("agreement", ())),
    )


def alert_to_dict(alert: Alert) -> dict[str, Any]:
    """Return the alert, its incident nested, its deduplication key first."""
    return {
        "key": alert.key,
        "kind": alert.kind.value,
        "at": iso(alert.at),
        "sequence": alert.sequence,
        "incident": incident_to_dict(alert.incident),
        "details": None if alert.details is None else details_to_dict(alert.details),
        "new_facts": _new_facts_to_dict(alert.new_facts),
        "attribution": None if alert.attribution is None else _attributed(alert.attribution),
        "notice": alert.notice,
    }


def alert_from_dict(fields: Mapping[str, Any]) -> Alert:
    """Return the alert that `alert_to_dict` wrote."""
    return Alert(
        kind=AlertKind(fields["kind"]),
        at=_instant(fields["at"]),
        incident=incident_from_dict(fields["incident"]),
        sequence=fields["sequence"],
        details=None if fields.get("details") is None else details_from_dict(fields["details"]),
        new_facts=_new_facts(fields.get("new_facts")),
        attribution=_attribution(fields.get("attribution")),
        notice=fields.get("notice", 0),
    )


def notice_to_dict(notice: Notice) -> dict[str, Any]:
    """Return an alert of an incident or of a source; ``kind`` is ``feed`` for the latter."""
    if isinstance(notice, Alert):
        return alert_to_dict(notice)
    return {
        "key": notice.key,
        "kind": SOURCE_ALERT,
        "at": iso(notice.at),
        "sequence": notice.sequence,
        "feed": health_to_dict(notice.health),
    }


def notice_from_dict(fields: Mapping[str, Any]) -> Notice:
    """Return what `notice_to_dict` wrote."""
    if fields["kind"] != SOURCE_ALERT:
        return alert_from_dict(fields)
    return SourceAlert(_instant(fields["at"]), health_from_dict(fields["feed"]), fields["sequence"])


def health_to_dict(health: SourceHealth) -> dict[str, Any]:
    """Return how a source is."""
    return {
        "source": health.source,
        "state": health.state.value,
        "since": iso(health.since),
        "reason": health.reason.value,
        "params": dict(health.params),
        "polled_at": _iso_or_none(health.polled_at),
        "observed_until": _iso_or_none(health.observed_until),
    }


def health_from_dict(fields: Mapping[str, Any]) -> SourceHealth:
    """Return the health that `health_to_dict` wrote."""
    return SourceHealth(
        source=fields["source"],
        state=SourceState(fields["state"]),
        since=_instant(fields["since"]),
        reason=SourceReason(fields["reason"]),
        params=fields["params"],
        polled_at=_instant_or_none(fields["polled_at"]),
        observed_until=_instant_or_none(fields["observed_until"]),
    )


def details_to_dict(details: Details) -> dict[str, Any]:
    """Return what the complaints say, its facets and samples as lists of dictionaries."""
    return {
        "written_by": details.written_by.value,
        "posts": details.posts,
        "authors": details.authors,
        "linked": details.linked,
        "newcomers": details.newcomers,
        "facets": [asdict(facet) for facet in details.facets],
        "samples": [{"at": iso(s.at), "text": s.text} for s in details.samples],
        "words": list(details.words),
        "discovered": details.discovered,
        "trend": None if details.trend is None else details.trend.value,
    }


def details_from_dict(fields: Mapping[str, Any]) -> Details:
    """Return the details that `details_to_dict` wrote."""
    return Details(
        written_by=AuthorKind(fields["written_by"]),
        posts=fields["posts"],
        authors=fields["authors"],
        linked=fields["linked"],
        newcomers=fields["newcomers"],
        facets=tuple(FacetVerdict(**facet) for facet in fields["facets"]),
        samples=tuple(SampleComplaint(_instant(s["at"]), s["text"]) for s in fields["samples"]),
        words=tuple(fields["words"]),
        discovered=fields.get("discovered", False),
        trend=None if fields.get("trend") is None else Trend(fields["trend"]),
    )


def _new_facts_to_dict(found: NewFacts) -> dict[str, list[str]] | None:
    return {what: list(names) for what, names in asdict(found).items()} if found else None


def _new_facts(fields: Mapping[str, Any] | None) -> NewFacts:
    return (
        NewFacts(**{name: tuple(names) for name, names in fields.items()})
        if fields
        else NO_NEW_FACTS
    )


def _attributed(attribution: Attribution) -> dict[str, Any]:
    share = None if attribution.share is None else round(attribution.share, 4)
    return {**asdict(attribution), "because": attribution.because.value, "share": share}


def _attribution(fields: Mapping[str, Any] | None) -> Attribution | None:
    return (
        None if fields is None else Attribution(**{**fields, "because": Because(fields["because"])})
    )


def _finite(number: float, digits: int) -> float | None:
    """Return ``number`` rounded; None, which JSON knows, for nan and infinities, which it lacks."""
    return round(number, digits) if isfinite(number) else None


def _or_nan(number: float | None) -> float:
    return nan if number is None else number


def _iso_or_none(instant: datetime | None) -> str | None:
    return None if instant is None else iso(instant)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _instant_or_none(text: str | None) -> datetime | None:
    return None if text is None else _instant(text)
