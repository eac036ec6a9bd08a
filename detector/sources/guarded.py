"""A source that strangers wrote, held to its contract: one that breaks it observes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from detector.errors import Garbled
from detector.ports import Pull, Source
from detector.sources.shape import faults_of


@dataclass(frozen=True, slots=True)
class GuardedSource:
    """``inner``, whose pulls are looked at before anybody counts them.

    Attributes
    ----------
    name : the source's name in the configuration; ``inner`` bears it too.
    inner : asked for everything.
    """

    name: str
    inner: Source

    def pull(self, cursor: str | None, *, until: datetime) -> Pull:
        """Return what ``inner`` brings. Raises `Garbled` when that has another shape."""
        pull = self.inner.pull(cursor, until=until)
        if not isinstance(pull, Pull):
            raise Garbled(f"{self.name}: pull returned {type(pull).__name__}, not Pull")
        if faults := faults_of(pull, until=until):
            raise Garbled(f"{self.name}: {'; '.join(faults)}")
        return pull
