"""Parts of an SVG figure: rectangles, lines, texts, and paths broken where nothing is known."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import numpy as np
from numpy.typing import NDArray

from detector.domain.series import Floats


def number(value: float) -> str:
    """Return ``value`` to a tenth of a pixel, as short as it can be written."""
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def runs(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield the half-open stretches ``[first, end)`` in which ``flags`` hold."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        yield int(first), int(end)


def line(lefts: Floats, rights: Floats, heights: Floats) -> str:
    """Return a line through the middles of columns, from edge to edge of each stretch.

    Parameters
    ----------
    lefts, rights : shape (n,), edges of the columns in pixels.
    heights : shape (n,), pixels; nan breaks the line.
    """
    return "".join(
        "M" + "L".join(_points(lefts, rights, heights, first, end))
        for first, end in runs(np.isfinite(heights))
    )


def area(lefts: Floats, rights: Floats, low: Floats, high: Floats) -> str:
    """Return the area between ``low`` and ``high``, shape (n,), pixels; nan of either breaks it."""
    parts = []
    for first, end in runs(np.isfinite(low) & np.isfinite(high)):
        upper = _points(lefts, rights, high, first, end)
        lower = _points(lefts, rights, low, first, end)
        parts.append("M" + "L".join([*upper, *reversed(lower)]) + "Z")
    return "".join(parts)


def _points(lefts: Floats, rights: Floats, heights: Floats, first: int, end: int) -> list[str]:
    middles = (lefts[first:end] + rights[first:end]) / 2
    x = [lefts[first], *middles, rights[end - 1]]
    y = [heights[first], *heights[first:end], heights[end - 1]]
    return [f"{number(a)} {number(b)}" for a, b in zip(x, y, strict=True)]


def rect(x: float, y: float, width: float, height: float, fill: str | None = None) -> str:
    """Return a rectangle."""
    paint = f' fill="{fill}"' if fill else ""
    return (
        f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" '
        f'height="{number(height)}"{paint}/>'
    )


def rule(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """Return a straight line of class ``kind``."""
    return f'<path class="{kind}" d="M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}"/>'


def text(x: float, y: float, text: str, anchor: str, kind: str) -> str:
    """Return ``text``, escaped, of class ``od-`` + ``kind``."""
    return (
        f'<text class="od-{kind}" x="{number(x)}" y="{number(y)}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )
