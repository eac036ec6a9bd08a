"""replay, scores, evaluate: commands over history."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from math import isnan
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from detector.cli.incidents import incident_table
from detector.cli.output import (
    print_table,
    progress,
    require_writable,
    write_bytes,
    write_text,
)
from detector.clock import wall_now
from detector.config import read_settings
from detector.config.settings import Settings
from detector.detection.evaluation import evaluate
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
    source = history_source(path, width=width, gaps=gaps)
    require_writable(out)
    started = time.monotonic()
    with progress("replaying", "bins") as advance:
        history = replay(source, plan, progress=advance)
    seconds = time.monotonic() - started
    write_text(out, json.dumps(document(history), ensure_ascii=False, indent=1) + "\n")
    _summary(history, out, seconds)
    if not history.bins:
        print(_why_nothing(plan), file=sys.stderr)


def document(history: History) -> dict[str, Any]:
    """Return what ``replay --json`` writes."""
    incidents = sorted(history.incidents.values(), key=lambda i: (i.noticed_at, i.id))
    return {
        "incidents": [incident_to_dict(i) for i in incidents],
        "alerts": [alert_to_dict(a) for a in history.alerts],
        "feeds": [notice_to_dict(a) for a in history.feed_alerts],
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
    with progress("scoring"):
        counts, step = _all_counts(source)
        scored = score_table(counts, width=step)
    times = scored["time"].map(iso)
    write_text(out, scored.assign(time=times).to_csv(index=False, float_format="%.6g"))
    print(f"{len(scored):,} rows scored; written to {out}")


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
        print_table(
            ("figure", "value"), [(n.replace("_", " "), _figure(v)) for n, v in result.rows()]
        )


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


def _figure(value: float) -> str:
    if isnan(value):
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.3f}"


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


def _why_nothing(plan: PipelinePlan) -> str:
    """Return what to do where no bin was counted at all."""
    least = plan.discover_voices
    enough = "" if least is None else f" at least {least:g} times in an hour"
    return (
        "nothing was counted: the table is empty, or nobody complains about a known service"
        f"{enough}; name the services to follow under [services] in a --config"
    )


def _summary(history: History, out: Path, seconds: float) -> None:
    incidents = sorted(history.incidents.values(), key=lambda i: i.noticed_at)
    print_incidents(incidents)
    bins = f"{history.bins:,} bins in {seconds:.1f} s"
    if history.bins >= MANY:
        bins += f" ({history.bins / max(seconds, 1e-3):,.0f} a second)"
    print(f"{len(incidents)} incidents, {len(history.alerts)} alerts; {bins}; written to {out}")


def print_incidents(incidents: Sequence[Incident]) -> None:
    """Print the first `SHOWN` of ``incidents`` as a table."""
    print_table(*incident_table(incidents[:SHOWN]))
    if len(incidents) > SHOWN:
        print(f"... and {len(incidents) - SHOWN} more")


# analyze: a history looked at afterwards, as JSON and as a report.


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `analyze` is to write, None: not that; and how.

    Attributes
    ----------
    zone : IANA name of the zone that reports tell times in; None: that of the settings.
    """

    json: Path
    report: Path | None = None
    png: Path | None = None
    csv: Path | None = None
    md: Path | None = None
    truth: Path | None = None
    catalogue: bool = True
    zone: str | None = None
    language: str = "en"


def analyze_history(
    path: Path, wanted: Wanted, *, config: Path | None, width: str | None, gaps: Path | None
) -> None:
    """Review ``path`` with hindsight and write what is ``wanted``."""
    settings = history_settings(config)
    plan = build_plan(settings)
    zone = _zone(wanted.zone or plan.default_options.time_zone)
    source = history_source(path, width=width, gaps=gaps)
    places = (wanted.json, wanted.report, wanted.png, wanted.csv, wanted.md)
    require_writable(*(place for place in places if place is not None))
    with progress("looking back", "bins") as advance:
        found = analyze_source(source, plan, settings, catalogue=wanted.catalogue, progress=advance)
    if wanted.truth is not None:
        with truth_located(wanted.truth):
            found = found.against(read_truth(wanted.truth))
    written = [wanted.json, *_reports(found, wanted, zone)]
    content = json.dumps(document_lookback(found), ensure_ascii=False, indent=1)
    write_text(wanted.json, content + "\n")
    print_incidents(found.incidents)
    bins = found.review.history.bins
    listed = ", ".join(map(str, written))
    print(f"{len(found.incidents)} incidents; {bins:,} bins; written to {listed}")


def document_lookback(found: Analysis) -> dict[str, Any]:
    """Return what ``analyze --json`` writes."""
    incidents = []
    for seen in found.review.incidents:
        fields = incident_to_dict(seen.incident)
        if not seen.was_noticed:
            fields["noticed_at"] = None
        incidents.append(fields)
    details = {
        seen.incident.id: details_to_dict(seen.details)
        for seen in found.review.incidents
        if seen.details is not None
    }
    observed = observed_to_list(found.review.history)
    return {"incidents": incidents, "details": details, "observed": observed}


def _reports(found: Analysis, wanted: Wanted, zone: ZoneInfo) -> list[Path]:
    """Write the reports that are wanted; return where they are."""
    if not any((wanted.report, wanted.png, wanted.csv, wanted.md)):
        return []
    report = found.report(zone, made_at=wall_now().replace(second=0, microsecond=0))
    writers: tuple[tuple[Path | None, Callable[[], bytes]], ...] = (
        (wanted.report, lambda: page_of(report, wanted.language).encode()),
        (wanted.png, lambda: picture_of(report, wanted.language)),
        (wanted.csv, lambda: csv_of(report).encode()),
        (wanted.md, lambda: markdown_of(report, wanted.language).encode()),
    )
    written = []
    with progress("writing", "files") as advance:
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
