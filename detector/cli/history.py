"""replay, analyze, scores, evaluate: commands over history."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import isnan
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from detector.cli.incidents import incident_table
from detector.cli.language import language, reader
from detector.cli.output import (
    heads,
    print_table,
    progress,
    require_writable,
    write_bytes,
    write_csv,
    write_text,
)
from detector.clock import wall_now
from detector.config import read_settings
from detector.config.settings import Settings
from detector.detection.evaluation import evaluate
from detector.detection.hindsight.findings import (
    Findings,
    hindsight_fields,
    hindsight_surge_to_dict,
    level_change_to_dict,
    unusual_days_to_dict,
)
from detector.detection.hindsight.whole_series import HindsightOptions
from detector.detection.scores import score_table
from detector.detection.truth_matching import Coverage
from detector.errors import ConfigError, InputError
from detector.fields import parse_duration
from detector.model.documents import (
    alert_to_dict,
    details_to_dict,
    incident_to_dict,
    notice_to_dict,
)
from detector.model.incident import Incident
from detector.model.spans import Spans
from detector.model.times import iso
from detector.pipeline.hindsight_analysis import Reviewed
from detector.pipeline.plan import END_OF_TIME, PipelinePlan
from detector.pipeline.replay import History, replay
from detector.pipeline.setup import build_plan
from detector.report.analysis import (
    Analysis,
    analyze_source,
    csv_of,
    markdown_of,
    page_of,
    picture_of,
)
from detector.sources.files import FileSource, read_gaps
from detector.sources.tables import csv_text
from detector.text.phrasing import Phrasing

T = TypeVar("T")

#: Rows of the printed table; the file holds all.
SHOWN = 40
#: From this many bins on a speed says something; before, starting takes longest.
MANY = 100_000


def history_settings(config: Path | None) -> Settings:
    """Return what ``config`` says, else the defaults (UTC, no services by name)."""
    return read_settings(config) if config else Settings()


def history_source(path: Path, *, width: str | None, gaps: Path | None) -> FileSource:
    """Return ``path`` as a source that is complete."""
    return FileSource(
        path.name.partition(".")[0],
        path,
        width=None if width is None else _width(width),
        gaps=read_gaps(gaps) if gaps else Spans.none(),
    )


def replay_history(
    path: Path, out: Path, *, config: Path | None, width: str | None, gaps: Path | None
) -> None:
    """Replay ``path`` and write incidents, alerts and what was observed to ``out``."""
    plan = build_plan(history_settings(config))
    source, say = history_source(path, width=width, gaps=gaps), reader()
    require_writable(out)
    started = time.monotonic()
    with progress(say, "replaying", "bins") as advance:
        history = replay(source, plan, progress=advance)
    seconds = time.monotonic() - started
    write_text(out, json.dumps(document(history), ensure_ascii=False, indent=1) + "\n")
    _print_summary(history, out, seconds, say)
    if not history.bins:
        print(_why_nothing(plan, say), file=sys.stderr)


def document(history: History) -> dict[str, Any]:
    """Return what ``replay --json`` writes."""
    incidents = sorted(history.incidents.values(), key=lambda i: (i.noticed_at, i.id))
    return {
        "incidents": [incident_to_dict(i) for i in incidents],
        "alerts": [alert_to_dict(a) for a in history.alerts],
        "feeds": [notice_to_dict(a) for a in history.source_alerts],
        "observed": observed_to_list(history),
    }


def observed_to_list(history: History) -> list[dict[str, Any]]:
    """Return what was observed of every series, from which `evaluate` takes its service-weeks."""
    return [{"source": key.source, **_coverage_to_dict(c)} for key, c in history.coverage.items()]


def score_history(path: Path, out: Path, *, config: Path | None, width: str | None) -> None:
    """Write the causal score of every row of the counts table ``path``."""
    history_settings(config)
    require_writable(out)
    source = replace(history_source(path, width=width, gaps=None), judged=False)
    say = reader()
    with progress(say, "scoring"):
        counts, step = _all_counts(source)
        scored = score_table(counts, width=step)
    times = scored["time"].map(iso)
    write_csv(out, scored.assign(time=times), float_format="%.6g")
    print(say.texts("command.history.scored", number=len(scored), place=out))


def _all_counts(source: FileSource) -> tuple[pd.DataFrame, timedelta | None]:
    """Return the counts of every file, and the width of their bins."""
    tables = []
    poll = source.poll(None, until=END_OF_TIME)
    while poll.counts is not None:
        tables.append(poll.counts)
        if poll.exhausted:
            return pd.concat(tables, ignore_index=True), poll.width
        poll = source.poll(poll.cursor, until=END_OF_TIME)
    raise InputError("scores need a counts table: time, service, count", path=source.path)


def evaluate_incidents(path: Path, truth: Path, *, as_json: bool) -> None:
    """Print the figures of the incidents in ``path`` against ``truth``."""
    found = _read_json(path)
    try:
        incidents = found["incidents"] if isinstance(found, Mapping) else found
        observed = found.get("observed", []) if isinstance(found, Mapping) else []
        if not isinstance(incidents, list) or not isinstance(observed, list):
            raise InputError(
                "'incidents' and 'observed' must be lists, as replay writes", path=path
            )
        with truth_located(truth):
            coverage = [_coverage_from_dict(c) for c in observed]
            result = evaluate(incidents, read_truth(truth), coverage)
    except KeyError as error:
        message = f"not the JSON that replay writes: {error} is missing"
        raise InputError(message, path=path) from error
    except (TypeError, AttributeError, ValueError) as error:
        message = f"not the JSON that replay writes: something is not what it should be ({error})"
        raise InputError(message, path=path) from error
    if as_json:
        values = {name: None if isnan(value) else value for name, value in result.rows()}
        print(json.dumps(values))
    else:
        say = reader()
        rows = [(_called(name, say), _figure(value, say)) for name, value in result.rows()]
        print_table(heads(say, "figure", "value"), rows)


def read_truth(path: Path) -> pd.DataFrame:
    """Return a table of truth. Raises `InputError` where it is no table."""
    try:
        return pd.read_csv(path, dtype={"service": "str", "start": "str", "end": "str"})
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path=path) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"not a CSV table in UTF-8: {error}".strip(), path=path) from error


@contextmanager
def truth_located(path: Path) -> Iterator[None]:
    """Say of errors in a table of truth which file and line they are in, blank lines counted."""
    try:
        yield
    except InputError as error:
        line = error.line
        if line is not None and error.path is None and path.suffix == ".csv":
            line = csv_text.line_of(path.read_bytes(), line - 1)
        raise InputError(
            error.message, path=error.path or path, line=line, column=error.column
        ) from error


def _called(name: str, say: Phrasing) -> str:
    """Return what a figure of `Evaluation` is called."""
    if found := re.fullmatch(r"caught_within_(\d+)_min", name):
        length = say.format.duration(timedelta(minutes=int(found[1])))
        return say.texts("command.figures.caught_within", length=length)
    return say.texts(f"command.figures.{name}")


def _figure(value: float, say: Phrasing) -> str:
    return "-" if isnan(value) else say.format.number(value, digits=3)


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from error
    except UnicodeDecodeError as error:
        raise InputError(f"not JSON in UTF-8: {error}", path=path) from error
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", path=path, line=error.lineno) from error


def _coverage_to_dict(coverage: Coverage) -> dict[str, Any]:
    return {
        "service": coverage.service,
        "start": iso(coverage.start),
        "end": iso(coverage.end),
        "bins": coverage.bins,
        "width_seconds": coverage.width.total_seconds(),
    }


def _coverage_from_dict(fields: Mapping[str, Any]) -> Coverage:
    return Coverage(
        fields["service"],
        pd.Timestamp(fields["start"]).to_pydatetime(),
        pd.Timestamp(fields["end"]).to_pydatetime(),
        fields["bins"],
        timedelta(seconds=fields["width_seconds"]),
    )


def _width(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ConfigError(f"--width: {error}") from None


def _why_nothing(plan: PipelinePlan, say: Phrasing) -> str:
    """Return what to do where no bin was counted at all."""
    least = plan.discover_authors
    if least is None:
        return say.texts("command.history.nothing")
    return say.texts("command.history.nothing_discovered", count=say.format.number(least))


def _print_summary(history: History, out: Path, seconds: float, say: Phrasing) -> None:
    incidents = sorted(history.incidents.values(), key=lambda i: i.noticed_at)
    print_incidents(incidents, say)
    fast = history.bins >= MANY
    rate = say.format.number(history.bins // max(seconds, 1e-3))
    print(
        say.texts(
            "command.history.replayed_fast" if fast else "command.history.replayed",
            incidents=say.texts("report.summary.incidents", number=len(incidents)),
            alerts=say.texts("command.history.alerts", number=len(history.alerts)),
            bins=say.texts("report.method.bins", number=history.bins),
            seconds=say.format.number(seconds, digits=1),
            rate=rate,
            place=out,
        )
    )


def print_incidents(incidents: Sequence[Incident], say: Phrasing) -> None:
    """Print the first `SHOWN` of ``incidents`` as a table."""
    print_table(*incident_table(incidents[:SHOWN], say))
    if len(incidents) > SHOWN:
        print(say.texts("command.incidents.more", number=len(incidents) - SHOWN))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `analyze` is to write, None: not that; and how.

    Attributes
    ----------
    zone : IANA name of the zone of the times in reports; None: that of the settings.
    language : of the reports; None: that of the command.
    since, until : only what happened between is wanted; ISO 8601, None leaves a side open.
    false_per_year : bearable false incidents per service and year; None: the default.
    unsure : whether to list what fell just short too.
    """

    json: Path
    report: Path | None = None
    png: Path | None = None
    csv: Path | None = None
    md: Path | None = None
    truth: Path | None = None
    catalogue: bool = True
    zone: str | None = None
    language: str | None = None
    since: str | None = None
    until: str | None = None
    false_per_year: float | None = None
    unsure: bool = False


