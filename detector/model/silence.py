"""What people on call ask for: silences and acknowledgements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from detector.model.incident import Severity
from detector.model.matcher import Labels, Matcher, all_match


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody is told of matching incidents in ``[starts_at, ends_at)``.

    Attributes
    ----------
    id : unique; the newer one of two with the same id replaces the other.
    matchers : all must match; never empty.
    author, comment : who wants quiet, and why; shown wherever the silence acts.
    """

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    author: str
    comment: str

    def __post_init__(self) -> None:
        if not self.matchers:
            raise ValueError("a silence without matchers would silence everything")
        if not self.starts_at < self.ends_at:
            raise ValueError(f"the silence ends ({self.ends_at}) before it begins")

    def mutes(self, labels: Labels, at: datetime) -> bool:
        """Return whether an incident with ``labels`` is muted at ``at``."""
        return self.starts_at <= at < self.ends_at and all_match(self.matchers, labels)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody has an incident in hand: quiet until it ends or grows worse than ``severity``."""

    incident_id: str
    at: datetime
    severity: Severity
    author: str
    comment: str = ""
