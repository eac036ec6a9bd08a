"""Charts of a page: what is drawn, and what is said of it to those who do not see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from detector.domain.incident import Incident
from detector.reports.chart import NARROW, WIDE, counts_chart
from detector.reports.curve import Curve
from detector.reports.marks import Labels, Note, shade_of
from detector.web.pages.curves import IN_FULL, Row, table
from detector.web.pages.painting import drawn
from detector.web.pages.reader import Reader


@dataclass(frozen=True, slots=True)
class Figure:
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
    rows: Sequence[Row] = ()


def figures(
    curves: Mapping[str, Curve],
    reader: Reader,
    *,
    incidents: Sequence[Incident] = (),
    notes: Sequence[Note] = (),
    tables: bool = False,
) -> list[Figure]:
    """Return a figure for each source, by name.

    Parameters
    ----------
    tables : whether a table stands beside each.
    """
    labels = _labels(reader)
    shades = [shade_of(one) for one in incidents]
    found = []
    for number, (source, curve) in enumerate(curves.items()):
        says = summary(curve, reader)
        wide, narrow = (
            drawn(
                counts_chart(
                    curve,
                    name=f"chart-{number}-{size_name}",
                    label=str(says.striptags()),
                    shades=shades,
                    notes=notes,
                    zone=reader.zone,
                    size=size,
                    labels=labels,
                )
            )
            for size_name, size in (("wide", WIDE), ("narrow", NARROW))
        )
        rows = table(curve) if tables else ()
        found.append(Figure(source, says, wide, narrow, rows))
    return found


def summary(curve: Curve, reader: Reader) -> Markup:
    """Return the curve in a sentence: its highest bin, what was expected, what is not known."""
    t, say = reader.words, reader.speech
    seen = float(np.mean(curve.seen)) if len(curve.counts) else 0.0
    if not np.isfinite(curve.counts).any():
        return t("chart.nothing")
    top = int(np.nanargmax(curve.counts))
    usual = curve.expected[top]
    # Of long curves only the hour of the highest bin is known.
    key = "chart.says_hour" if len(curve.counts) * curve.width > IN_FULL else "chart.says"
    said = t(
        key,
        width=say.lasting(curve.width),
        high=say.number(float(curve.counts[top])),
        at=reader.when(curve.start + top * curve.width),
        expected=say.number(float(usual)) if np.isfinite(usual) else "?",
    )
    if seen >= 0.9995:
        return said
    return said + t("chart.gaps", share=say.percent(max(1 - seen, 0.01)))


def _labels(reader: Reader) -> Labels:
    t = reader.words
    return Labels(
        began=t.text("chart.began"),
        noticed=t.text("chart.noticed"),
        over=t.text("chart.over"),
        peak=t.text("chart.peak"),
        expected=t.text("chart.expected"),
        not_observed=t.text("chart.not_observed"),
        nothing=t.text("chart.nothing"),
        weekdays=tuple(t.text("chart.weekdays").split()),
    )
