"""Grouping: a related incident is left to its root, while that says enough of it."""

from __future__ import annotations

from detector.model.decision import Decision, Reason
from detector.notify.inhibit import inhibited
from detector.notify.mute import mute_time, silenced
from detector.notify.notification import Notification, RootNotification
from detector.notify.notification_state import NotificationState


def outlasts_root(what: Notification, known: NotificationState) -> Decision | None:
    """Begin what is still open some time after its root ended."""
    if not what.is_open or known.knows or not outlasts(what):
        return None
    return _about_root(what, Reason.OUTLASTS_ROOT)


def exceeds_root(what: Notification, known: NotificationState) -> Decision | None:
    """Begin what has been worse than its root for some time.

    Of a storm whose root stays mild one incident is so sent by itself, not each. All of a storm
    grow worse within minutes; the root is given time to be no exception.
    """
    if not what.is_open or known.knows or not follows_root(what):
        return None
    root = what.root
    if root is None or not root.what.is_open:
        return None
    waited = what.at - what.alert.at >= what.policy.timing.related_wait
    if not waited or what.alert.incident.severity <= root.severity:
        return None
    return _about_root(what, Reason.EXCEEDS_ROOT)


def grouped(what: Notification, known: NotificationState) -> Decision | None:
    """Leave to the root, if the receiver knows of it, what probably comes from it."""
    if known.knows or not follows_root(what):
        return None
    return _about_root(what, Reason.GROUPED)


def outlasts(what: Notification) -> bool:
    """Return whether the root, of which the receiver knows, ended some time ago."""
    ended = None if what.root is None else what.root.what.alert.incident.resolved_at
    return (
        follows_root(what)
        and ended is not None
        and what.at - ended >= what.policy.timing.related_grace
    )


def follows_root(what: Notification) -> bool:
    """Return whether there is a root of which the receiver knows and may be sent more."""
    root = what.root
    return root is not None and root.known.knows and not (root.what.is_open and _is_mute(root))


def _is_mute(root: RootNotification) -> bool:
    """Return whether nothing can be sent of the root now, so that related ones are by themselves.

    One that is acknowledged is not mute: somebody looks after it.
    """
    stages = (silenced, inhibited, mute_time)
    return root.what.is_unobserved or any(stage(root.what, root.known) for stage in stages)


def _about_root(what: Notification, reason: Reason) -> Decision:
    root = what.alert.attribution
    return what.decision(reason, **({} if root is None else root.params))
