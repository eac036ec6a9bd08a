"""Charts of a page: what is drawn, and what is said of it to those who do not see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from markupsafe import Markup

from detector.model.incident import Incident
from detector.model.times import from_seconds
from detector.report.chart import NARROW, WIDE, counts_chart
from detector.report.chart_marks import Labels, Note, shade_of
from detector.views.curve import Columns, Curve, columns
from detector.views.recorded_curves import IN_FULL
from detector.web.pages.presentation import Presentation
from detector.web.pages.rendering import drawn


@dataclass(frozen=True, slots=True, eq=False)
class ChartRow:
    """A line of the table that stands for a chart.

    Attributes
    ----------
    at : left edge, aware UTC.
    mean, high, expected : posts per bin; expected is None where unknown.
    seen : share that was observed, in [0, 1].
    """

    at: datetime
    mean: float
    high: float
    expected: float | None
    seen: float


@dataclass(frozen=True, slots=True)
class SourceChart:
    """The chart of one source.

    Attributes
    ----------
    says : it in a sentence.
    wide, narrow : the chart for desks and for phones; the style sheet shows one of them.
    rows : the table that stands for it.
    """

    source: str
    says: Markup
    wide: Markup
    narrow: Markup
    rows: Sequence[ChartRow] = ()


def figures(
    curves: Mapping[str, Curve],
    show: Presentation,
    *,
    incidents: Sequence[Incident] = (),
    notes: Sequence[Note] = (),
    tables: bool = False,
) -> list[SourceChart]:
    """Return a figure for each source, by name.

    Parameters
    ----------
    tables : whether a table stands beside each.
    """
    labels = Labels.worded(show.texts, show.format)
    shades = [shade_of(one) for one in incidents]
    found = []
    for number, (source, curve) in enumerate(curves.items()):
        says = summary(curve, show)
        wide, narrow = (
            drawn(
                counts_chart(
                    curve,
                    name=f"chart-{number}-{size_name}",
                    label=str(says.striptags()),
                    shades=shades,
                    notes=notes,
                    zone=show.zone,
                    size=size,
                    labels=labels,
                )
            )
            for size_name, size in (("wide", WIDE), ("narrow", NARROW))
        )
        rows = table(curve) if tables else ()
        found.append(SourceChart(source, says, wide, narrow, rows))
    return found


def table(curve: Curve, *, most: int = 48) -> list[ChartRow]:
    """Return ``curve`` as at most ``most`` + 1 lines, the latest first."""
    cols = columns(curve, most=most)
    return [_row(cols, i) for i in reversed(range(len(cols.left)))]


def summary(curve: Curve, show: Presentation) -> Markup:
    """Return the curve in a sentence: its highest bin, what was expected, what is not known."""
    fmt = show.format
    seen = float(np.mean(curve.seen)) if len(curve.counts) else 0.0
    if not np.isfinite(curve.counts).any():
        return show.html("chart.nothing")
    top = int(np.nanargmax(curve.counts))
    # Of long curves only the hour of the highest bin is known.
    is_long = len(curve.counts) * curve.width > IN_FULL
    label = show.html(
        "page.chart.says_hour" if is_long else "page.chart.says",
        width=fmt.duration(curve.width),
        high=fmt.number(float(curve.counts[top])),
        at=show.when(curve.start + top * curve.width),
        expected=fmt.number(float(curve.expected[top])),
    )
    if seen >= 0.9995:
        return label
    return label + show.html("page.chart.gaps", share=fmt.percent(max(1 - seen, 0.01)))


def _row(cols: Columns, i: int) -> ChartRow:
    expected = float(cols.expected[i])
    return ChartRow(
        from_seconds(float(cols.left[i])),
        float(cols.mean[i]),
        float(cols.high[i]),
        expected if np.isfinite(expected) else None,
        float(cols.seen[i]),
    )
