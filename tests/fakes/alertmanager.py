"""An Alertmanager in memory: it merges what it is told, and ends what nobody repeats."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

Labels = frozenset[tuple[str, str]]
Span = tuple[datetime, datetime]


@dataclass
class FakeAlertmanager:
    """Stands in for a `Poster`; what it is told is merged as its version 0.25 merges.

    A span that overlaps the one that it knows begins with the earlier of the two; an end that lies
    in the past replaces one that lies ahead.
    """

    spans: dict[Labels, Span] = field(default_factory=dict)

    def post(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> None:
        for alert in json.loads(body):
            starts, ends = (datetime.fromisoformat(alert[x]) for x in ("startsAt", "endsAt"))
            assert starts < ends, "it refuses an alert that ends before it starts"
            labels = frozenset(alert["labels"].items())
            known = self.spans.get(labels)
            self.spans[labels] = _merged(known, (starts, ends), now) if known else (starts, ends)

    def firing(self, now: datetime) -> set[tuple[str, str]]:
        """Return incident and severity of what goes on."""
        going_on = [dict(labels) for labels, (_, ends) in self.spans.items() if ends > now]
        return {(labels["incident"], labels["severity"]) for labels in going_on}


def _merged(old: Span, new: Span, now: datetime) -> Span:
    overlaps = old[0] < new[1] < old[1] or old[0] < new[0] < old[1]
    if not overlaps:
        return new
    is_over, was_over = new[1] <= now, old[1] <= now
    later = max(old[1], new[1])
    ends = later if not is_over or was_over else new[1]
    return (min(old[0], new[0]), ends)
