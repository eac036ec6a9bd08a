"""How far the sources are that make up for time that was missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from detector.domain.feed import FeedHealth
from detector.domain.times import iso

log = structlog.get_logger("detector.catchup")

#: A source that is further behind than this is catching up.
BEHIND = timedelta(minutes=15)


@dataclass(slots=True)
class CatchUp:
    """Logs the progress of sources that are behind, as long as they move on."""

    _reached: dict[str, datetime] = field(default_factory=dict)

    def say(self, feeds: Sequence[FeedHealth], now: datetime) -> None:
        """Log how far each of ``feeds`` is at ``now``; nothing of those that keep up."""
        for feed in feeds:
            before, reached = self._reached.get(feed.source), feed.observed_until
            if reached is None or reached == before:
                continue
            self._reached[feed.source] = reached
            if now - reached > BEHIND:
                left = str(now - reached).partition(".")[0]
                log.info("catching up", source=feed.source, until=iso(reached), left=left)
            elif before is not None and now - before > BEHIND:
                log.info("caught up", source=feed.source)
