"""What `import detector` offers: the same as the commands, from Python."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd

from detector import app
from detector.analysis.analyze import Analysis, analyze_source
from detector.domain.spans import Spans
from detector.engine.replay import END_OF_TIME, History
from detector.engine.replay import replay as replay_source
from detector.errors import InputError
from detector.ports import Source
from detector.settings import Settings, parse_duration, read_settings
from detector.simulation.simulate import simulate as simulate_scenario
from detector.sources.files import FileSource, read_gaps
from detector.sources.frame import FrameSource

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
    """Look back over a history: every incident with its refined start and end.

    Parameters
    ----------
    history : counts, posts or a trending table, columns as ``docs/interface.md`` names them.
    config : settings (TOML); None takes the defaults: UTC, no services by name.
    truth : ``service, start, end`` of known outages to compare with.
    catalogue : whether to compare with the documented outages of the services.
    width : of the bins, e.g. ``"1min"``; None infers it.
    gaps : CSV ``start,end`` of spans in which nobody looked.

    Raises
    ------
    InputError, ConfigError
        With the place of the mistake and what would be right.
    """
    settings = _settings(config)
    source = _source(history, width, gaps)
    found = analyze_source(source, app.build_plan(settings), settings, catalogue=catalogue)
    return found if truth is None else found.against(truth)


def replay(
    history: Table,
    *,
    config: str | Path | None = None,
    width: str | None = None,
    gaps: str | Path | None = None,
) -> History:
    """Return what the live path would have said over a history; parameters as of `analyze`."""
    return replay_source(_source(history, width, gaps), app.build_plan(_settings(config)))


def simulate(scenario: str, *, seed: int | None = None) -> pd.DataFrame:
    """Return the posts of a bundled reconstruction; ``docs/scenarios.md`` lists them."""
    return simulate_scenario(app.scenario(scenario), seed=seed)


def read(path: str | Path) -> pd.DataFrame:
    """Return a counts, posts or trending table, checked, its times as aware UTC instants.

    Raises
    ------
    InputError
        If a cell is wrong; names file, line and column.
    """
    source, parts, cursor, exhausted = FileSource("table", Path(path)), [], None, False
    while not exhausted:
        pull = source.pull(cursor, until=END_OF_TIME)
        parts += [part for part in (pull.posts, pull.counts) if part is not None]
        cursor, exhausted = pull.cursor, pull.exhausted
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
