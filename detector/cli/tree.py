"""The tree of routes as `check` explains it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from detector.alerting.audience import Audience
from detector.alerting.routing import Route


def explained(audience: Audience) -> Iterator[str]:
    """Yield the tree, line by line, deeper branches further in."""
    if not audience.routes:
        return
    yield "routes, from the top; the first that takes an incident ends the search:"
    for route in audience.routes:
        yield from _branch(route, "  ")
    yield "  everything else -> every receiver"
    for name, window in audience.windows.items():
        yield f"quiet hours {name}: {window.start:%H:%M} to {window.end:%H:%M} {window.zone.key}"
    for rule in audience.inhibitions:
        when, mute = (", ".join(map(str, m)) for m in (rule.when, rule.mute))
        yield f"while {when} goes on, {mute} is muted"


def _branch(route: Route, indent: str) -> Iterator[str]:
    whom = "as around it"
    if route.receivers is not None:
        whom = ", ".join(route.receivers) or "nobody"
    more = "".join(
        [
            f", again every {span(route.repeat_every)}" if route.repeat_every else "",
            f", not in {', '.join(route.quiet)}" if route.quiet else "",
            ", and goes on" if route.goes_on else "",
        ]
    )
    yield f"{indent}{route} -> {whom}{more}"
    for inner in route.routes:
        yield from _branch(inner, indent + "  ")


def span(length: timedelta) -> str:
    """Return ``length`` in hours and minutes."""
    hours, minutes = divmod(round(length.total_seconds() / 60), 60)
    return (
        f"{hours} h {minutes} min"
        if hours and minutes
        else f"{hours} h"
        if hours
        else f"{minutes} min"
    )
