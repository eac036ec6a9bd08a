"""Labels: what an incident is known by to routes, silences, windows and inhibitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from detector.model.details import FACETS, Details
from detector.model.incident import Incident, Severity
from detector.model.matcher import Labels, Matcher, all_match


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
            labels[facet] = details.telling(facet)[0]
    return {label: values for label, values in labels.items() if values}


# Routing: which receivers an incident is for, and how they want to be told.


@dataclass(frozen=True, slots=True)
class ReceiverPolicy:
    """Who is told: the name of a sink, the severity from which on, and when not.

    ``quiet`` names the windows in which nothing is sent to it.
    """

    name: str
    least: Severity
    quiet: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """A node of the tree. It takes an incident whose labels satisfy all its matchers.

    Attributes
    ----------
    matchers : none takes every incident.
    receivers : whom it leads to; None: those of the route around it. Empty: nobody.
    goes_on : whether the routes after it are asked too.
    repeat_every : an incident that goes on is told again so often; None: as around it.
    quiet : windows in which nothing is sent this way; None: as around it.
    routes : asked first; the first that takes the incident stands in for this one.
    """

    matchers: tuple[Matcher, ...] = ()
    receivers: tuple[str, ...] | None = None
    goes_on: bool = False
    repeat_every: timedelta | None = None
    quiet: tuple[str, ...] | None = None
    routes: tuple[Route, ...] = ()

    def __str__(self) -> str:
        """Return the matchers; empty where it takes every incident."""
        return ", ".join(map(str, self.matchers))


@dataclass(frozen=True, slots=True)
class Way:
    """How one receiver is reached.

    Attributes
    ----------
    receiver : its name.
    repeat_every : None: what goes on is not repeated.
    quiet : names of the windows in which nothing is sent.
    trail : the routes that lead there, from the outside in; empty where there are none.
    """

    receiver: str
    repeat_every: timedelta | None = None
    quiet: tuple[str, ...] = ()
    trail: tuple[str, ...] = ()


def ways(
    routes: Sequence[Route], receivers: Sequence[ReceiverPolicy], labels: Labels
) -> Mapping[str, Way]:
    """Return how an incident with ``labels`` reaches its receivers, by their names.

    What no route takes goes to every receiver, as if there were no routes: nothing is lost by a
    gap in the tree. Who is reached twice is reached the first way.
    """
    everybody = Route(receivers=tuple(r.name for r in receivers))
    found: dict[str, Way] = {}
    taken = list(_taken(routes, Way(""), everybody.receivers or (), labels))
    for way in [w for ways_ in taken for w in ways_] if taken else _led(everybody, Way(""), ()):
        found.setdefault(way.receiver, way)
    return found


def _taken(
    routes: Sequence[Route], around: Way, receivers: Sequence[str], labels: Labels
) -> Iterator[list[Way]]:
    """Yield the ways of each route that takes the incident; one that leads to nobody has none."""
    for route in routes:
        if not all_match(route.matchers, labels):
            continue
        here = Way(
            "",
            around.repeat_every if route.repeat_every is None else route.repeat_every,
            around.quiet if route.quiet is None else route.quiet,
            (*around.trail, str(route)),
        )
        led = tuple(receivers) if route.receivers is None else route.receivers
        inner = list(_taken(route.routes, here, led, labels))
        yield [w for ways_ in inner for w in ways_] if inner else _led(route, here, led)
        if not route.goes_on:
            return


def _led(route: Route, here: Way, around: Sequence[str]) -> list[Way]:
    names = around if route.receivers is None else route.receivers
    return [Way(name, here.repeat_every, here.quiet, here.trail) for name in names]
