"""What is written on a chart: times of incidents, peaks, what was said, numbers when pointed at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from html import escape

import numpy as np

from detector.reports.marks import Label, Labels, Note, Shade, place
from detector.reports.paths import number, rule, text
from detector.reports.plot import LANE, Plot

TEXT = 11.0


def peaks_of(plot: Plot, shades: Sequence[Shade]) -> list[str]:
    """Return a ring around the highest bin of each incident."""
    parts = []
    for shade in shades:
        if shade.peak is None or not plot.x.low <= shade.peak.timestamp() < plot.x.high:
            continue
        column = int(np.searchsorted(plot.columns.left, shade.peak.timestamp(), side="right")) - 1
        if column < 0 or not np.isfinite(plot.columns.high[column]):
            continue
        x = float(plot.lefts[column] + plot.rights[column]) / 2
        y = plot.y.inside(float(plot.columns.high[column]))
        parts.append(f'<circle class="od-peak" cx="{number(x)}" cy="{number(y)}" r="4"/>')
    return parts


def notes_of(plot: Plot, notes: Sequence[Note]) -> list[str]:
    """Return a dashed line and a numbered mark at each instant."""
    parts = []
    for note in notes:
        if not plot.x.low <= note.at.timestamp() <= plot.x.high:
            continue
        x, y = plot.at(note.at), plot.y.far + 11
        parts.append(rule(x, plot.y.far, x, plot.y.near, "od-note"))
        parts.append(f'<circle class="od-note-mark" cx="{number(x)}" cy="{number(y)}" r="8"/>')
        parts.append(text(x, y + 4, note.mark, "middle", "note-text"))
    return parts


def written_of(plot: Plot, shades: Sequence[Shade], labels: Labels, zone: tzinfo) -> list[str]:
    """Return the times of each incident above the plot, tied to it by a line."""
    wanted = []
    for shade in shades:
        told = [
            (shade.start, labels.began, "start", True),
            (shade.noticed, labels.noticed, "noticed", False),
        ]
        for instant, word, kind, before in [*told, (shade.end, labels.over, "over", False)]:
            if instant is not None and plot.x.low <= instant.timestamp() <= plot.x.high:
                told_at = f"{word} {instant.astimezone(zone):%H:%M}"
                wanted.append(Label(plot.at(instant), told_at, before, kind))
    parts = [rule(w.x, plot.y.far - 4, w.x, plot.y.near, f"od-{w.kind}") for w in wanted]
    placed = place(wanted, low=2.0, high=plot.size.width - 2, lanes=plot.size.lanes, size=TEXT)
    for one in placed:
        y = plot.y.far - 8 - LANE * one.lane
        parts.append(rule(one.label.x, y - 9, one.label.x, plot.y.far - 4, f"od-{one.label.kind}"))
        parts.append(
            text(one.x, y, one.label.text, one.anchor, f"written od-{one.label.kind}-text")
        )
    return parts


def tips_of(plot: Plot, zone: tzinfo, labels: Labels) -> list[str]:
    """Return an unseen column over each one that was observed, with its numbers as its title."""
    cols, parts = plot.columns, []
    top, tall = plot.y.far, plot.y.near - plot.y.far
    for i in np.flatnonzero(np.isfinite(cols.mean)):
        local = datetime.fromtimestamp(float(cols.left[i]), zone)
        counted = _range_text(float(cols.low[i]), float(cols.high[i]))
        known = np.isfinite(cols.expected[i])
        usual = f", {labels.expected} {cols.expected[i]:.3g}" if known else ""
        x, wide = float(plot.lefts[i]), float(plot.rights[i] - plot.lefts[i])
        title = f"<title>{local:%Y-%m-%d %H:%M}: {counted}{escape(usual)}</title>"
        parts.append(
            f'<rect x="{number(x)}" y="{number(top)}" width="{number(wide)}" '
            f'height="{number(tall)}">{title}</rect>'
        )
    return [f'<g class="od-tips">{"".join(parts)}</g>']


def _range_text(low: float, high: float) -> str:
    return f"{high:,g}" if low == high else f"{low:,g}-{high:,g}"
