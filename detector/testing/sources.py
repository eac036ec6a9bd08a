"""What every source does, as tests to inherit."""

from __future__ import annotations

import traceback
from abc import abstractmethod
from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pandas as pd

from detector.errors import SourceError
from detector.model.spans import Spans
from detector.sources.base import Poll, Source
from detector.sources.contract import faults_of

_MINUTE = timedelta(minutes=1)
_MOST_POLLS = 100


class SourceContract:
    """Inherit as ``class TestForum(SourceContract)``.

    The place that the source reads (a server on the loopback, a file) must hold something for
    every one of the minutes from ``now - 10 min`` to ``now + 5 min``, and may show all of it at
    any time: a source leaves out by itself what is not before ``until``.

    Attributes
    ----------
    now : the time of the test, aware UTC, on a whole minute; a first poll goes up to it.
    secret : a secret that the source was given, to be found in nothing that it says; None if none.
    """

    now: datetime
    secret: str | None = None

    @abstractmethod
    def make(self) -> Source:
        """Return a fresh source, as after a restart."""

    @abstractmethod
    def break_down(self) -> None:
        """Let the place fail until `mend`."""

    @abstractmethod
    def mend(self) -> None:
        """Let it answer again."""

    def poll(self, source: Source, cursor: str | None, until: datetime) -> Poll:
        """Return ``source.poll(cursor, until=until)``; a stream may have to be asked repeatedly."""
        return source.poll(cursor, until=until)

    def test_it_bears_a_name(self) -> None:
        """The name in the configuration is the source's."""
        assert self.make().name
        assert self.make().name == self.make().name

    def test_a_poll_has_the_documented_shape(self) -> None:
        """Tables as docs/interface.md has them, aware UTC, everything before ``until``."""
        poll = self.poll(self.make(), None, self.now)
        assert faults_of(poll, until=self.now) == ()
        assert rows_of([poll]), "the place holds rows, the first poll brings some"
        assert poll.observed or poll.counts is not None, "a poll of posts says what it observed"

    def test_a_cursor_goes_with_every_poll_and_is_small(self) -> None:
        """It is stored with every run."""
        cursor = self.poll(self.make(), None, self.now).cursor
        assert cursor is not None
        assert len(cursor) < 16_000

    def test_the_same_cursor_gives_the_same_rows_again(self) -> None:
        """A crash between poll and commit loses nothing."""
        source = self.make()
        first = self.poll(source, None, self.now - 5 * _MINUTE)
        one = rows_of([self.poll(source, first.cursor, self.now)])
        again = rows_of([self.poll(source, first.cursor, self.now)])
        after_a_crash = rows_of([self.poll(self.make(), first.cursor, self.now)])
        assert one
        assert one.items() <= again.items()
        assert one.items() <= after_a_crash.items()

    def test_minute_by_minute_with_restarts_nothing_is_lost_or_doubled(self) -> None:
        """Small steps bring what one large one brings."""
        end = self.now + 5 * _MINUTE
        source, polls = self.make(), [self.poll(self.make(), None, self.now)]
        for i in range(1, 6):
            source = self.make() if i in (2, 3) else source
            polls.append(self.poll(source, polls[-1].cursor, self.now + i * _MINUTE))
        large = self._until(end, self.poll(self.make(), None, self.now))
        assert rows_of(polls) == rows_of(large)
        assert _doubled(polls) == [], "a post comes once"
        if polls[0].posts is not None:
            spans = [span for poll in polls for span in poll.observed]
            assert all(a[1] <= b[0] for a, b in pairwise(spans)), "no time is observed twice"
            assert len(Spans.of(spans)) == 1, "the polls leave no gap"

    def test_a_failure_is_a_source_error_and_is_made_up_for(self) -> None:
        """A poll that failed observes nothing; the next one finds what it missed."""
        first = self.poll(self.make(), None, self.now - 5 * _MINUTE)
        self.break_down()
        try:
            error = self._failure(first.cursor)
        finally:
            self.mend()
        shown = "".join(traceback.format_exception(error)) + repr(error) + repr(self.make())
        assert self.secret is None or self.secret not in shown
        rest = self._until(self.now, self.poll(self.make(), first.cursor, self.now))
        whole = self._until(self.now, self.poll(self.make(), None, self.now - 5 * _MINUTE))
        assert rows_of([first, *rest]) == rows_of(whole)

    def test_time_that_has_not_passed_is_not_asked_for(self) -> None:
        """An earlier ``until`` than the cursor's brings nothing and goes back nowhere."""
        first = self.poll(self.make(), None, self.now)
        again = self.make().poll(first.cursor, until=self.now - _MINUTE)
        assert not again.observed
        assert not rows_of([again])

    def test_the_secret_is_in_nothing_that_is_kept(self) -> None:
        """Cursors and rows go into the store."""
        poll = self.poll(self.make(), None, self.now)
        kept = [str(poll.cursor), *(f.to_csv() for f in (poll.posts, poll.counts) if f is not None)]
        assert self.secret is None or self.secret not in "".join(kept)

    def _failure(self, cursor: str | None) -> SourceError:
        try:
            self.poll(self.make(), cursor, self.now)
        except SourceError as error:
            return error
        raise AssertionError("a place that is down is no empty one: raise a SourceError")

    def _until(self, end: datetime, poll: Poll) -> list[Poll]:
        """Return ``poll`` and those after it, until everything before ``end`` was observed."""
        polls = [poll]
        for _ in range(_MOST_POLLS):
            before = rows_of(polls)
            polls.append(self.poll(self.make(), polls[-1].cursor, end))
            if not polls[-1].observed and rows_of(polls) == before:
                return polls
        raise AssertionError(f"not at {end} after {_MOST_POLLS} polls")


def rows_of(polls: Iterable[Poll]) -> dict[Hashable, object]:
    """Return the rows that ``polls`` brought: posts by id, counts by bin, whose last one holds."""
    found: dict[Hashable, object] = {}
    for poll in polls:
        for frame in (poll.posts, poll.counts):
            if frame is not None:
                found |= dict(zip(_keys(frame), _values(frame), strict=True))
    return found


def _keys(frame: pd.DataFrame) -> list[Hashable]:
    if "id" in frame:
        return list(frame["id"])
    names = [name for name in ("time", "service", "title", "text", "author") if name in frame]
    return list(frame[names].itertuples(index=False, name=None))


def _values(frame: pd.DataFrame) -> list[object]:
    column = frame["text"] if "text" in frame else frame["count"]
    return list(column.astype(object).where(column.notna(), None))


def _doubled(polls: Sequence[Poll]) -> list[Hashable]:
    keys = [key for poll in polls if poll.posts is not None for key in _keys(poll.posts)]
    return [key for key in dict.fromkeys(keys) if keys.count(key) > 1]
