"""Flapping: an incident that ends and begins again, over and over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from detector.alerting.audience import Habits
from detector.domain.alert import Alert, AlertKind


def flaps(alerts: Iterable[Alert], habits: Habits, *, now: datetime) -> bool:
    """Return whether the incident that ``alerts`` are about began again too often of late."""
    again = [a for a in alerts if a.kind is AlertKind.REOPENED]
    return sum(now - a.at < habits.flap_window for a in again) >= habits.flaps
