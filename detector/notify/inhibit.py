"""Inhibition: while one incident is open, others that follow from it are muted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from detector.model.decision import Decision, Reason
from detector.model.matcher import Labels
from detector.notify.notification import Notification
from detector.notify.notification_state import NotificationState
from detector.notify.policy import Inhibition


def inhibited(what: Notification, _: NotificationState) -> Decision | None:
    """Let wait what another open incident mutes."""
    by = inhibitor(what.policy.inhibitions, what.labels, what.open_labels)
    return None if by is None else what.decision(Reason.INHIBITED, by=by)


def inhibitor(
    rules: Sequence[Inhibition], labels: Labels, open_ones: Iterable[Labels]
) -> str | None:
    """Return the id of the first of ``open_ones`` that mutes an incident with ``labels``."""
    candidates = list(open_ones) if rules else []
    for rule in rules:
        for by in candidates:
            if by.get("incident") != labels.get("incident") and rule.mutes(labels, by):
                return by["incident"][0]
    return None
