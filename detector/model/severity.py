"""How bad an incident is, by stated rules that do not depend on how popular the service is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from detector.model.incident import Severity
from detector.model.surge import Surge

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SeverityRules:
    """From which weight, height and length on it is major, and from which on critical.

    Weight is the excess in hours of the service's ordinary complaint volume: an hour at ten times
    the ordinary rate weighs 9 hours; so does one at double rate for nine. Height is the mean rate
    since the start over the ordinary one. An incident has a grade if it weighs enough, or has been
    high enough for long enough; and if enough people complain.

    Attributes
    ----------
    major_hours, critical_hours : the weight.
    major_ratio, critical_ratio : the height,
    major_for, critical_for : and how long it must have lasted.
    major_posts, critical_posts : and only from this many excess posts on (of posts: authors), so
        that a service that nobody complains about does not turn critical over a dozen posts.
    major_heat, critical_heat : for trending lists: heat at the peak over the list's floor.
    """

    major_hours: float = 6.0
    critical_hours: float = 48.0
    major_ratio: float = 5.0
    critical_ratio: float = 10.0
    major_for: timedelta = timedelta(minutes=30)
    critical_for: timedelta = timedelta(hours=2)
    major_posts: float = 60.0
    critical_posts: float = 600.0
    major_heat: float = 5.0
    critical_heat: float = 20.0


def severity_of(
    surge: Surge,
    *,
    width: timedelta,
    trending: bool,
    rules: SeverityRules,
    at: datetime | None = None,
) -> Severity:
    """Return the severity that ``rules`` give to ``surge``, counted in bins of ``width``.

    ``at`` is up to when one that goes on is known, its notice or peak where nothing is said.
    """
    if trending:
        weight = surge.peak_count / max(surge.expected_at_peak, 1.0)
        return _grade(weight, rules.major_heat, rules.critical_heat)
    per_hour = surge.expected_at_peak * (_HOUR / width)
    hours = surge.excess / max(per_hour, 1.0)
    until = surge.ended_at or at or max(surge.noticed_at, surge.peak_at)
    graded = max(
        _grade(hours, rules.major_hours, rules.critical_hours),
        _sustained(hours, until - surge.onset.at, rules),
    )
    return min(graded, _grade(surge.excess, rules.major_posts, rules.critical_posts))


def _sustained(hours: float, lasted: timedelta, rules: SeverityRules) -> Severity:
    """Return the grade of a surge of that weight for its height and length."""
    ratio = 1.0 + hours / max(lasted / _HOUR, 1e-9)
    if ratio >= rules.critical_ratio and lasted >= rules.critical_for:
        return Severity.CRITICAL
    high = ratio >= rules.major_ratio and lasted >= rules.major_for
    return Severity.MAJOR if high else Severity.MINOR


def _grade(value: float, major: float, critical: float) -> Severity:
    if value >= critical:
        return Severity.CRITICAL
    return Severity.MAJOR if value >= major else Severity.MINOR
