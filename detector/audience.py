"""The audience and the plan of what is told, from their settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from detector.alerting.audience import Audience, Habits
from detector.alerting.routing import Receiver
from detector.settings import Settings


def providers(settings: Settings) -> Mapping[str, Sequence[str]]:
    """Return the services of each provider."""
    return {provider.name: provider.services for provider in settings.providers}


def build_audience(settings: Settings) -> Audience:
    """Return who may be told, of what and how often."""
    alerts = settings.alerts
    return Audience(
        receivers=tuple(Receiver(r.name, r.least, r.quiet) for r in settings.receivers),
        routes=tuple(route.route() for route in settings.routes),
        windows={window.name: window.window() for window in settings.windows},
        inhibitions=tuple(rule.inhibition() for rule in settings.inhibitions),
        providers=providers(settings),
        habits=Habits(
            flaps=alerts.flaps,
            flap_window=alerts.flap_window,
            calm=settings.incidents.regroup,
            echo_wait=alerts.echo_wait,
            echo_grace=alerts.echo_grace,
            max_age=settings.delivery.max_alert_age,
        ),
    )
