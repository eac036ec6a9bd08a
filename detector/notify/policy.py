"""The audience: everybody who may be told, and how they want it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from detector.notify.inhibit import Inhibition
from detector.notify.mute_times import MuteTimeInterval
from detector.notify.route import ReceiverPolicy, Route


@dataclass(frozen=True, slots=True)
class NotificationTiming:
    """How often people are told.

    Attributes
    ----------
    flaps, flap_window : an incident that began again this often within this time flaps.
    calm : the end of one that flaps is told once it has stayed ended for so long.
    echo_wait : services that echo an incident are told of together, at most this often. One that
        is worse than its origin for so long is told by itself.
    echo_grace : an echo that goes on for so long after the end of its origin is told by itself.
    max_age : what is older when it is found is recorded and not told, except the end of what
        somebody heard of; nor is told what nobody has observed for so long.
    """

    flaps: int = 2
    flap_window: timedelta = timedelta(hours=6)
    calm: timedelta = timedelta(hours=1)
    echo_wait: timedelta = timedelta(minutes=5)
    echo_grace: timedelta = timedelta(minutes=15)
    max_age: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NotificationPolicy:
    """Who may be told of what.

    Attributes
    ----------
    receivers : everybody.
    routes : the tree, from the top; none leads every incident to every receiver.
    windows : hours of quiet, by name.
    inhibitions : what mutes what.
    providers : services by the provider that they depend on.
    habits : how often.
    """

    receivers: Sequence[ReceiverPolicy] = ()
    routes: Sequence[Route] = ()
    windows: Mapping[str, MuteTimeInterval] = field(default_factory=dict)
    inhibitions: Sequence[Inhibition] = ()
    providers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    habits: NotificationTiming = NotificationTiming()
