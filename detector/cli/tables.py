"""Incidents as table rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from math import isfinite

from detector.domain.incident import Incident

COLUMNS = (
    "incident",
    "service",
    "started (UTC)",
    "between",
    "noticed",
    "ended",
    "severity",
    "peak",
)


def incident_table(
    incidents: Iterable[Incident],
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return columns and one row per incident."""
    return COLUMNS, [_row(incident) for incident in incidents]


def _row(incident: Incident) -> tuple[str, ...]:
    onset = incident.onset
    return (
        incident.id,
        incident.service,
        _minute(onset.at),
        f"{onset.earliest:%H:%M}-{onset.latest:%H:%M}",
        _beside(incident.noticed_at, onset.at),
        _end(incident),
        incident.severity.label,
        f"{_number(incident.peak_count)} ({_beside_what(incident)})",
    )


def _end(incident: Incident) -> str:
    if incident.ended_at is not None:
        return _beside(incident.ended_at, incident.onset.at)
    if incident.not_observed_since is not None:
        return f"not observed since {_beside(incident.not_observed_since, incident.onset.at)}"
    return "goes on"


def _beside_what(incident: Incident) -> str:
    """Return what the peak is to be compared with."""
    if not isfinite(incident.expected_at_peak):
        return "usual unknown"
    word = "the list begins at" if incident.is_listed else "usual"
    return f"{word} {_number(incident.expected_at_peak)}"


def _number(value: float) -> str:
    """Return ``value`` to the unit, small ones to two significant digits: 0.02 is not 0.0."""
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.2g}"


def _minute(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M}"


def _beside(instant: datetime, other: datetime) -> str:
    """Return the time alone where the day is that of ``other``."""
    return f"{instant:%H:%M}" if instant.date() == other.date() else _minute(instant)