def analyze_history(
    path: Path, wanted: Wanted, *, config: Path | None, width: str | None, gaps: Path | None
) -> None:
    """Analyze ``path`` with hindsight and write what is ``wanted``."""
    settings, say = history_settings(config), reader()
    plan = build_plan(settings)
    zone = _zone(wanted.zone or plan.default_options.time_zone)
    source = history_source(path, width=width, gaps=gaps)
    places = (wanted.json, wanted.report, wanted.png, wanted.csv, wanted.md)
    require_writable(*(place for place in places if place is not None))
    options, between = _how_sure(wanted.false_per_year), _between(wanted)
    with progress(say, "analyzing", "bins") as advance:
        found = analyze_source(
            source,
            plan,
            settings,
            catalogue=wanted.catalogue,
            options=options,
            between=between,
            progress=advance,
        )
    if wanted.truth is not None:
        with truth_located(wanted.truth):
            found = found.against(read_truth(wanted.truth))
    written = [wanted.json, *_reports(found, wanted, zone, say)]
    content = json.dumps(
        document_lookback(found, unsure=wanted.unsure), ensure_ascii=False, indent=1
    )
    write_text(wanted.json, content + "\n")
    print_incidents(found.incidents, say)
    print(
        say.texts(
            "command.history.analyzed",
            incidents=say.texts("report.summary.incidents", number=len(found.incidents)),
            bins=say.texts("report.method.bins", number=found.review.history.bins),
            places=say.format.list([str(place) for place in written]),
        )
    )


