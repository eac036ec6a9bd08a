"""top: how everything is, on a terminal, kept up to date."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from math import isnan
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from detector.cli.incidents import incident_table
from detector.cli.output import print_table, settings_and_base
from detector.clock import wall_now
from detector.config.settings import Settings
from detector.model.plain_text import plain
from detector.model.times import iso
from detector.pipeline.setup import store_location
from detector.store.queries import SqlViewer, open_viewer
from detector.text.phrasing import phrasing
from detector.views.snapshot import (
    Glance,
    ServiceNow,
    glance_to_dict,
    look,
    observed_until,
    spark,
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
_SERVICES = ("service", "state", "since", "lately", "count", "expected")
_FEEDS = ("feed", "state", "since", "why")


def show_top(config: Path | None, *, hours: float, every: float, once: bool, as_json: bool) -> None:
    """Show how everything is, until Ctrl-C; once when piped, or when asked to."""
    settings, base, _ = settings_and_base(config)
    with closing(open_viewer(store_location(settings, base=base))) as store:
        now = _clock(settings, store)
        configured = frozenset(settings.services)

        def glance() -> Glance:
            return look(store, configured=configured, now=now(), hours=hours)

        if as_json:
            print(json.dumps(glance_to_dict(glance()), ensure_ascii=False))
        elif once or not sys.stdout.isatty():
            _print(glance())
        else:
            _follow(glance, every)


def _clock(settings: Settings, store: SqlViewer) -> Callable[[], datetime]:
    """Return what tells the time: after scenarios on a fast clock, it stands where they ended."""
    if settings.clock.speed is None:
        return wall_now
    return lambda: observed_until(store) or wall_now()


def _follow(glance: Callable[[], Glance], every: float) -> None:
    console = Console(markup=False, highlight=False)
    with Live(screened(glance()), console=console, screen=True, auto_refresh=False) as live:
        try:
            while True:
                live.update(screened(glance()), refresh=True)
                time.sleep(every)
        except KeyboardInterrupt:
            return


def screened(glance: Glance) -> Group:
    """Return ``glance`` as it is drawn on a terminal."""
    outages = sum(s.state == "outage" for s in glance.services)
    title = Text(f"outage-detector  {glance.at:%Y-%m-%d %H:%M:%S} UTC  ", style="bold")
    word = f"{outages} of {len(glance.services)} services with an outage"
    title.append(word, style=_COLOURS["major"] if outages else _COLOURS["fine"])
    services = _ruled(_SERVICES)
    for service in glance.services:
        services.add_row(*_painted(_service_row(service), _kind(service)))
    parts: list[RenderableType] = [title, Text(), services]
    if glance.feeds:
        feeds = _ruled(_FEEDS)
        for feed, row in zip(glance.feeds, _feed_rows(glance), strict=True):
            feeds.add_row(*_painted(row, feed.state.value))
        parts += [Text(), feeds]
    last = f"lately: {glance.hours:g} h, one column {glance.hours * 60 / 36:g} min; Ctrl-C ends"
    return Group(*parts, Text(), Text(last, style="bright_black"))


def _print(glance: Glance) -> None:
    """Print ``glance`` as plain tables, for pipes and logs."""
    print_table(_SERVICES, map(_service_row, glance.services))
    print()
    print_table(*incident_table(glance.incidents))
    if glance.feeds:
        print()
        print_table(_FEEDS, _feed_rows(glance))


def _ruled(columns: tuple[str, ...]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        numeric = column in {"count", "expected"}
        table.add_column(column, justify="right" if numeric else "left", no_wrap=column != "why")
    return table


def _painted(row: tuple[str, ...], kind: str) -> list[Text]:
    """Return the cells as texts: nothing in them is markup; the state has its colour."""
    cells = [Text(plain(cell, longest=80)) for cell in row]
    cells[1].stylize(_COLOURS[kind])
    return cells


def _kind(service: ServiceNow) -> str:
    return service.incident.severity.label if service.incident else service.state


def _service_row(service: ServiceNow) -> tuple[str, ...]:
    incident = service.incident
    state = f"{incident.severity.label} outage" if incident else service.state
    if incident:
        since = f"{incident.onset.at:%m-%d %H:%M}"
    else:
        since = "" if service.observed_at is None else f"seen {service.observed_at:%m-%d %H:%M}"
    return (
        service.name,
        state,
        since,
        spark(service.lately),
        _number(service.count),
        _number(service.expected),
    )


def _feed_rows(glance: Glance) -> list[tuple[str, ...]]:
    say = phrasing("en", UTC)
    return [
        (f.source, f.state.value, iso(f.since), say.source_reason(f.reason, f.params))
        for f in glance.feeds
    ]


def _number(value: float) -> str:
    if isnan(value):
        return "-"
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.2g}"
