"""What the detector found out in the bins that it took: said of every bin, and of surges."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from detector.detection import course
from detector.detection.state import SeriesState
from detector.domain.series import Floats
from detector.domain.surge import Change, ChangeKind, Onset, Surge


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What `live.update` found out.

    Attributes
    ----------
    state : the state after the last bin.
    changes : what happened to surges, in time order.
    said : shape (6, n), what was said of each bin: the rows are the properties below.
    """

    state: SeriesState
    changes: tuple[Change, ...]
    said: Floats = field(repr=False)

    def _row(self, i: int) -> Floats:
        row: Floats = self.said[i]
        return row

    @property
    def expected(self) -> Floats:
        """Shape (n,), posts expected in each bin as known before it; nan while cold."""
        return self._row(0)

    @property
    def evidence(self) -> Floats:
        """Shape (n,), nats after each bin."""
        return self._row(1)

    @property
    def threshold(self) -> Floats:
        """Shape (n,), what the evidence was compared with."""
        return self._row(2)

    @property
    def weighed(self) -> Floats:
        """Shape (n,), what a bin weighs as evidence; nan where it was not weighed."""
        return self._row(3)

    @property
    def dispersion(self) -> Floats:
        """Shape (n,), variance over mean of the counts; nan where a bin was not weighed."""
        return self._row(4)

    @property
    def variance(self) -> Floats:
        """Shape (n,), relative variance of the expectation; nan where a bin was not weighed."""
        return self._row(5)


def change_of(start: datetime, width: timedelta, found: Any) -> Change:
    """Return a change that a kernel wrote down, for bins of ``width`` from ``start`` on."""
    said = dict(zip(found.dtype.names, found.item(), strict=True))

    def edge(b: int) -> datetime:
        return start + b * width

    closed = said["kind"] == course.CLOSED
    noticed = edge(said["noticed"] + 1) - timedelta(seconds=said["early"])
    at = noticed if said["kind"] == course.OPENED else edge(said["bin"] + 1)
    surge = Surge(
        onset=Onset(edge(said["onset"]), edge(said["earliest"]), edge(said["latest"])),
        noticed_at=noticed,
        evidence=said["evidence"],
        peak_at=edge(said["peak"]),
        peak_count=said["peak_count"],
        expected_at_peak=said["peak_expected"],
        excess=said["excess"],
        ended_at=edge(said["ended"]) if closed else None,
        resolved_at=at if closed else None,
    )
    kinds = (ChangeKind.OPENED, ChangeKind.REVISED, ChangeKind.CLOSED)
    return Change(kinds[said["kind"]], at, surge)
