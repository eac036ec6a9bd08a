"""What ``import detector`` offers: the same as the commands, from Python.

Tables may be data frames: `FrameSource` is a source of one table in memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pandas as pd

from detector.config import read_settings
from detector.config.settings import Settings
from detector.demo.simulate import simulate as simulate_scenario
from detector.detection import live
from detector.detection.hindsight.findings import Findings, HindsightSurge
from detector.detection.hindsight.segmentation import segmenter_of
from detector.detection.hindsight.whole_series import HindsightOptions, find_in
from detector.detection.options import DetectionOptions
from detector.errors import InputError
from detector.fields import parse_duration
from detector.model.columns import TableKind, kind_of, our_columns
from detector.model.series import (
    CountSeries,
    SeriesKey,
    most_common_step,
    other_step,
    two_widths,
    width_fault,
)
from detector.model.spans import Spans
from detector.model.surge import Surge
from detector.pipeline import setup
from detector.pipeline.plan import END_OF_TIME
from detector.pipeline.replay import History, series_of
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
    false_incidents_per_year: float = 0.2,
    search: object | None = None,
    penalty: float | None = None,
) -> Analysis:
    """Analyze a history with hindsight: incidents, changes of level, unusual days.

    Parameters
    ----------
    history : counts, posts or a trending table, columns as ``docs/interface.md`` names them.
    config : settings (TOML); None takes the defaults: UTC, no services by name.
    truth : ``service, start, end`` of known outages to compare with.
    catalogue : whether to compare with the documented outages of the services.
    width : of the bins, e.g. ``"1min"``; None infers it.
    gaps : CSV ``start,end`` of spans that were not observed.
    false_incidents_per_year : bearable false incidents per service and year.
    search, penalty : what parts regimes, as of `segment`.

    Raises
    ------
    InputError, ConfigError
        With the place of the mistake and what would be right.
    """
    settings = _settings(config)
    source = _source(history, width, gaps)
    options = HindsightOptions(false_incidents_per_year, segmenter_of(search, penalty))
    found = analyze_source(
        source, setup.build_plan(settings), settings, catalogue=catalogue, options=options
    )
    return found if truth is None else found.against(truth)


#: One series: counts by instant, or as the engine keeps it.
Series = pd.Series | CountSeries


def segment(
    series: Series,
    *,
    false_incidents_per_year: float = 0.2,
    search: object | None = None,
    penalty: float | None = None,
    time_zone: str = "UTC",
) -> Findings:
    """Look back at one series of counts: incidents with their regimes, changes of level, and so on.

    Parameters
    ----------
    series : counts by instant (a `pandas.Series` with a `DatetimeIndex`, UTC where it has no zone),
        nan or no row where nothing was observed; or a `CountSeries`.
    false_incidents_per_year : how many false incidents a year are bearable.
    search : what parts the windows around excess into regimes, in place of PELT with our count
        cost: an estimator of ruptures, such as ``ruptures.KernelCPD("linear", min_size=2)`` or
        ``ruptures.Binseg("l2", jump=1)``, or a cost of your own (a `ruptures.base.BaseCost`), which
        PELT is run with. It gets what the counts stray from the expected, in standard deviations,
        shape (n, 1); a cost with ``counts = True`` gets counts and expected, shape (n, 2).
    penalty : for its ``predict(pen=...)``; or nats for PELT with our cost.
    time_zone : whose clock the users live by.

    Raises
    ------
    InputError
        If the index is none of instants, or a count is negative.
    TypeError
        If ``search`` is nothing of ruptures.
    """
    options = HindsightOptions(false_incidents_per_year, segmenter_of(search, penalty))
    return find_in(_count_series(series), options, DetectionOptions(time_zone=time_zone))


@dataclass(frozen=True, slots=True)
class OutageDetector:
    """Finds outages in one series of counts.

    Attributes
    ----------
    mode : ``"hindsight"`` looks at all of it at once, ``"live"`` goes through it bin by bin and
        knows nothing of what comes.
    false_incidents_per_year : bearable false incidents of hindsight.
    max_false_pages_per_week : bearable false pages of live.
    time_zone : whose clock the users live by.
    search, penalty : of hindsight, as of `segment`.
    """

    mode: Literal["hindsight", "live"] = "hindsight"
    false_incidents_per_year: float = 0.2
    max_false_pages_per_week: float = 0.03
    time_zone: str = "UTC"
    search: object | None = None
    penalty: float | None = None

    def __post_init__(self) -> None:
        if self.mode not in {"hindsight", "live"}:
            raise ValueError(f"mode must be 'hindsight' or 'live', not {self.mode!r}")

    def detect(self, series: Series) -> pd.DataFrame:
        """Return one row per outage, columns as ``docs/interface.md`` names them.

        ``started_at`` with its interval, ``noticed_at`` (live), ``ended_at``, ``peak_at``,
        ``peak_count``, ``expected_at_peak``, ``excess``, ``evidence``, ``noise_probability``
        (hindsight). Raises as `segment` does.
        """
        counts = _count_series(series)
        rows = self._live(counts) if self.mode == "live" else self._hindsight(counts)
        frame = pd.DataFrame(rows, columns=list(_DETECTED))
        for name in _DETECTED_TIMES:
            frame[name] = pd.to_datetime(frame[name], utc=True)
        return frame

    def _live(self, series: CountSeries) -> list[dict[str, object]]:
        options = DetectionOptions(self.max_false_pages_per_week, self.time_zone)
        state = live.begin(options, start=series.start, width=series.width)
        step = live.update(state, series.counts)
        told = {change.surge.noticed_at: change.surge for change in step.changes}
        return [_row(surge) for surge in told.values()]

    def _hindsight(self, series: CountSeries) -> list[dict[str, object]]:
        found = segment(
            series,
            false_incidents_per_year=self.false_incidents_per_year,
            search=self.search,
            penalty=self.penalty,
            time_zone=self.time_zone,
        )
        return [_row(surge) for surge in found.incidents]


_DETECTED_TIMES = (
    "started_at",
    "started_at_earliest",
    "started_at_latest",
    "noticed_at",
    "ended_at",
    "peak_at",
)
_DETECTED = (
    *_DETECTED_TIMES,
    "peak_count",
    "expected_at_peak",
    "excess",
    "evidence",
    "noise_probability",
)


def _row(surge: Surge | HindsightSurge) -> dict[str, object]:
    return {
        "started_at": surge.onset.at,
        "started_at_earliest": surge.onset.earliest,
        "started_at_latest": surge.onset.latest,
        "noticed_at": getattr(surge, "noticed_at", None),
        "noise_probability": getattr(surge, "noise_probability", None),
        **{name: getattr(surge, name) for name in ("ended_at", "peak_at", *_DETECTED[6:10])},
    }


def _count_series(series: Series) -> CountSeries:
    """Return ``series`` laid out in bins."""
    if isinstance(series, CountSeries):
        return series
    if not isinstance(series.index, pd.DatetimeIndex):
        raise InputError("a series of counts needs a DatetimeIndex")
    index = series.index if series.index.tz is not None else series.index.tz_localize("UTC")
    frame = pd.DataFrame({"time": index.tz_convert("UTC"), "service": "series"})
    frame["count"] = series.to_numpy(dtype="float64")
    if (frame["count"] < 0).any():
        raise InputError("a count must not be negative")
    if frame.empty:
        return CountSeries(_ONE, _EPOCH, timedelta(minutes=1), frame["count"].to_numpy())
    (laid,) = series_of(frame.sort_values("time", kind="stable").assign(source="series"))
    return laid


_ONE, _EPOCH = SeriesKey("series", "series"), datetime(1970, 1, 1, tzinfo=UTC)


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
