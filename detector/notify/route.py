"""Routing: which receivers an incident is for, by its labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from detector.fields import inherited
from detector.model.decision import Decision, Reason
from detector.model.details import FACETS, Details
from detector.model.incident import Incident
from detector.model.matcher import Labels, all_match
from detector.notify.notification import Notification
from detector.notify.notification_state import NotificationState
from detector.notify.policy import ReceiverPolicy, Route, RouteMatch


def labels_of(
    incident: Incident,
    details: Details | None,
    providers: Mapping[str, Sequence[str]],
) -> Labels:
    """Return the labels of ``incident``; one that has no value is left out.

    Parameters
    ----------
    details : what its complaints say; components, regions and platforms are those affected.
    providers : services by the provider that they depend on.
    """
    labels: dict[str, tuple[str, ...]] = {
        "service": (incident.service,),
        "severity": (incident.severity.label,),
        "source": incident.sources,
        "incident": (incident.id,),
        "provider": tuple(name for name, all_ in providers.items() if incident.service in all_),
    }
    if details is not None:
        for facet in FACETS:
            labels[facet] = details.distinctive(facet)[0]
    return {label: values for label, values in labels.items() if values}


def route_matches(
    routes: Sequence[Route], receivers: Sequence[ReceiverPolicy], labels: Labels
) -> Mapping[str, RouteMatch]:
    """Return how an incident with ``labels`` reaches its receivers, by their names.

    What no route takes goes to every receiver, as if there were no routes: nothing is lost by a
    gap in the tree. Who is reached twice is reached the first way.
    """
    everybody = Route(receivers=tuple(r.name for r in receivers))
    found: dict[str, RouteMatch] = {}
    taken = list(_taken(routes, RouteMatch(""), everybody.receivers or (), labels))
    default = _reached(everybody, RouteMatch(""), ())
    for match in [one for matches in taken for one in matches] if taken else default:
        found.setdefault(match.receiver, match)
    return found


def _taken(
    routes: Sequence[Route], around: RouteMatch, receivers: Sequence[str], labels: Labels
) -> Iterator[list[RouteMatch]]:
    """Yield the matches of each route that takes the incident; one without receivers has none."""
    for route in routes:
        if not all_match(route.matchers, labels):
            continue
        here = RouteMatch(
            "",
            inherited(route.reminder_every, around.reminder_every),
            inherited(route.mute_time_intervals, around.mute_time_intervals),
            (*around.trail, str(route)),
        )
        names = inherited(route.receivers, tuple(receivers))
        inner = list(_taken(route.routes, here, names, labels))
        found = [one for matches in inner for one in matches]
        yield found if inner else _reached(route, here, names)
        if not route.continues:
            return


def _reached(route: Route, here: RouteMatch, around: Sequence[str]) -> list[RouteMatch]:
    return [replace(here, receiver=name) for name in inherited(route.receivers, tuple(around))]


def not_routed(what: Notification, known: NotificationState) -> Decision | None:
    """Begin nothing that no route leads to the receiver; what it knows of goes on to the end."""
    if known.knows or not what.is_open or what.route is not None:
        return None
    return what.decision(Reason.NOT_ROUTED)


def below_severity(what: Notification, known: NotificationState) -> Decision | None:
    """Begin nothing that is milder than what the receiver asks for."""
    least = what.receiver.least
    if known.knows or not what.is_open or what.alert.incident.severity >= least:
        return None
    return what.decision(Reason.BELOW_SEVERITY, least=least.label)
