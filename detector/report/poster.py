"""The report as one picture: a headline, the worst incident, the whole time."""

from __future__ import annotations

import re
from html import escape

from detector.errors import ConfigError
from detector.model.plain_text import plain
from detector.report.chart import counts_chart
from detector.report.chart_frame import Size, number
from detector.report.chart_marks import Labels, Note, shade_of
from detector.report.html import spoken_at
from detector.report.story import Report
from detector.report.summary import facts, title
from detector.text.phrasing import Phrasing

#: Pixels of the picture per pixel of the figure: sharp on paper and on dense screens.
SHARPNESS = 2
WIDTH = 960.0
_MARGIN = 40.0
_CHART = Size(880.0, 300.0)
_STRIP = Size(880.0, 120.0, lanes=0)
_FACTS = 5
_LONGEST = 120


def png_of(svg: str) -> bytes:
    """Return ``svg`` painted as PNG.

    Raises
    ------
    ConfigError
        If the painter is not installed.
    """
    try:
        import resvg_py  # an extra: nobody needs it to read the report in a browser
    except ImportError as error:
        message = "pictures need the extra 'report': pip install 'outage-detector[report]'"
        raise ConfigError(message) from error
    return bytes(
        resvg_py.svg_to_bytes(svg_string=svg, zoom=SHARPNESS, font_family="Noto Sans CJK SC")
    )


def poster(report: Report, say: Phrasing, style: str) -> str:
    """Return the picture as SVG text, its colours written in (light).

    Parameters
    ----------
    style : ``detector/report/chart.css``.
    """
    body: list[str] = []
    y = 66.0
    body.append(_line(title(report, say), y, "od-poster-title"))
    show = say.format
    span = f"{show.instant(report.start)} – {show.zoned(report.end)}"
    y += 28
    body.append(_line(span, y, "od-tick"))
    if report.stories:
        y = _incident(report, say, body, y + 20)
    y = _whole(report, say, body, y + 20)
    height = y + 30
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(WIDTH)} {number(height)}" '
        f'width="{number(WIDTH)}" height="{number(height)}"><style>{_plainly(style)}{_OWN}</style>'
        f'<rect class="od-paper" width="100%" height="100%"/>'
        f'<g class="od-chart">{"".join(body)}</g></svg>'
    )


# The painter does not know the shorthand `font`.
_OWN = """
.od-chart { font-size: 11px;
  font-family: "Noto Sans", "Noto Sans CJK SC", "DejaVu Sans", sans-serif; }
.od-poster-title { font-size: 30px; font-weight: 700; }
.od-poster-fact { font-size: 14px; }
.od-chart .od-poster-label { font-size: 14px; fill: #57606a; }
.od-paper { fill: #ffffff; }
"""


def _incident(report: Report, say: Phrasing, body: list[str], y: float) -> float:
    """Add the worst incident below ``y``; return where it ends."""
    story = report.worst_first[0]
    who = f"{story.incident.service} ({say.severity(story.incident.severity.label)})"
    shown = [(say.texts("report.label.service"), who), *facts(story, say)][:_FACTS]
    for i, (label, said) in enumerate(shown):
        line = y + 22 * (i + 1)
        body.append(_line(label, line, "od-poster-label"))
        body.append(_line(said, line, "od-poster-fact", x=_MARGIN + 110))
    y += 22 * _FACTS + 16
    for i, (_, curve) in enumerate(story.curves[:1]):
        notes = [Note(at, str(n)) for n, at in enumerate(spoken_at(story), 1)]
        shades = [shade_of(story.incident, was_noticed=story.was_noticed)]
        chart = counts_chart(
            curve,
            name=f"p{i}",
            label="",
            shades=shades,
            notes=notes,
            zone=say.format.zone,
            size=_CHART,
            labels=Labels.worded(say.texts, say.format),
        )
        body.append(_placed(chart, y, _CHART))
        y += _CHART.height
    return y


def _whole(report: Report, say: Phrasing, body: list[str], y: float) -> float:
    for i, watched in enumerate(report.watched[:3]):
        shades = [
            shade_of(s.incident, was_noticed=s.was_noticed)
            for s in report.stories
            if s.incident.service == watched.service
        ]
        body.append(_line(f"{watched.service} · {watched.source}", y + 14, "od-poster-label"))
        chart = counts_chart(
            watched.curve,
            name=f"q{i}",
            label="",
            shades=shades,
            zone=say.format.zone,
            size=_STRIP,
            labels=Labels.worded(say.texts, say.format),
        )
        body.append(_placed(chart, y + 18, _STRIP))
        y += _STRIP.height + 26
    return y


def _placed(chart: str, y: float, size: Size) -> str:
    place = f'x="{number(_MARGIN)}" y="{number(y)}" '
    size_of = f'width="{number(size.width)}" height="{number(size.height)}" '
    return chart.replace("<svg ", f"<svg {place}{size_of}", 1)


def _line(text: str, y: float, kind: str, *, x: float = _MARGIN) -> str:
    shown = escape(plain(text, longest=_LONGEST))
    return f'<text class="{kind}" x="{number(x)}" y="{number(y)}">{shown}</text>'


def _plainly(style: str) -> str:
    """Return ``style`` with the light colours written in; painters know no variables."""
    light = style[style.index("{") + 1 : style.index("}")]
    colours = dict(re.findall(r"(--od-[\w-]+):\s*([^;]+);", light))
    rules = style[style.index(".od-chart {") :]
    return re.sub(r"var\((--od-[\w-]+)\)", lambda found: colours[found[1]], rules)
