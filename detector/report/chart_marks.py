"""What is marked on a chart: incidents, statements, and labels that do not cover each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from detector.model.incident import Incident
from detector.report.chart_frame import WEEKDAYS
from detector.text.catalogue import Catalogue
from detector.text.format import Format


@dataclass(frozen=True, slots=True)
class Shade:
    """An incident on a chart.

    Attributes
    ----------
    start, earliest, latest : the estimated start and its interval.
    noticed : when the alarm fired, None if it never would have.
    end : None while it is open.
    severity : ``minor``, ``major`` or ``critical``.
    peak : left edge of the highest bin, None where it is not to be marked.
    """

    start: datetime
    earliest: datetime
    latest: datetime
    noticed: datetime | None
    end: datetime | None
    severity: str
    peak: datetime | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Something said or known at an instant; ``mark`` is a letter or digit that a list explains."""

    at: datetime
    mark: str


@dataclass(frozen=True, slots=True)
class Labels:
    """The words on a chart."""

    began: str = "began"
    noticed: str = "noticed"
    over: str = "over"
    peak: str = "peak"
    expected: str = "expected"
    not_observed: str = "not observed"
    nothing: str = "nothing was observed"
    weekdays: tuple[str, ...] = WEEKDAYS

    @classmethod
    def worded(cls, texts: Catalogue, format: Format) -> Labels:  # noqa: A002 - what it is
        """Return the words of a catalogue."""
        return cls(
            began=texts("chart.started"),
            noticed=texts("chart.noticed"),
            over=texts("chart.ended"),
            peak=texts("chart.peak"),
            expected=texts("chart.expected"),
            not_observed=texts("chart.not_observed"),
            nothing=texts("chart.nothing"),
            weekdays=format.weekdays(),
        )


def shade_of(incident: Incident, *, was_noticed: bool = True) -> Shade:
    """Return ``incident`` as it is drawn."""
    onset = incident.onset
    return Shade(
        onset.at,
        onset.earliest,
        onset.latest,
        incident.noticed_at if was_noticed else None,
        incident.ended_at,
        incident.severity.label,
        incident.peak_at,
    )


@dataclass(frozen=True, slots=True)
class Label:
    """A text beside the pixel ``x``; ``before``: it would rather stand left of it."""

    x: float
    text: str
    before: bool = False
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """A label with its place: ``lane`` 0 is the lowest."""

    label: Label
    lane: int
    anchor: str
    x: float


def text_width(text: str, *, size: float) -> float:
    """Return about how many pixels ``text`` takes; Chinese characters are twice as wide."""
    return size * sum(1.0 if ord(c) > 0x2E80 else 0.62 for c in text)


def place(
    labels: Iterable[Label], *, low: float, high: float, lanes: int, size: float
) -> list[Placed]:
    """Return ``labels`` where they do not cover each other, inside ``[low, high]``.

    Each takes the first free lane on the side it would rather stand on, else on the other; one
    that finds none is left out.
    """
    taken: list[list[tuple[float, float]]] = [[] for _ in range(lanes)]
    placed = []
    for label in labels:
        wide = text_width(label.text, size=size) + 4
        left, right = (label.x - 4 - wide, label.x - 4), (label.x + 4, label.x + 4 + wide)
        sides = [(left, "end", label.x - 4), (right, "start", label.x + 4)]
        for lane, (span, anchor, x) in (
            (lane, side) for lane in range(lanes) for side in sides[:: 1 if label.before else -1]
        ):
            free = all(span[1] < a or span[0] > b for a, b in taken[lane])
            if free and low <= span[0] and span[1] <= high:
                taken[lane].append(span)
                placed.append(Placed(label, lane, anchor, x))
                break
    return placed
