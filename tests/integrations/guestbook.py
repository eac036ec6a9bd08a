"""A source in one file, as a contributor would add it: lines of a guestbook on disk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, Literal

from detector.errors import Unavailable
from detector.sources.base import Poll, SourceContext, SourceSettings
from detector.sources.time_windows import Post, parse_lookback, posts_frame
from detector.text.phrasing import Phrasing


class GuestbookSettings(SourceSettings):
    """Lines ``TIME TEXT`` of a guestbook."""

    reads: ClassVar[str] = "lines of a guestbook"
    needs: ClassVar[str] = "a guestbook"
    history: ClassVar[str] = "all of it"
    up_when: ClassVar[str] = "the file is there"
    example: ClassVar[str] = """\
[[sources]]                     # a guestbook
type = "guestbook"
name = "guests"
path = "guests.txt"
"""

    type: Literal["guestbook"]
    path: Path
    """The guestbook."""

    def build(self, context: SourceContext) -> Guestbook:
        """Return the source."""
        return Guestbook(self.name, context.base / self.path)

    def describe(self, context: SourceContext, say: Phrasing) -> str:
        """Return where the guestbook lies."""
        return f"the guestbook {context.base / self.path}"


@dataclass
class Guestbook:
    """Reads the lines since the last poll."""

    name: str
    path: Path

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        """Return the lines since; see `Source.poll`."""
        past = parse_lookback(cursor, otherwise=until - timedelta(hours=1))
        if until <= past.until:
            return Poll(cursor)
        try:
            lines = self.path.read_text("utf-8").splitlines()
        except OSError as error:
            raise Unavailable(f"{self.name}: no guestbook ({error.strerror})") from None
        entries = (line.split(" ", 1) for line in lines)
        found = [Post(datetime.fromisoformat(time), time, text) for time, text in entries]
        posts = [post for post in found if past.until <= post.time < until]
        after = past.after(posts, until=until, overlap=timedelta(0))
        return Poll(after.text(), posts=posts_frame(posts), observed=((past.until, until),))
