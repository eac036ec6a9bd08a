"""What ``import detector`` offers: the same as the commands, from Python.

Tables may be data frames: `FrameSource` is a source of one table in memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from detector.config import read_settings
from detector.config.settings import Settings
from detector.demo.simulate import simulate as simulate_scenario
from detector.errors import InputError
from detector.fields import parse_duration
from detector.model.columns import TableKind, kind_of, our_columns
from detector.model.series import most_common_step, other_step, two_widths, width_fault
from detector.model.spans import Spans
from detector.pipeline import setup
from detector.pipeline.plan import END_OF_TIME
from detector.pipeline.replay import History
from detector.pipeline.replay import replay as replay_source
from detector.report.analysis import Analysis, analyze_source
from detector.sources.base import Poll, Source
from detector.sources.files import FileSource, read_gaps
from detector.sources.scenario import bundled_scenario
from detector.sources.tables import table_rows
from detector.sources.tables.records import FileRecords


@dataclass(frozen=True, slots=True, eq=False)
class FrameSource:
    """All rows of one table at once.

    Parameters
    ----------
    name : the source's name; it becomes the ``source`` of the counts.
    frame : a counts, posts or trending table, columns as ``docs/interface.md`` names them.
    width : bin width of counts; None infers it.
    gaps : spans that were not observed.
    """

    name: str
    frame: pd.DataFrame
    width: timedelta | None = None
    gaps: Spans = field(default_factory=Spans.none)

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:  # noqa: ARG002  (the port's)
        """Return every row, however often it is asked. Raises `InputError` by row, from 1."""
        columns = [str(name) for name in self.frame.columns]
        ours = our_columns(columns, {})
        kind = kind_of(ours, columns)
        frame = self.frame.set_axis(columns, axis=1).reset_index(drop=True)
        records = FileRecords(frame, end=0, at_end=True, line_of=lambda row: row + 1)
        if frame.empty:
            return Poll(None, exhausted=True)
        if kind is TableKind.POSTS:
            return self._posts(table_rows.posts(records, ours))
        return self._counts(table_rows.counts(records, ours, kind), kind)

    def _posts(self, posts: pd.DataFrame) -> Poll:
        first, last = (posts["time"].iloc[i].to_pydatetime() for i in (0, -1))
        observed = Spans.of([(first, last)]).without(self.gaps).pairs()
        return Poll(None, posts=posts, observed=observed, exhausted=True)

    def _counts(self, counts: pd.DataFrame, kind: TableKind) -> Poll:
        width = most_common_step(counts) if self.width is None else self.width
        if width is None:
            raise InputError("the bin width cannot be told from one row per service; give it")
        if fault := width_fault(width, judged=kind is TableKind.COUNTS):
            raise InputError(fault)
        self._check_steps(counts, kind, width)
        step = width.total_seconds()
        if kind is TableKind.COUNTS:
            kept = table_rows.observed_counts(counts, self.gaps, step)
            return Poll(None, counts=kept, width=width, exhausted=True)
        first, last = (t.to_pydatetime() for t in (counts["time"].min(), counts["time"].max()))
        kept, gaps = table_rows.observed_looks(counts, self.gaps, step)
        observed = Spans.of([(first, last + width)]).without(gaps).pairs()
        return Poll(None, counts=kept, width=width, observed=observed, exhausted=True)

    def _check_steps(self, counts: pd.DataFrame, kind: TableKind, width: timedelta) -> None:
        if self.width is None and kind is TableKind.COUNTS:
            other = other_step(counts, width)
            if other is not None:
                raise InputError(two_widths(other[1], width), line=other[0] + 1)


#: A table in memory, or the file or folder that holds one.
Table = pd.DataFrame | str | Path


def analyze(
    history: Table,
    *,
    config: str | Path | None = None,
    truth: pd.DataFrame | None = None,
    catalogue: bool = True,
    width: str | None = None,
    gaps: str | Path | None = None,
) -> Analysis:
    """Analyze a history with hindsight: every incident with its refined start and end.

    Parameters
    ----------
    history : counts, posts or a trending table, columns as ``docs/interface.md`` names them.
    config : settings (TOML); None takes the defaults: UTC, no services by name.
    truth : ``service, start, end`` of known outages to compare with.
    catalogue : whether to compare with the documented outages of the services.
    width : of the bins, e.g. ``"1min"``; None infers it.
    gaps : CSV ``start,end`` of spans that were not observed.

    Raises
    ------
    InputError, ConfigError
        With the place of the mistake and what would be right.
    """
    settings = _settings(config)
    source = _source(history, width, gaps)
    found = analyze_source(source, setup.build_plan(settings), settings, catalogue=catalogue)
    return found if truth is None else found.against(truth)


def replay(
    history: Table,
    *,
    config: str | Path | None = None,
    width: str | None = None,
    gaps: str | Path | None = None,
) -> History:
    """Return what the live detector would have sent over a history; parameters as of `analyze`."""
    return replay_source(_source(history, width, gaps), setup.build_plan(_settings(config)))


def simulate(scenario: str, *, seed: int | None = None) -> pd.DataFrame:
    """Return the posts of a bundled scenario; ``docs/scenarios.md`` lists them."""
    return simulate_scenario(bundled_scenario(scenario), seed=seed)


def read(path: str | Path) -> pd.DataFrame:
    """Return a counts, posts or trending table, checked, its times as aware UTC instants.

    Raises
    ------
    InputError
        If a cell is wrong; names file, line and column.
    """
    source, parts, cursor, exhausted = FileSource("table", Path(path)), [], None, False
    while not exhausted:
        poll = source.poll(cursor, until=END_OF_TIME)
        parts += [part for part in (poll.posts, poll.counts) if part is not None]
        cursor, exhausted = poll.cursor, poll.exhausted
    if not parts:
        raise InputError("the table holds no rows", path=path)
    return pd.concat(parts, ignore_index=True)


def _settings(config: str | Path | None) -> Settings:
    return Settings() if config is None else read_settings(Path(config))


def _source(history: Table, width: str | None, gaps: str | Path | None) -> Source:
    step: timedelta | None = None if width is None else parse_duration(width)
    unseen = Spans.none() if gaps is None else read_gaps(Path(gaps))
    if isinstance(history, pd.DataFrame):
        return FrameSource("table", history, width=step, gaps=unseen)
    path = Path(history)
    return FileSource(path.name.partition(".")[0], path, width=step, gaps=unseen)
