"""The trouble matrix of docs/sources.md, as found out: ``python -m tests.sources.contract.matrix``.

Each source is read, then meets a trouble, then looks again when it is over; the cell says what
happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from detector.errors import SourceError
from detector.model.spans import Spans
from detector.sources.base import Poll
from tests.page_table import Cells, PageTable
from tests.sources.contract.rigs import MINUTE, NOW, RIGS, Rig
from tests.sources.servers.place import FAILURES

ON_PAGE = PageTable(
    Path(__file__).parents[3] / "docs" / "sources.md",
    begin="<!-- matrix: made by python -m tests.sources.contract.matrix -->",
    end="<!-- end -->",
)

#: What each trouble is, for people; posts have no empty lists on a quiet day.
ROWS: tuple[str, ...] = (*FAILURES, "a cursor of last week")


def outcome(rig: Rig, failure: str) -> str:
    """Return what ``failure`` does to a source, in words."""
    rig.fill(NOW - 10 * MINUTE, NOW)
    if failure == "a cursor of last week":
        return _after_a_week(rig)
    first = rig.poll(rig.make(), None, NOW - 5 * MINUTE)
    try:
        rig.place.apply(failure)
    except NotImplementedError:
        return "-"
    try:
        second: Poll | None = rig.poll(rig.make(), first.cursor, NOW)
        said = ""
    except SourceError as error:
        second, said = None, type(error).__name__.lower()
    rig.place.heal()
    cursor = second.cursor if second is not None else first.cursor
    third = rig.poll(rig.make(), cursor, NOW if second is None else NOW + MINUTE)
    polls = [poll for poll in (first, second, third) if poll is not None]
    return _words(rig, polls, said, second)


def _words(rig: Rig, polls: list[Poll], said: str, second: Poll | None) -> str:
    whole = rig.rows(polls) >= _there(rig)
    if second is None:
        if rig.kind == "looks":
            return f"not observed: {said}"
        return f"not observed: {said}; made up for later" if whole else f"lost: {said}"
    if rig.kind == "looks":
        return "taken in"
    if not _news(rig, second):
        return "not observed; made up for later" if whole else "LOST"
    ids = [i for p in polls if p.posts is not None for i in p.posts["id"]]
    doubled = len(ids) != len(set(ids))
    return ("taken in" if whole else "LOST") + (", DOUBLED" if doubled else "")


def _news(rig: Rig, poll: Poll) -> bool:
    """Whether ``poll`` observed the time in which the trouble was."""
    if rig.kind == "posts":
        observed = Spans.of(poll.observed)
        return len(observed) > 0 and float(observed.ends[-1]) > (NOW - 2 * MINUTE).timestamp()
    return poll.counts is not None and bool((poll.counts["time"] > NOW - 4 * MINUTE).any())


def _there(rig: Rig) -> set[tuple[object, ...]]:
    """Return what the place has for the ten minutes before `NOW`."""
    if rig.kind == "posts":
        return {(s.id,) for s in rig.place.said if s.time < NOW}
    if rig.kind == "looks":
        return set()
    last = NOW - MINUTE
    return {
        (time, service, float(n))
        for service, counts in rig.place.counts.items()
        for time, n in counts.items()
        # X counts up to half a minute ago.
        if time < last
    }


def _after_a_week(rig: Rig) -> str:
    """Look after a week in which nobody looked, until no more is to be made up for."""
    rig.fill(NOW - timedelta(days=7) - 10 * MINUTE, NOW - timedelta(days=7))
    if hasattr(rig.place, "kept_since"):
        rig.place.kept_since = int((NOW - timedelta(hours=1)).timestamp() * 1e6)
        rig.place.said.sort(key=lambda said: said.time)
        old = list(rig.place.said)
        rig.place.said[:] = [s for s in old if s.time < NOW - timedelta(days=1)]
        cursor = rig.poll(rig.make(), None, NOW - timedelta(days=7)).cursor
        rig.place.said[:] = old
    else:
        cursor = rig.poll(rig.make(), None, NOW - timedelta(days=7)).cursor
    if rig.kind == "looks":
        return "one poll; the week was not observed"
    polls = 0
    while polls < 20:
        poll = rig.poll(rig.make(), cursor, NOW)
        polls += 1
        if _news(rig, poll):
            break
        cursor = poll.cursor
    made_up = "at once" if polls == 1 else f"in {polls} polls"
    if rig.kind == "posts" and poll.observed[0][0] > NOW - timedelta(days=6) and polls == 1:
        return "the gap was not observed"
    return f"made up for {made_up}"


def matrix() -> Mapping[str, Mapping[str, str]]:
    """Return ``{trouble: {source: what happened}}``."""
    found: dict[str, dict[str, str]] = {}
    for failure in ROWS:
        for source, rig in RIGS.items():
            with rig() as made:
                found.setdefault(failure, {})[source] = outcome(made, failure)
    return found


def table(cells: Mapping[str, Mapping[str, str]]) -> str:
    """Return the matrix in Markdown."""
    head = f"| trouble | {' | '.join(RIGS)} |\n|---|{'---|' * len(RIGS)}\n"
    rows = (f"| {failure} | {' | '.join(row.values())} |\n" for failure, row in cells.items())
    return head + "".join(rows)


def on_the_page() -> Cells:
    """Return the matrix as docs/sources.md has it."""
    return ON_PAGE.read()


if __name__ == "__main__":
    ON_PAGE.write(table(matrix()))
