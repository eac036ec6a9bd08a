"""The policy: which receivers there are, what they are notified of, and how often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from detector.model.incident import Severity
from detector.model.matcher import Labels, Matcher, all_match
from detector.notify.mute_times import MuteTimeInterval


@dataclass(frozen=True, slots=True)
class ReceiverPolicy:
    """A receiver: its name, the least severity that it asks for, and when it is muted.

    Nothing is sent to it in the intervals that ``mute_time_intervals`` names.
    """

    name: str
    least: Severity
    mute_time_intervals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """A node of the tree. It takes an incident whose labels satisfy all its matchers.

    Attributes
    ----------
    matchers : none takes every incident.
    receivers : whom it leads to; None: those of the route around it. Empty: nobody.
    continues : whether the routes after it are asked too.
    reminder_every : a reminder of an open incident is sent so often; None: as around it.
    mute_time_intervals : names of those in which nothing is sent this way; None: as around it.
    routes : asked first; the first that takes the incident stands in for this one.
    """

    matchers: tuple[Matcher, ...] = ()
    receivers: tuple[str, ...] | None = None
    continues: bool = False
    reminder_every: timedelta | None = None
    mute_time_intervals: tuple[str, ...] | None = None
    routes: tuple[Route, ...] = ()

    def __str__(self) -> str:
        return ", ".join(map(str, self.matchers))


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """How an incident reaches one receiver.

    Attributes
    ----------
    receiver : its name.
    reminder_every : None: there are no reminders.
    mute_time_intervals : names of those in which nothing is sent.
    trail : the routes that lead there, from the outside in; empty where there are none.
    """

    receiver: str
    reminder_every: timedelta | None = None
    mute_time_intervals: tuple[str, ...] = ()
    trail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While an incident satisfies ``when``, others that satisfy ``mute`` are muted.

    Attributes
    ----------
    when, mute : all of each must match. An incident that satisfies both does not mute itself, and
        is not muted by another that does.
    equal : labels in which the two must share a value; one that neither has is shared.
    """

    when: tuple[Matcher, ...]
    mute: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()

    def mutes(self, labels: Labels, by: Labels) -> bool:
        """Return whether an incident with ``labels`` is muted by an open one with labels ``by``."""
        return (
            all_match(self.mute, labels)
            and not all_match(self.when, labels)
            and all_match(self.when, by)
            and all(_share(labels.get(name, ()), by.get(name, ())) for name in self.equal)
        )


def _share(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return bool(set(one) & set(other)) or not (one or other)


@dataclass(frozen=True, slots=True)
class NotificationTiming:
    """How often receivers are notified.

    Attributes
    ----------
    flaps, flap_window : an incident that reopened this often within this time flaps.
    calm : the end of one that flaps is sent once it has stayed ended for so long.
    related_wait : related services are sent together, at most this often. One that is more severe
        than its root for so long is sent by itself.
    related_grace : a related incident that stays open for so long after the end of its root is sent
        by itself.
    max_age : what is older when it is found is recorded and not sent, except the end of what a
        receiver knows of; nor is sent what nobody has observed for so long.
    """

    flaps: int = 2
    flap_window: timedelta = timedelta(hours=6)
    calm: timedelta = timedelta(hours=1)
    related_wait: timedelta = timedelta(minutes=5)
    related_grace: timedelta = timedelta(minutes=15)
    max_age: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NotificationPolicy:
    """Which receivers there are, and what they are notified of.

    Attributes
    ----------
    receivers : all of them.
    routes : the tree, from the top; none leads every incident to every receiver.
    mute_time_intervals : by name.
    inhibitions : what mutes what.
    providers : services by the provider that they depend on.
    timing : how often they are notified, and how late.
    """

    receivers: Sequence[ReceiverPolicy] = ()
    routes: Sequence[Route] = ()
    mute_time_intervals: Mapping[str, MuteTimeInterval] = field(default_factory=dict)
    inhibitions: Sequence[Inhibition] = ()
    providers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    timing: NotificationTiming = NotificationTiming()
