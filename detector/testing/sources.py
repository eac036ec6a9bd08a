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
from detector.sources.base import Pull, Source, faults_of

_MINUTE = timedelta(minutes=1)
_MOST_PULLS = 100


class SourceContract:
    """Inherit as ``class TestForum(SourceContract)``.

    The place that the source reads (a server on the loopback, a file) must hold something for
    every one of the minutes from ``now - 10 min`` to ``now + 5 min``, and may show all of it at
    any time: a source leaves out by itself what is not before ``until``.

    Attributes
    ----------
    now : the time of the test, aware UTC, on a whole minute; up to then a first pull looks.
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

    def pull(self, source: Source, cursor: str | None, until: datetime) -> Pull:
        """Return ``source.pull(cursor, until=until)``; a stream may have to be asked repeatedly."""
        return source.pull(cursor, until=until)

    def test_it_bears_a_name(self) -> None:
        """The name in the configuration is the source's."""
        assert self.make().name
        assert self.make().name == self.make().name

    def test_a_pull_has_the_documented_shape(self) -> None:
        """Tables as docs/interface.md has them, aware UTC, everything before ``until``."""
        pull = self.pull(self.make(), None, self.now)
        assert faults_of(pull, until=self.now) == ()
        assert rows_of([pull]), "the place holds rows, the first pull brings some"
        assert pull.observed or pull.counts is not None, "a pull of posts says when it looked"

    def test_a_cursor_goes_with_every_pull_and_is_small(self) -> None:
        """It is kept with every turn."""
        cursor = self.pull(self.make(), None, self.now).cursor
        assert cursor is not None
        assert len(cursor) < 16_000

    def test_the_same_cursor_gives_the_same_rows_again(self) -> None:
        """A crash between pull and commit loses nothing."""
        source = self.make()
        first = self.pull(source, None, self.now - 5 * _MINUTE)
        one = rows_of([self.pull(source, first.cursor, self.now)])
        again = rows_of([self.pull(source, first.cursor, self.now)])
        after_a_crash = rows_of([self.pull(self.make(), first.cursor, self.now)])
        assert one
        assert one.items() <= again.items()
        assert one.items() <= after_a_crash.items()

    def test_minute_by_minute_with_restarts_nothing_is_lost_or_doubled(self) -> None:
        """Small steps bring what one large one brings."""
        end = self.now + 5 * _MINUTE
        source, pulls = self.make(), [self.pull(self.make(), None, self.now)]
        for i in range(1, 6):
            source = self.make() if i in (2, 3) else source
            pulls.append(self.pull(source, pulls[-1].cursor, self.now + i * _MINUTE))
        large = self._until(end, self.pull(self.make(), None, self.now))
        assert rows_of(pulls) == rows_of(large)
        assert _doubled(pulls) == [], "a post comes once"
        if pulls[0].posts is not None:
            spans = [span for pull in pulls for span in pull.observed]
            assert all(a[1] <= b[0] for a, b in pairwise(spans)), "no time is observed twice"
            assert len(Spans.of(spans)) == 1, "the looks leave no gap"

    def test_a_failure_is_a_source_error_and_is_made_up_for(self) -> None:
        """A look that failed observes nothing; the next one finds what it missed."""
        first = self.pull(self.make(), None, self.now - 5 * _MINUTE)
        self.break_down()
        try:
            error = self._failure(first.cursor)
        finally:
            self.mend()
        shown = "".join(traceback.format_exception(error)) + repr(error) + repr(self.make())
        assert self.secret is None or self.secret not in shown
        rest = self._until(self.now, self.pull(self.make(), first.cursor, self.now))
        whole = self._until(self.now, self.pull(self.make(), None, self.now - 5 * _MINUTE))
        assert rows_of([first, *rest]) == rows_of(whole)

    def test_time_that_has_not_passed_is_not_asked_for(self) -> None:
        """An earlier ``until`` than the cursor's brings nothing and goes back nowhere."""
        first = self.pull(self.make(), None, self.now)
        again = self.make().pull(first.cursor, until=self.now - _MINUTE)
        assert not again.observed
        assert not rows_of([again])

    def test_the_secret_is_in_nothing_that_is_kept(self) -> None:
        """Cursors and rows go into the store."""
        pull = self.pull(self.make(), None, self.now)
        kept = [str(pull.cursor), *(f.to_csv() for f in (pull.posts, pull.counts) if f is not None)]
        assert self.secret is None or self.secret not in "".join(kept)

    def _failure(self, cursor: str | None) -> SourceError:
        try:
            self.pull(self.make(), cursor, self.now)
        except SourceError as error:
            return error
        raise AssertionError("a place that is down is no empty one: raise a SourceError")

    def _until(self, end: datetime, pull: Pull) -> list[Pull]:
        """Return ``pull`` and those after it, until all before ``end`` was looked at."""
        pulls = [pull]
        for _ in range(_MOST_PULLS):
            before = rows_of(pulls)
            pulls.append(self.pull(self.make(), pulls[-1].cursor, end))
            if not pulls[-1].observed and rows_of(pulls) == before:
                return pulls
        raise AssertionError(f"not at {end} after {_MOST_PULLS} pulls")


def rows_of(pulls: Iterable[Pull]) -> dict[Hashable, object]:
    """Return the rows that ``pulls`` brought: posts by id, counts by bin, whose last one holds."""
    found: dict[Hashable, object] = {}
    for pull in pulls:
        for frame in (pull.posts, pull.counts):
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


def _doubled(pulls: Sequence[Pull]) -> list[Hashable]:
    keys = [key for pull in pulls if pull.posts is not None for key in _keys(pull.posts)]
    return [key for key in dict.fromkeys(keys) if keys.count(key) > 1]
