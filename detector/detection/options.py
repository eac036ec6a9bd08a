"""What a user may say about detection, with defaults that follow from principle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """A span ``[start, end)`` in which the volume is known to differ: a sale, a holiday, a launch.

    Attributes
    ----------
    start, end : aware UTC.
    factor : how many times the usual volume is expected. None means unknown: then only a surge
        that dwarfs any ordinary event is reported. Bins of known events are never learnt from.
    """

    start: datetime
    end: datetime
    factor: float | None = None

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a known event needs aware start and end")
        if not self.start < self.end:
            raise ValueError(
                f"a known event must end after it starts, not {self.end} <= {self.start}"
            )
        if self.factor is not None and not 0 < self.factor < float("inf"):
            raise ValueError(f"the factor of a known event must be > 0, not {self.factor}")


@dataclass(frozen=True, slots=True)
class DetectionOptions:
    """How often a service may page in vain, and what is known about its calendar.

    Attributes
    ----------
    max_false_pages_per_week : false alarms tolerated per service and week; the threshold on the
        evidence follows from it (see ``calibration``). Lower means later and fewer alarms.
    time_zone : IANA name of the zone whose clock the service's users live by; the daily profile
        follows it through daylight-saving changes.
    known_events : spans with an unusual but expected volume.
    """

    max_false_pages_per_week: float = 0.03
    time_zone: str = "UTC"
    known_events: tuple[KnownEvent, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.max_false_pages_per_week <= 10:
            raise ValueError(
                f"max_false_pages_per_week must be in (0, 10], not {self.max_false_pages_per_week}"
            )
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"unknown time zone {self.time_zone!r}") from error
