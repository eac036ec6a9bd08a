"""Message text: an alert in words, for somebody who was asleep a minute ago."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from detector.alerting.plain import plain
from detector.alerting.said import facts_said
from detector.domain.alert import Alert, AlertKind
from detector.domain.incident import Incident

# Not strftime's: those follow the machine's language.
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Message:
    """What is said about an alert.

    Attributes
    ----------
    title : one line that says it all.
    facts : (label, text) in the order of reading; one line each.
    """

    title: str
    facts: tuple[tuple[str, str], ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """The facts as lines, their texts aligned."""
        return tuple(f"{label:<10}{text}" for label, text in self.facts)


def message(alert: Alert, zone: tzinfo) -> Message:
    """Return ``alert`` in plain English, times in ``zone`` and in UTC.

    All texts are on one line and free of control characters, whatever the service is called.
    """
    incident = alert.incident
    facts = [
        ("service", _service(alert)),
        ("severity", incident.severity.label),
        ("since", _since(incident, zone)),
        ("noticed", _noticed(incident, zone)),
    ]
    if incident.ended_at is not None:
        facts.append(("until", _until(incident, incident.ended_at, zone)))
    facts.append(("observed", _observed(incident, zone)))
    if math.isfinite(incident.excess) and not incident.is_listed:
        facts.append(("excess", f"{_number(incident.excess)} more than expected so far"))
    if alert.details is not None:
        facts += facts_said(alert.details)
    facts += [
        ("sources", ", ".join(map(plain, incident.sources))),
        ("incident", f"{plain(incident.id)}, message {alert.sequence}"),
    ]
    return Message(_title(alert, zone), tuple(facts))


def _service(alert: Alert) -> str:
    """Return the service's name; one that nobody configured is said to be discovered."""
    name = plain(alert.incident.service)
    found = alert.details is not None and alert.details.discovered
    return f"{name} (discovered: it is not in the configuration)" if found else name


def _title(alert: Alert, zone: tzinfo) -> str:
    incident = alert.incident
    service, severity = plain(incident.service, longest=60), incident.severity.label
    since = f"since {_beside(alert.at, incident.onset.at, zone)} {_offset(alert.at, zone)}"
    if alert.kind is AlertKind.OPENED:
        return f"{service}: {severity} outage {since}"
    if alert.kind is AlertKind.ESCALATED:
        return f"{service}: outage is now {severity}, {since}"
    if alert.kind is AlertKind.REOPENED:
        return f"{service}: {severity} outage began again, {since}"
    if incident.ended_at is None:
        return f"{service}: {severity} outage is over"
    ended = f"{_beside(alert.at, incident.ended_at, zone)} {_offset(alert.at, zone)}"
    lasted = duration(incident.ended_at - incident.onset.at)
    return f"{service}: {severity} outage is over, it ended {ended} after {lasted}"


def _since(incident: Incident, zone: tzinfo) -> str:
    onset = incident.onset
    if onset.earliest == onset.latest:
        return f"{both(onset.at, zone)}, exact to the bin"
    earliest, latest = (_beside(onset.at, edge, zone) for edge in (onset.earliest, onset.latest))
    return f"{both(onset.at, zone)}, 90 % sure between {earliest} and {latest}"


def _noticed(incident: Incident, zone: tzinfo) -> str:
    late = duration(incident.noticed_at - incident.onset.at)
    return f"{both(incident.noticed_at, zone)}, {late} after it began"


def _until(incident: Incident, ended_at: datetime, zone: tzinfo) -> str:
    lasted = duration(ended_at - incident.onset.at)
    ended = f"{both(ended_at, zone)}, it lasted {lasted}"
    if incident.resolved_at is None:
        return ended
    return f"{ended}, noticed {_beside(ended_at, incident.resolved_at, zone)}"


def _observed(incident: Incident, zone: tzinfo) -> str:
    at = _beside(incident.onset.at, incident.peak_at, zone)
    return f"{_number(incident.peak_count)} at the peak, {at}; {_expected(incident)}"


def _expected(incident: Incident) -> str:
    expected = incident.expected_at_peak
    if not math.isfinite(expected):
        return "what is usual then is not known"
    if incident.is_listed and expected > 0:
        lowest = f"{_number(incident.peak_count / expected)} times the lowest on the list"
        return f"{lowest}, {_number(expected)}"
    if expected <= 0:
        return "none expected then"
    times = incident.peak_count / expected
    return f"{_number(expected)} expected then, {_number(times)} times the usual"


def both(instant: datetime, zone: tzinfo) -> str:
    """Return ``Sat 2022-07-23 03:06 +08:00 (Fri 19:06 UTC)``, UTC alone if that is the zone."""
    local, utc = instant.astimezone(zone), instant.astimezone(UTC)
    shown = f"{_WEEKDAYS[local.weekday()]} {local:%Y-%m-%d} {_clock(instant, zone)}"
    if not local.utcoffset():
        return f"{shown} UTC"
    # The weekday is repeated only where it differs: it is easily overlooked.
    day = "" if local.date() == utc.date() else f"{_WEEKDAYS[utc.weekday()]} "
    return f"{shown} {_offset(instant, zone)} ({day}{_clock(instant, UTC)} UTC)"


def duration(length: timedelta) -> str:
    """Return ``45 s``, ``47 min``, ``2 h 05 min`` or ``1 d 3 h``."""
    seconds = round(length.total_seconds())
    minutes = seconds // 60
    if seconds < 60:
        return f"{seconds} s"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def _clock(instant: datetime, zone: tzinfo) -> str:
    local = instant.astimezone(zone)
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def _beside(reference: datetime, instant: datetime, zone: tzinfo) -> str:
    """Return the time of ``instant``, with its date where ``reference`` has another one."""
    local = instant.astimezone(zone)
    if local.date() == reference.astimezone(zone).date():
        return _clock(instant, zone)
    return f"{_WEEKDAYS[local.weekday()]} {local:%Y-%m-%d} {_clock(instant, zone)}"


def _offset(instant: datetime, zone: tzinfo) -> str:
    offset = instant.astimezone(zone).strftime("%z")
    return "UTC" if offset == "+0000" else f"{offset[:3]}:{offset[3:5]}"


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "unknown"
    return f"{value:,.1f}" if abs(value) < 10 and value != int(value) else f"{value:,.0f}"
