"""How bad an incident is, by stated rules that do not depend on how popular the service is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from detector.domain.incident import Severity
from detector.domain.surge import Surge


@dataclass(frozen=True, slots=True)
class SeverityRules:
    """Excess complaints, measured in hours of the service's ordinary complaint volume.

    An hour at ten times the ordinary rate weighs 9 hours; so does one at double rate for nine.

    Attributes
    ----------
    major_hours, critical_hours : from this weight on it is major, critical.
    major_posts, critical_posts : and only from this many excess posts on, so that a service that
        nobody complains about does not turn critical over a dozen posts.
    major_heat, critical_heat : for trending lists: heat at the peak over the list's floor.
    """

    major_hours: float = 6.0
    critical_hours: float = 48.0
    major_posts: float = 60.0
    critical_posts: float = 600.0
    major_heat: float = 5.0
    critical_heat: float = 20.0


def severity_of(
    surge: Surge, *, width: timedelta, trending: bool, rules: SeverityRules
) -> Severity:
    """Return the severity that ``rules`` give to ``surge``, counted in bins of ``width``."""
    if trending:
        weight = surge.peak_count / max(surge.expected_at_peak, 1.0)
        return _grade(weight, rules.major_heat, rules.critical_heat)
    per_hour = surge.expected_at_peak * (timedelta(hours=1) / width)
    hours = surge.excess / max(per_hour, 1.0)
    graded = _grade(hours, rules.major_hours, rules.critical_hours)
    return min(graded, _grade(surge.excess, rules.major_posts, rules.critical_posts))


def _grade(value: float, major: float, critical: float) -> Severity:
    if value >= critical:
        return Severity.CRITICAL
    return Severity.MAJOR if value >= major else Severity.MINOR
