"""Charts of counts as SVG text: pure functions from arrays, the same in a report and on a page.

Colours come from the style sheet (``detector/report/chart.css``), so that one figure is light, dark
or printed. Nothing in a figure is a style, a script or a reference to elsewhere: it may stand under
the strictest Content-Security-Policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from html import escape

import numpy as np

from detector.report.chart_frame import (
    LANE,
    Plot,
    Size,
    area,
    count_text,
    dated,
    line,
    number,
    rect,
    rule,
    runs,
    text,
    time_ticks,
)
from detector.report.chart_marks import Label, Labels, Note, Shade, place, text_width
from detector.views.curve import Curve

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
        times = [
            (shade.start, labels.began, "start", True),
            (shade.noticed, labels.noticed, "noticed", False),
        ]
        for instant, word, kind, before in [*times, (shade.end, labels.over, "over", False)]:
            if instant is not None and plot.x.low <= instant.timestamp() <= plot.x.high:
                label = f"{word} {instant.astimezone(zone):%H:%M}"
                wanted.append(Label(plot.at(instant), label, before, kind))
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


WIDE = Size()
NARROW = Size(360.0, 220.0)
STRIP = Size(860.0, 96.0, lanes=0)
NARROW_STRIP = Size(360.0, 96.0, lanes=0)


def counts_chart(
    curve: Curve,
    *,
    name: str,
    label: str,
    shades: Sequence[Shade] = (),
    notes: Sequence[Note] = (),
    zone: tzinfo = UTC,
    size: Size = WIDE,
    labels: Labels = Labels(),  # noqa: B008  (frozen)
    tips: bool = False,
) -> str:
    """Return a figure of counts against the expected band, its incidents shaded.

    Parameters
    ----------
    curve : what is drawn; several bins share a column where they are many, and the smallest and
        largest of them stay visible around their mean.
    name : unique on the page, letters, digits and hyphens: ids inside the figure begin with it.
    label : what a screen reader says, in words.
    shades : incidents; only with `Size.lanes` their times are written beside them.
    notes : instants with a mark, e.g. what the operator said.
    zone : of the times on the axis.
    tips : whether every column shows its numbers when pointed at (makes the figure thrice as long).
    """
    plot = Plot.of(curve, size)
    body = [
        *_band(plot, curve),
        *_not_observed(plot, name),
        *(part for shade in shades for part in _shade(plot, shade)),
        *_count_axis(plot),
        *_time_axis(plot, curve.start, curve.end, zone, labels),
        *_expected(plot),
        *_observed(plot),
        *notes_of(plot, notes),
    ]
    if size.lanes:
        body += peaks_of(plot, shades)
        body += written_of(plot, shades, labels, zone)
    if not plot.columns.seen.any():
        body.append(text((size.left + size.right) / 2, 60.0, labels.nothing, "middle", "muted"))
    if tips:
        body += tips_of(plot, zone, labels)
    return _svg(size, name, label, body)


def sparkline(
    curve: Curve,
    *,
    label: str,
    size: tuple[float, float] = (140.0, 28.0),
    shades: Sequence[Shade] = (),
) -> str:
    """Return a word-sized figure: counts, incidents behind them, no axes."""
    plot = Plot.of(curve, Size(), box=(1.0, size[0] - 1.0, 2.0, size[1] - 2.0))
    body = [part for shade in shades for part in _shade(plot, shade)]
    body += [*_observed(plot)]
    return (
        f'<svg class="od-spark" viewBox="0 0 {number(size[0])} {number(size[1])}" '
        f'width="{number(size[0])}" height="{number(size[1])}" role="img" '
        f'aria-label="{escape(label)}">{"".join(body)}</svg>'
    )


def bar(share: float, *, low: float | None = None, high: float | None = None) -> str:
    """Return a bar as long as ``share`` of its cell; decoration beside a number, so not read out.

    ``low`` and ``high`` draw an interval as a thin line over it; all are in [0, 1].
    """
    body = f'<rect class="od-bar" y="2" width="{number(100 * share)}" height="8" rx="1"/>'
    if low is not None and high is not None:
        body += (
            f'<rect class="od-whisker" x="{number(100 * low)}" y="5.4" '
            f'width="{number(100 * max(high - low, 0.0))}" height="1.2"/>'
        )
    return (
        '<svg class="od-bars" viewBox="0 0 100 12" preserveAspectRatio="none" width="100" '
        f'height="12" aria-hidden="true">{body}</svg>'
    )


def _svg(size: Size, name: str, label: str, body: Sequence[str]) -> str:
    hatch = (
        f'<defs><pattern id="{name}-hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect class="od-hatch-ground" width="6" height="6"/>'
        '<rect class="od-hatch" width="1.6" height="6"/></pattern></defs>'
    )
    return (
        f'<svg class="od-chart" xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 0 {number(size.width)} {number(size.height)}" role="img" '
        f'aria-label="{escape(label)}">{hatch}{"".join(body)}</svg>'
    )


def _not_observed(plot: Plot, name: str) -> list[str]:
    """Return hatched ground where nothing was observed: not zero, not quiet, unknown."""
    parts = []
    for first, last in runs(plot.columns.seen < 0.5):
        x, end = float(plot.lefts[first]), float(plot.rights[last - 1])
        parts.append(rect(x, plot.y.far, end - x, plot.y.near - plot.y.far, f"url(#{name}-hatch)"))
    return parts


def _shade(plot: Plot, shade: Shade) -> list[str]:
    """Return the ground behind an incident, and behind the interval of its start."""
    end = shade.end.timestamp() if shade.end else plot.x.high
    if end <= plot.x.low or shade.earliest.timestamp() >= plot.x.high:
        return []
    top, tall = plot.y.far, plot.y.near - plot.y.far
    x = plot.at(shade.start)
    wide = max(plot.x.inside(end) - x, 1.5)
    severity = escape(shade.severity)
    parts = [f'<g class="od-shade od-{severity}">{rect(x, top, wide, tall)}</g>']
    low = plot.at(shade.earliest)
    if (sure := plot.at(shade.latest) - low) > 0:
        parts.append(f'<g class="od-interval">{rect(low, top, max(sure, 1.5), tall)}</g>')
    return parts


def _count_axis(plot: Plot) -> list[str]:
    parts = []
    for tick in plot.ticks:
        y = plot.y(tick)
        parts.append(rule(plot.x.near, y, plot.x.far, y, "od-grid" if tick else "od-axis"))
        parts.append(text(plot.x.near - 6, y + 4, count_text(tick), "end", "tick"))
    return parts


def _time_axis(
    plot: Plot, start: datetime, end: datetime, zone: tzinfo, labels: Labels
) -> list[str]:
    parts = []
    most = max(int((plot.x.far - plot.x.near) / 72), 2)
    ticks = time_ticks(start, end, zone, most=most, weekdays=labels.weekdays)
    for tick in dated(ticks, zone, after=plot.seconds(34), weekdays=labels.weekdays):
        x = plot.x(tick.at)
        kind = "od-day" if tick.strong else "od-grid"
        parts.append(rule(x, plot.y.far, x, plot.y.near + 4, kind))
        shown = "tick od-strong" if tick.strong else "tick"
        half = text_width(tick.text, size=TEXT) / 2
        if x > plot.size.width - half:
            parts.append(text(plot.size.width, plot.y.near + 17, tick.text, "end", shown))
        elif x > plot.x.near + 14:
            parts.append(text(x, plot.y.near + 17, tick.text, "middle", shown))
        else:
            parts.append(text(x, plot.y.near + 17, tick.text, "start", shown))
    return parts


def _band(plot: Plot, curve: Curve) -> list[str]:
    """Return the band in which ordinary bins lie; a trending list has none."""
    if curve.listed:
        return []
    low, high = map(plot.heights, plot.band)
    return [f'<path class="od-band" d="{area(plot.lefts, plot.rights, low, high)}"/>']


def _expected(plot: Plot) -> list[str]:
    """Return the expected counts; of a trending list its lowest entry."""
    heights = plot.heights(plot.columns.expected)
    return [f'<path class="od-expected" d="{line(plot.lefts, plot.rights, heights)}"/>']


def _observed(plot: Plot) -> list[str]:
    """Return the range from the smallest to the largest bin of each column, and their mean."""
    edges = plot.lefts, plot.rights
    low, high = plot.heights(plot.columns.low), plot.heights(plot.columns.high)
    mean = plot.heights(plot.columns.mean)
    parts = [f'<path class="od-counts" d="{line(*edges, mean)}"/>']
    if np.any(plot.columns.high > plot.columns.low):
        parts.insert(0, f'<path class="od-range" d="{area(*edges, low, high)}"/>')
    return parts
