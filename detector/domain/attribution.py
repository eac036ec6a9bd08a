"""Attribution: which of several incidents the others likely come from, and why that is thought."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Because(Enum):
    """What an attribution rests on."""

    MENTIONS = "mentions"
    PROVIDER = "provider"
    TOGETHER = "together"


@dataclass(frozen=True, slots=True)
class Attribution:
    """An incident is likely an echo of another one.

    Attributes
    ----------
    origin, origin_id : service and id of the incident it likely comes from.
    because : what speaks for it.
    share : share of its complaints that name the origin too, in [0, 1]; None unless it is that.
    provider : what both likely depend on (a cloud, a carrier); empty unless it is that.
    together : how many services began at about the same time, this one and the origin included.
    """

    origin: str
    origin_id: str
    because: Because
    share: float | None = None
    provider: str = ""
    together: int = 2

    @property
    def sentence(self) -> str:
        """Why, in words."""
        match self.because:
            case Because.MENTIONS:
                return f"{self.share or 0:.0%} of its complaints name {self.origin} too"
            case Because.PROVIDER:
                return f"{self.together} services of {self.provider} began at about the same time"
            case Because.TOGETHER:
                return f"{self.together} services began at about the same time, beyond chance"