def _how_sure(false_per_year: float | None) -> HindsightOptions:
    if false_per_year is None:
        return HindsightOptions()
    try:
        return HindsightOptions(false_incidents_per_year=false_per_year)
    except ValueError as error:
        raise ConfigError(f"--false-per-year: {error}") from None


def _between(wanted: Wanted) -> tuple[datetime | None, datetime | None]:
    first, last = _instant("--from", wanted.since), _instant("--to", wanted.until)
    if first is not None and last is not None and not first < last:
        raise ConfigError(f"--to: must be later than --from, not {iso(last)} <= {iso(first)}")
    return first, last


def _instant(option: str, text: str | None) -> datetime | None:
    """Return the instant that ``text`` is; a day alone is its midnight, without offset in UTC."""
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{option}: no date {text!r}; 2022-07-22 or 2022-07-22T14:00Z would be one"
        ) from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def document_lookback(found: Analysis, *, unsure: bool = False) -> dict[str, Any]:
    """Return what ``analyze --json`` writes."""
    reviewed = found.review.incidents
    content = {
        "incidents": [_reviewed_to_dict(seen) for seen in reviewed],
        "level_changes": _of_series(found, lambda f: f.level_changes, level_change_to_dict),
        "unusual_days": _of_series(found, lambda f: f.unusual_days, unusual_days_to_dict),
        "taken_back": [
            {**incident_to_dict(back.incident), "reason": back.reason}
            for back in found.review.taken_back
        ],
        "details": {
            seen.incident.id: details_to_dict(seen.details)
            for seen in reviewed
            if seen.details is not None
        },
        "observed": observed_to_list(found.review.history),
    }
    if unsure:
        content["not_sure"] = _of_series(found, lambda f: f.unsure, hindsight_surge_to_dict)
    return content


def _reviewed_to_dict(seen: Reviewed) -> dict[str, Any]:
    fields = incident_to_dict(seen.incident)
    if not seen.was_noticed:
        fields["noticed_at"] = None
        fields["not_noticed_because"] = seen.not_noticed
    if seen.found is not None:
        fields |= hindsight_fields(seen.found)
        if seen.incident.ended_at != seen.found.ended_at:
            ends = ("ended_at_earliest", "ended_at_latest")
            fields |= dict.fromkeys(ends, fields["ended_at"])
    return fields


def _of_series(
    found: Analysis,
    listed: Callable[[Findings], Sequence[T]],
    write: Callable[[T], dict[str, Any]],
) -> list[dict[str, Any]]:
    """Return what is ``listed`` in every series, with the series it was found in."""
    return [
        {"service": key.service, "source": key.source, **write(one)}
        for key, findings in sorted(found.review.findings.items())
        for one in listed(findings)
    ]


def _reports(found: Analysis, wanted: Wanted, zone: ZoneInfo, say: Phrasing) -> list[Path]:
    """Write the reports that are wanted; return where they are."""
    if not any((wanted.report, wanted.png, wanted.csv, wanted.md)):
        return []
    report = found.report(zone, made_at=wall_now().replace(second=0, microsecond=0))
    spoken = wanted.language or language()
    writers: tuple[tuple[Path | None, Callable[[], bytes]], ...] = (
        (wanted.report, lambda: page_of(report, spoken).encode()),
        (wanted.png, lambda: picture_of(report, spoken)),
        (wanted.csv, lambda: csv_of(report).encode()),
        (wanted.md, lambda: markdown_of(report, spoken).encode()),
    )
    written = []
    with progress(say, "writing", "files") as advance:
        for place, content in writers:
            if place is not None:
                write_bytes(place, content())
                written.append(place)
                advance(len(written))
    return written


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(f"--zone: no time zone {name!r}; Asia/Shanghai would be one") from None
