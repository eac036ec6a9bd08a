"""Decisions: why people were notified of an incident, and why they were not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from detector.model.alert import AlertKind


class Reason(StrEnum):
    """Why somebody is notified of an incident, or is not: a code, which the catalogue words.

    The first ones send something (`kind`), the others nothing.
    """

    OPENED = "opened"
    CAUGHT_UP = "caught_up"
    EXCEEDS_ROOT = "exceeds_root"
    OUTLASTS_ROOT = "outlasts_root"
    ESCALATED = "escalated"
    UPDATED = "updated"
    RELATED = "related"
    REOPENED = "reopened"
    REMINDER = "reminder"
    RESOLVED = "resolved"

    NO_CHANGE = "no_change"
    TOO_SOON = "too_soon"
    NEVER_NOTIFIED = "never_notified"
    PRESS = "press"
    FEW_ACCOUNTS = "few_accounts"
    NOT_ROUTED = "not_routed"
    BELOW_SEVERITY = "below_severity"
    TOO_OLD = "too_old"
    NOT_OBSERVED = "not_observed"
    REFUSED = "refused"
    SILENCED = "silenced"
    INHIBITED = "inhibited"
    MUTE_TIME = "mute_time"
    ACKNOWLEDGED = "acknowledged"
    GROUPED = "grouped"
    FLAPPING = "flapping"

    #: Of an earlier version, which stored a sentence that none of the codes fits.
    RECORDED = "recorded"

    @property
    def kind(self) -> AlertKind | None:
        """The kind of alert that this reason sends, None if it sends none."""
        return _SENDS.get(self)


_SENDS = {
    Reason.OPENED: AlertKind.OPENED,
    Reason.CAUGHT_UP: AlertKind.OPENED,
    Reason.EXCEEDS_ROOT: AlertKind.OPENED,
    Reason.OUTLASTS_ROOT: AlertKind.OPENED,
    Reason.ESCALATED: AlertKind.ESCALATED,
    Reason.UPDATED: AlertKind.UPDATED,
    Reason.RELATED: AlertKind.UPDATED,
    Reason.REOPENED: AlertKind.REOPENED,
    Reason.REMINDER: AlertKind.REMINDER,
    Reason.RESOLVED: AlertKind.RESOLVED,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision about one incident, kept to be shown and counted.

    Attributes
    ----------
    incident_id : about what.
    at : when it was taken.
    reason : why, as a code.
    params : what the words of the reason are filled in with: JSON values, times as ISO 8601 text.
        Of what is new: ``components``, ``regions``, ``sources``, ``services`` (lists); of a root
        incident: ``root``, ``root_id``, ``because`` and, by it, ``share``, ``provider``, ``count``;
        ``severity``; ``least`` (severity asked for); of a mute: ``author``, ``comment``,
        ``until``, ``by`` (id of an incident), ``interval``; ``text`` of a recorded one.
    kind : the kind of message that was sent, None if none was.
    receiver : whom it is about; empty for the incident as a whole.
    """

    incident_id: str
    at: datetime
    reason: Reason
    params: Mapping[str, Any] = field(default_factory=dict)
    kind: AlertKind | None = None
    receiver: str = ""

    def repeats(self, before: Decision | None) -> bool:
        """Return whether ``before`` gave the same reason, with the same parameters."""
        return before is not None and self.reason is before.reason and self.params == before.params
