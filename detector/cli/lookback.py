"""analyze: a history looked at afterwards, as JSON and as a report."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from detector.analysis.analyze import (
    Analysis,
    analyze_source,
    csv_of,
    markdown_of,
    page_of,
    picture_of,
)
from detector.app import build_plan
from detector.cli.history import (
    history_settings,
    history_source,
    observed_to_list,
    print_incidents,
    read_truth,
    truth_located,
)
from detector.cli.output import progress, require_writable, write_bytes, write_text
from detector.clock import wall_now
from detector.domain.wire import details_to_dict, incident_to_dict
from detector.errors import ConfigError


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
    content = json.dumps(document(found), ensure_ascii=False, indent=1)
    write_text(wanted.json, content + "\n")
    print_incidents(found.incidents)
    bins = found.review.history.bins
    listed = ", ".join(map(str, written))
    print(f"{len(found.incidents)} incidents; {bins:,} bins; written to {listed}")


def document(found: Analysis) -> dict[str, Any]:
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
