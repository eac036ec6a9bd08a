"""Rows that others hand in: taken from the inbox in the order in which they came.

The cursor is the position of the last batch taken, so a crash between push and commit loses
nothing and doubles nothing. What a sender did not say it observed was not observed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal

import msgspec
import pandas as pd

from detector.errors import Garbled, StoreError, Unavailable
from detector.fields import JudgedWidth
from detector.model.columns import POSTS_OPTIONAL, instants, numbers, texts
from detector.model.push_batch import PushBatch
from detector.sources.base import Poll, SourceContext, SourceSettings, decode_cursor
from detector.store.base import Inbox
from detector.text.phrasing import Phrasing

#: So many batches, or the batch that brings the rows to so many, are taken in one poll.
MOST_BATCHES = 500
ROWS = 100_000
#: A batch is kept so long, so that its key is known when its sender sends it again.
KEPT = timedelta(days=1)


class PushSettings(SourceSettings):
    """Posts or counts that others hand in over HTTP (docs/api.md)."""

    reads: ClassVar[str] = "posts or counts"
    history: ClassVar[str] = "what is handed in"
    up_when: ClassVar[str] = "`observed` in what is handed in; for counts, that there is a row"
    needs: ClassVar[str] = "a token with the scope `push`"
    example: ClassVar[str] = """\
[[sources]]                     # whoever has posts or counts hands them in: docs/api.md
type = "push"
name = "helpdesk"
rows = "posts"
"""

    type: Literal["push"]
    rows: Literal["posts", "counts"]
    """What is handed in: posts to `/v1/posts`, or counts to `/v1/counts`."""

    width: JudgedWidth = timedelta(minutes=1)
    """Bin width of counts, 10 s to 2 h."""

    awaited: bool = True
    """Whether something should always arrive, so that the source is reported as down otherwise."""

    def build(self, context: SourceContext) -> PushSource:
        """Return the source, which reads the inbox that all of its kind share."""
        inbox = context.inbox()
        return PushSource(self.name, inbox, self.rows, width=self.width, awaited=self.awaited)

    def describe(self, context: SourceContext, say: Phrasing) -> str:
        """Return where rows are handed in."""
        return say.texts("integration.pushed", url=f"{context.web_url}/v1/{self.rows}")


class PushCursor(msgspec.Struct, frozen=True):
    """Where the next poll continues: behind the batch at this position."""

    position: int


class Document(msgspec.Struct, frozen=True):
    """What a batch holds.

    Attributes
    ----------
    rows : of the posts or of the counts table.
    observed : half-open spans that the sender observed.
    """

    rows: list[dict[str, str | float | None]]
    observed: list[tuple[datetime, datetime]] = []


@dataclass(eq=False)
class PushSource:
    """Posts or counts that wait in the inbox.

    Parameters
    ----------
    name : the source's name in the configuration.
    inbox : where pushed rows wait.
    rows : which table they are of.
    width : bin width of counts.
    awaited : whether something is always to come.
    """

    name: str
    inbox: Inbox
    rows: Literal["posts", "counts"]
    width: timedelta = timedelta(minutes=1)
    awaited: bool = True
    _forgotten: int = field(default=0, init=False)

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        """Return what was handed in since ``cursor``; see `Source.poll`.

        A batch about a time that has not come yet waits, and those behind it.
        """
        position = _parse(cursor).position
        try:
            batches = self.inbox.after(self.name, position, limit=MOST_BATCHES)
            self._forget(position, until)
        except StoreError as error:
            raise Unavailable(f"{self.name}: the inbox cannot be read: {error}") from error
        taken = list(self._ripe(batches, until))
        if not taken:
            return self._nothing(cursor)
        documents = [document for _, document in taken]
        after = msgspec.json.encode(PushCursor(taken[-1][0].position)).decode()
        if self.rows == "posts":
            observed = [span for document in documents for span in document.observed]
            return Poll(
                after, posts=_posts(documents), observed=tuple(observed), awaited=self.awaited
            )
        return Poll(after, counts=_counts(documents), width=self.width, awaited=self.awaited)

    def _nothing(self, cursor: str | None) -> Poll:
        if self.rows == "posts":
            return Poll(cursor, awaited=self.awaited)
        return Poll(cursor, counts=_counts(()), width=self.width, awaited=self.awaited)

    def _ripe(
        self, batches: Sequence[PushBatch], until: datetime
    ) -> Iterator[tuple[PushBatch, Document]]:
        """Yield the batches to take in now."""
        total = 0
        for batch in batches:
            document = self._opened(batch)
            total += len(document.rows)
            if self._reach(document) > until:
                return
            yield batch, document
            if total >= ROWS:
                return

    def _reach(self, document: Document) -> datetime:
        """Return up to when ``document`` tells of something."""
        width = self.width if self.rows == "counts" else timedelta(0)
        times = [datetime.fromisoformat(str(row["time"])) + width for row in document.rows]
        ends = [end for _, end in document.observed]
        return max((*times, *ends), default=datetime.min.replace(tzinfo=UTC))

    def _opened(self, batch: PushBatch) -> Document:
        try:
            return msgspec.json.decode(batch.document, type=Document)
        except msgspec.DecodeError as error:
            raise Garbled(
                f"{self.name}: the batch at {batch.position} in the inbox is damaged: {error}"
            ) from error

    def _forget(self, position: int, until: datetime) -> None:
        """Drop what was taken in, committed and is too old to be sent again."""
        if position > self._forgotten:
            self.inbox.forget(self.name, up_to=position, before=until - KEPT)
            self._forgotten = position


def _parse(cursor: str | None) -> PushCursor:
    if cursor is None:
        return PushCursor(0)
    return decode_cursor(cursor, PushCursor, of="the inbox")


def _posts(documents: Iterable[Document]) -> pd.DataFrame:
    """Return the posts in order of time; of those with the same id the first."""
    frame = _frame(documents, ("time", "text", *POSTS_OPTIONAL))
    columns = {name: texts(frame[name]) for name in ("text", *POSTS_OPTIONAL)}
    posts = pd.DataFrame({"time": _times(frame), **columns})
    again = (posts["id"] != "") & posts["id"].duplicated()
    return posts[~again].sort_values("time", kind="stable", ignore_index=True)


def _counts(documents: Iterable[Document]) -> pd.DataFrame:
    """Return the counts in order of arrival: of rows for the same bin the last one counts."""
    frame = _frame(documents, ("time", "service", "count", "source"))
    return pd.DataFrame(
        {
            "time": _times(frame),
            "service": texts(frame["service"]),
            "count": numbers(frame["count"], line_of=_row),
            "source": texts(frame["source"]),
        }
    )


def _frame(documents: Iterable[Document], columns: Sequence[str]) -> pd.DataFrame:
    rows = [row for document in documents for row in document.rows]
    return pd.DataFrame.from_records(rows, columns=None if rows else list(columns)).reindex(
        columns=list(columns)
    )


def _times(frame: pd.DataFrame) -> pd.Series:
    if frame.empty:
        return pd.Series(dtype="datetime64[us, UTC]")
    return instants(frame["time"], line_of=_row)


def _row(row: int) -> int:
    return row + 1
