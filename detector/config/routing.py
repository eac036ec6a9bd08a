"""``[[routes]]``, ``[[windows]]``, ``[[inhibitions]]``, ``[[providers]]``: who is told of what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

from detector.fields import (
    LongDuration,
    Name,
    Part,
    Zone,
    suggestion,
)
from detector.model.matcher import (
    LABELS,
    Matcher,
    parse_matcher,
)
from detector.notify.inhibit import Inhibition
from detector.notify.mute_times import WEEKDAYS, MuteTimeInterval
from detector.notify.route import Route


def _parsed(text: object) -> object:
    return parse_matcher(text) if isinstance(text, str) else text


def _local(written: time) -> time:
    if written.tzinfo is not None:
        raise ValueError("is a local time; name the zone under time_zone")
    return written


Match = tuple[Annotated[Matcher, BeforeValidator(_parsed)], ...]
LocalTime = Annotated[time, AfterValidator(_local)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class RouteSettings(Part):
    """A branch of the tree that leads incidents to receivers (docs/alerts.md).

    The first route that takes an incident ends the search; what none takes goes to every receiver.
    """

    match: Match = ()
    """Conditions that all must hold, e.g. `['service="WeChat"', 'severity!="minor"']`; without any
    it takes every incident."""

    receivers: tuple[Name, ...] | None = None
    """Whom it leads to, by name; `[]` is nobody. Those of the route around it where not given."""

    goes_on: bool = Field(default=False, alias="continue")
    """Whether the routes after it are asked too."""

    repeat_every: LongDuration | None = None
    """What goes on is told again after so long without a message; never where nothing is said."""

    quiet: tuple[Name, ...] | None = None
    """Names of windows in which nothing is sent this way."""

    routes: tuple[RouteSettings, ...] = ()
    """Branches inside it: the first that takes the incident stands in for it."""

    def route(self) -> Route:
        """Return the route as it works."""
        return Route(
            matchers=self.match,
            receivers=self.receivers,
            goes_on=self.goes_on,
            repeat_every=self.repeat_every,
            quiet=self.quiet,
            routes=tuple(inner.route() for inner in self.routes),
        )


class WindowSettings(Part):
    """Quiet hours that come back every week. What still goes on after them is told then."""

    name: Name
    """Routes and receivers refer to it by this name."""

    weekdays: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    """On which it begins."""

    start: LocalTime
    """When it begins, local time: `"22:00"`."""

    end: LocalTime
    """When it ends (exclusive), on the next day if that is not after ``start``."""

    time_zone: Zone = "UTC"
    """Whose local time; changes of the clocks are known."""

    match: Match = ()
    """Which incidents it is about; all where nothing is said."""

    def window(self) -> MuteTimeInterval:
        """Return the window as it works."""
        days = frozenset(WEEKDAYS.index(day) for day in self.weekdays)
        zone = ZoneInfo(self.time_zone)
        return MuteTimeInterval(self.name, days, self.start, self.end, zone, self.match)


class InhibitionSettings(Part):
    """While an incident goes on that matches ``when``, those that match ``mute`` are not told."""

    when: Annotated[Match, Field(min_length=1)]
    """What mutes."""

    mute: Annotated[Match, Field(min_length=1)]
    """What is muted, unless it matches ``when`` itself."""

    equal: tuple[Name, ...] = ()
    """Labels in which both must share a value."""

    def inhibition(self) -> Inhibition:
        """Return the rule as it works."""
        return Inhibition(self.when, self.mute, self.equal)


class ProviderSettings(Part):
    """A cloud, a carrier, a payment network: when its services fail together, that is said."""

    name: Name
    """What it is called in messages, and to `provider=` in matchers."""

    services: Annotated[tuple[Name, ...], Field(min_length=2)]
    """Which services depend on it."""


class AlertSettings(Part):
    """How often people are told (docs/alerts.md)."""

    update_every: LongDuration = timedelta(minutes=15)
    """News of an incident (another component, region or source) are told this long after the last
    message at the earliest; each further update waits twice as long as the one before."""

    flaps: Annotated[int, Field(ge=1)] = 2
    """An incident that began again so often within ``flap_window`` flaps: its end is told once it
    has stayed ended for `incidents.regroup`."""

    flap_window: LongDuration = timedelta(hours=6)
    """See ``flaps``."""

    echo_wait: LongDuration = timedelta(minutes=5)
    """Services that echo an incident are told of together, this long after the last message; one
    that is worse than its origin for so long is told by itself."""

    echo_grace: LongDuration = timedelta(minutes=15)
    """An echo that goes on for so long after the end of its origin is told by itself."""


def routing_mistakes(
    routes: Sequence[RouteSettings],
    windows: Sequence[WindowSettings],
    inhibitions: Sequence[InhibitionSettings],
    receivers: Sequence[tuple[str, Sequence[str]]],
) -> Iterator[str]:
    """Yield what names nothing that there is; ``receivers``: (name, names of its windows)."""
    hours = [window.name for window in windows]
    for name in sorted({n for n in hours if hours.count(n) > 1}):
        yield f"windows: the name {name!r} is given twice; names must differ"
    names = [name for name, _ in receivers]
    for i, route in enumerate(routes, start=1):
        yield from _of_route(f"routes[{i}]", route, names, hours)
    for name, quiet in receivers:
        yield from _unknown(f"receivers.{name}.quiet", "window", quiet, hours)
    for i, rule in enumerate(inhibitions, start=1):
        yield from _unknown(f"inhibitions[{i}].equal", "label", rule.equal, LABELS)


def _of_route(
    place: str, route: RouteSettings, names: Sequence[str], hours: Sequence[str]
) -> Iterator[str]:
    yield from _unknown(f"{place}.receivers", "receiver", route.receivers or (), names)
    yield from _unknown(f"{place}.quiet", "window", route.quiet or (), hours)
    for i, inner in enumerate(route.routes, start=1):
        yield from _of_route(f"{place}.routes[{i}]", inner, names, hours)


def _unknown(place: str, what: str, used: Iterable[str], known: Sequence[str]) -> Iterator[str]:
    for name in used:
        if name not in known:
            hint = suggestion(name, known) if known else "there is none"
            yield f"{place}: no such {what} {name!r}; {hint}"
