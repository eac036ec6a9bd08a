"""top: the current status of all services and sources on a terminal, kept up to date."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from math import isnan
from pathlib import Path

from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from detector.cli.incidents import incident_table
from detector.cli.language import reader
from detector.cli.output import heads, print_table, settings_and_base
from detector.clock import wall_now
from detector.config.settings import Settings
from detector.model.health import SourceHealth
from detector.model.plain_text import plain
from detector.pipeline.setup import store_location
from detector.store.queries import SqlViewer, open_viewer
from detector.text.phrasing import Phrasing
from detector.views.snapshot import (
    COLUMNS,
    ServiceNow,
    Snapshot,
    observed_until,
    snapshot_to_dict,
    spark,
    take_snapshot,
)

_COLOURS = {
    "fine": "green",
    "unknown": "bright_black",
    "minor": "yellow",
    "major": "bright_red",
    "critical": "bold bright_red",
    "up": "green",
    "degraded": "yellow",
    "down": "bright_red",
}
_SERVICES = ("service", "state", "since", "recent", "count", "expected")
_SOURCES = ("source", "state", "since", "reason")


def show_top(config: Path | None, *, hours: float, every: float, once: bool, as_json: bool) -> None:
    """Show how everything is, until Ctrl-C; once when piped, or when asked to."""
    settings, base, _ = settings_and_base(config)
    with closing(open_viewer(store_location(settings, base=base))) as store:
        now = _clock(settings, store)
        configured = frozenset(settings.services)

        def snapshot() -> Snapshot:
            return take_snapshot(store, configured=configured, now=now(), hours=hours)

        if as_json:
            print(json.dumps(snapshot_to_dict(snapshot()), ensure_ascii=False))
        elif once or not sys.stdout.isatty():
            _print(snapshot(), reader())
        else:
            _follow(snapshot, every, reader())


def _clock(settings: Settings, store: SqlViewer) -> Callable[[], datetime]:
    """Return what tells the time: after scenarios on a fast clock, it stands where they ended."""
    if settings.clock.speed is None:
        return wall_now
    return lambda: observed_until(store) or wall_now()


def _follow(snapshot: Callable[[], Snapshot], every: float, say: Phrasing) -> None:
    console = Console(markup=False, highlight=False)
    first = screened(snapshot(), say)
    with Live(first, console=console, screen=True, auto_refresh=False) as live:
        try:
            while True:
                live.update(screened(snapshot(), say), refresh=True)
                time.sleep(every)
        except KeyboardInterrupt:
            return


def screened(snapshot: Snapshot, say: Phrasing) -> Group:
    """Return ``snapshot`` as it is drawn on a terminal."""
    outages = sum(s.state == "outage" for s in snapshot.services)
    title = Text(f"outage-detector  {say.format.zoned(snapshot.at)}  ", style="bold")
    services = say.format.number(len(snapshot.services))
    word = say.texts("command.open", number=outages, all=services)
    title.append(word, style=_COLOURS["major"] if outages else _COLOURS["fine"])
    table = _ruled(_SERVICES, say)
    for service in snapshot.services:
        table.add_row(*_painted(_service_row(service, say), _kind(service)))
    parts: list[RenderableType] = [title, Text(), table]
    if snapshot.sources:
        sources = _ruled(_SOURCES, say)
        for health in snapshot.sources:
            sources.add_row(*_painted(_source_row(health, say), health.state.value))
        parts += [Text(), sources]
    return Group(*parts, Text(), Text(_key(snapshot, say), style="bright_black"))


def _key(snapshot: Snapshot, say: Phrasing) -> str:
    """Return what the line of blocks shows."""
    whole = timedelta(hours=snapshot.hours)
    hours, column = map(say.format.duration, (whole, whole / COLUMNS))
    return say.texts("command.recent_key", hours=hours, column=column)


def _print(snapshot: Snapshot, say: Phrasing) -> None:
    """Print ``snapshot`` as plain tables, for pipes and logs."""
    print_table(heads(say, *_SERVICES), [_service_row(s, say) for s in snapshot.services])
    print()
    print_table(*incident_table(snapshot.incidents, say))
    if snapshot.sources:
        print()
        print_table(heads(say, *_SOURCES), [_source_row(h, say) for h in snapshot.sources])


def _ruled(columns: tuple[str, ...], say: Phrasing) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for key, head in zip(columns, heads(say, *columns), strict=True):
        justify: JustifyMethod = "right" if key in {"count", "expected"} else "left"
        table.add_column(head, justify=justify, no_wrap=key != "reason")
    return table


def _painted(row: tuple[str, ...], kind: str) -> list[Text]:
    """Return the cells as texts: nothing in them is markup; the state has its colour."""
    cells = [Text(plain(cell, longest=80)) for cell in row]
    cells[1].stylize(_COLOURS[kind])
    return cells


def _kind(service: ServiceNow) -> str:
    return service.incident.severity.label if service.incident else service.state


def _service_row(service: ServiceNow, say: Phrasing) -> tuple[str, ...]:
    return (
        service.name,
        say.texts(f"state.{_kind(service)}"),
        _since(service, say),
        spark(service.lately),
        _number(service.count, say),
        _number(service.expected, say),
    )


def _since(service: ServiceNow, say: Phrasing) -> str:
    if service.incident is not None:
        return say.format.instant(service.incident.onset.at)
    if service.observed_at is None:
        return ""
    return say.texts("command.observed", at=say.format.instant(service.observed_at))


def _source_row(health: SourceHealth, say: Phrasing) -> tuple[str, ...]:
    return (
        health.source,
        say.texts(f"state.{health.state.value}"),
        say.format.zoned(health.since),
        say.source_reason(health.reason, health.params),
    )


def _number(value: float, say: Phrasing) -> str:
    return "-" if isnan(value) else say.format.number(value)
