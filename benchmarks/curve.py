"""False alarms against recall, as an SVG drawn here: no chart library, so any change is a diff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import log10

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, KEY = 860, 430, 60, 30, 60, 330
LOWEST, HIGHEST = 0.01, 3.0
COLOURS = (
    "#d1242f",
    "#0969da",
    "#1a7f37",
    "#9a6700",
    "#8250df",
    "#bf3989",
    "#57606a",
    "#1b7c83",
    "#bc4c00",
    "#4d2d00",
    "#6639ba",
)

Points = Sequence[tuple[float, float]]


def svg(curves: Mapping[str, Points], title: str, where: str = "the track without outages") -> str:
    """Return one line per method through (false alarms per service-week, recall) points.

    The first method is drawn thick. Rates outside `LOWEST` to `HIGHEST` are drawn there. ``where``
    the false alarms were counted stands under the axis.
    """
    right = WIDTH - KEY
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"',
        f' role="img" aria-label="{escape(title)}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="18" font-size="14">{escape(title)}</text>',
        *_grid(right, where),
    ]
    for i, (name, points) in enumerate(curves.items()):
        lines += _curve(name, points, i, right)
    return "\n".join([*lines, "</svg>", ""])


def _grid(right: int, where: str) -> list[str]:
    lines = []
    for recall in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        y = _y(recall)
        lines.append(f'<line x1="{LEFT}" x2="{right}" y1="{y}" y2="{y}" stroke="#d0d7de"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{recall:.1f}</text>')
    for rate in (0.01, 0.03, 0.1, 0.3, 1.0, 3.0):
        x, foot = _x(rate, right), HEIGHT - BOTTOM
        lines.append(f'<line x1="{x}" x2="{x}" y1="{TOP}" y2="{foot}" stroke="#d0d7de"/>')
        lines.append(f'<text x="{x}" y="{foot + 18}" text-anchor="middle">{rate:g}</text>')
    middle = (LEFT + right) / 2
    label = f"false alarms per service-week on {where} (recall upwards)"
    lines.append(f'<text x="{middle}" y="{HEIGHT - 18}" text-anchor="middle">{label}</text>')
    return lines


def _curve(name: str, points: Points, i: int, right: int) -> list[str]:
    colour, thick = COLOURS[i % len(COLOURS)], 4 if i == 0 else 1.6
    placed = [(_x(rate, right), _y(recall)) for rate, recall in sorted(points)]
    path = " ".join(f"{x},{y}" for x, y in placed)
    key = TOP + 14 + 24 * i
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{thick}"/>',
        *[f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>' for x, y in placed],
        f'<circle cx="{right + 18}" cy="{key - 4}" r="5" fill="{colour}"/>',
        f'<text x="{right + 30}" y="{key}">{escape(name)}</text>',
    ]


def _x(rate: float, right: int) -> float:
    share = log10(min(max(rate, LOWEST), HIGHEST) / LOWEST) / log10(HIGHEST / LOWEST)
    return round(LEFT + share * (right - LEFT), 1)


def _y(recall: float) -> float:
    return round(HEIGHT - BOTTOM - recall * (HEIGHT - BOTTOM - TOP), 1)
