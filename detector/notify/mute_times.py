"""Mute time intervals: hours that come back every week, in which nobody wants to be notified."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from detector.model.matcher import Labels, Matcher, all_match

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class MuteTimeInterval:
    """The hours ``[start, end)`` of some weekdays.

    Attributes
    ----------
    name : unique; routes and receivers refer to it.
    weekdays : on which it begins, 0 is Monday.
    start, end : local times; one that ends no later than it begins ends on the next day, so that
        equal ones make a whole day.
    zone : whose local time.
    matchers : it is about incidents that satisfy all; none is about every incident.
    """

    name: str
    weekdays: frozenset[int]
    start: time
    end: time
    zone: ZoneInfo
    matchers: tuple[Matcher, ...] = ()

    def until(self, at: datetime) -> datetime | None:
        """Return when the window that holds ``at`` ends (UTC), None when none does."""
        today = at.astimezone(self.zone).date()
        # It may have begun yesterday, or, where the clocks leapt at midnight, the day before.
        for day in (today - 2 * _DAY, today - _DAY, today):
            begins, ends = self._on(day)
            if day.weekday() in self.weekdays and begins <= at < ends:
                return ends
        return None

    def mutes(self, labels: Labels, at: datetime) -> bool:
        """Return whether an incident with ``labels`` is muted at ``at``."""
        return self.until(at) is not None and all_match(self.matchers, labels)

    def _on(self, day: date) -> tuple[datetime, datetime]:
        """Return the instants between which the window of ``day`` lies, in UTC."""
        last = day if self.start < self.end else day + _DAY
        return self._instant(day, self.start), self._instant(last, self.end)

    def _instant(self, day: date, local: time) -> datetime:
        written = datetime.combine(day, local, self.zone)
        instant = written.astimezone(UTC)
        exists = instant.astimezone(self.zone).replace(tzinfo=None) == written.replace(tzinfo=None)
        return instant if exists else self._leap(written.replace(fold=1).astimezone(UTC), instant)

    def _leap(self, before: datetime, after: datetime) -> datetime:
        """Return the instant between the two, to the second, at which the clocks leap."""
        offset = after.astimezone(self.zone).utcoffset()
        while after - before > _SECOND:
            middle = before + (after - before) // _SECOND // 2 * _SECOND
            if middle.astimezone(self.zone).utcoffset() == offset:
                after = middle
            else:
                before = middle
        return after
