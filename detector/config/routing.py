"""Who is notified of what: routes, mute time intervals, inhibitions, providers, timing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

from detector.fields import LongDuration, Name, Part, Zone, suggestion
from detector.model.matcher import LABELS, Matcher, parse_matcher
from detector.notify.mute_times import WEEKDAYS, MuteTimeInterval
from detector.notify.policy import Inhibition, Route


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
    """A branch of the routing tree, which leads incidents to receivers (docs/alerts.md).

    The first route that matches an incident ends the search. An incident that no route matches goes
    to every receiver.
    """

    match: Match = ()
    """Conditions that must all hold, e.g. `['service="WeChat"', 'severity!="minor"']`. Without any,
    every incident matches."""

    receivers: tuple[Name, ...] | None = None
    """Names of the receivers; `[]` is nobody. Those of the enclosing route if not given."""

    continues: bool = Field(default=False, alias="continue")
    """Whether the routes after this one are tried too."""

    reminder_every: LongDuration | None = None
    """A reminder of an open incident is sent after so long without a message. That of the enclosing
    route if not given; never if none gives it."""

    mute_time_intervals: tuple[Name, ...] | None = None
    """Names of mute time intervals in which nothing is sent by this route. Those of the enclosing
    route if not given."""

    routes: tuple[RouteSettings, ...] = ()
    """Branches inside this route: the first that matches the incident replaces it."""

    def route(self) -> Route:
        """Return the route that incidents take."""
        return Route(
            matchers=self.match,
            receivers=self.receivers,
            continues=self.continues,
            reminder_every=self.reminder_every,
            mute_time_intervals=self.mute_time_intervals,
            routes=tuple(inner.route() for inner in self.routes),
        )


class MuteTimeSettings(Part):
    """Hours of every week in which nothing is sent.

    Incidents that are still open at the end of them are sent then.
    """

    name: Name
    """Routes and receivers refer to it by this name."""

    weekdays: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    """Days on which it begins."""

    start: LocalTime
    """When it begins, local time: `"22:00"`."""

    end: LocalTime
    """When it ends (exclusive), on the next day if that is not after ``start``."""

    time_zone: Zone = "UTC"
    """Time zone of ``start`` and ``end``; daylight saving time is taken into account."""

    match: Match = ()
    """Incidents that it applies to; all of them if not given."""

    def interval(self) -> MuteTimeInterval:
        """Return the interval that notifications are held to."""
        days = frozenset(WEEKDAYS.index(day) for day in self.weekdays)
        zone = ZoneInfo(self.time_zone)
        return MuteTimeInterval(self.name, days, self.start, self.end, zone, self.match)


class InhibitionSettings(Part):
    """While an incident that matches ``when`` is open, those that match ``mute`` are not sent."""

    when: Annotated[Match, Field(min_length=1)]
    """Conditions for the incident that mutes others."""

    mute: Annotated[Match, Field(min_length=1)]
    """Conditions for the incidents that are muted, unless they match ``when`` themselves."""

    equal: tuple[Name, ...] = ()
    """Labels that must have a value in common."""

    def inhibition(self) -> Inhibition:
        """Return the rule that notifications are held to."""
        return Inhibition(self.when, self.mute, self.equal)


class ProviderSettings(Part):
    """A cloud, a carrier, a payment network: when its services fail together, messages say so."""

    name: Name
    """Its name in messages, and for `provider=` in matchers."""

    services: Annotated[tuple[Name, ...], Field(min_length=2)]
    """Services that depend on it."""


class AlertSettings(Part):
    """How often people are notified (docs/alerts.md)."""

    update_every: LongDuration = timedelta(minutes=15)
    """Shortest time from the last message to an update about a new fact (another component, region
    or source); each further update waits twice as long as the one before."""

    flaps: Annotated[int, Field(ge=1)] = 2
    """An incident that reopened so often within ``flap_window`` is flapping: its end is sent only
    once it has lasted for `incidents.reopen_window`."""

    flap_window: LongDuration = timedelta(hours=6)
    """Time in which reopenings are counted; see ``flaps``."""

    related_wait: LongDuration = timedelta(minutes=5)
    """Related incidents are sent together, this long after the last message about their root
    incident. One that is worse than its root for so long is sent by itself."""

    related_grace: LongDuration = timedelta(minutes=15)
    """A related incident that is still open so long after its root ended is sent by itself."""


def routing_mistakes(
    routes: Sequence[RouteSettings],
    intervals: Sequence[MuteTimeSettings],
    inhibitions: Sequence[InhibitionSettings],
    receivers: Sequence[tuple[str, Sequence[str]]],
) -> Iterator[str]:
    """Yield names of things that do not exist; ``receivers``: (name, its mute time intervals)."""
    hours = [interval.name for interval in intervals]
    for name in sorted({n for n in hours if hours.count(n) > 1}):
        yield f"mute_time_intervals: the name {name!r} is given twice; names must differ"
    names = [name for name, _ in receivers]
    for i, route in enumerate(routes, start=1):
        yield from _of_route(f"routes[{i}]", route, names, hours)
    for name, muted in receivers:
        yield from _unknown(
            f"receivers.{name}.mute_time_intervals", "mute time interval", muted, hours
        )
    for i, rule in enumerate(inhibitions, start=1):
        yield from _unknown(f"inhibitions[{i}].equal", "label", rule.equal, LABELS)


def _of_route(
    place: str, route: RouteSettings, names: Sequence[str], hours: Sequence[str]
) -> Iterator[str]:
    yield from _unknown(f"{place}.receivers", "receiver", route.receivers or (), names)
    muted = route.mute_time_intervals or ()
    yield from _unknown(f"{place}.mute_time_intervals", "mute time interval", muted, hours)
    for i, inner in enumerate(route.routes, start=1):
        yield from _of_route(f"{place}.routes[{i}]", inner, names, hours)


def _unknown(place: str, what: str, used: Iterable[str], known: Sequence[str]) -> Iterator[str]:
    for name in used:
        if name not in known:
            hint = suggestion(name, known) if known else "there is none"
            yield f"{place}: no such {what} {name!r}; {hint}"
