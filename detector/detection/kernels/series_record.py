"""The record of one series: what changes with every bin, hours of it, not weeks.

It is what must be copied and stored in every run. Kernels read and write it as a record of
`RECORD`; `SeriesRecord` names its fields, so that types are checked, and is where the layout is
made from. Fields are in bins of the series unless said otherwise; bin 0 is the first ever given.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple, TypeAlias, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

from detector.detection.baseline.recurrence import WEEKS
from detector.detection.kernels.compiled import compiled
from detector.model.series import Floats, Ints

#: Bins remembered: enough for the start of a slow surge and for an hour of recovery.
RING = 256
#: Candidate starts kept; the search needs about the logarithm of the bins it spans.
CANDIDATES = 48
#: Days whose highest evidence is remembered.
DAYS = 28
#: Most slots that a day is divided into.
SLOTS = 144

#: In `SeriesRecord.known`: a bin in a run of zeros that the source was taken for dead for.
NO_SOURCE = -1.0
#: Numbers that are known of a lasting surge.
KEPT = 13

_PerCandidate: TypeAlias = Annotated[Floats, CANDIDATES]
_PerBin: TypeAlias = Annotated[Floats, RING]
_PerSlot: TypeAlias = Annotated[Floats, SLOTS]


class SeriesRecord:
    """One record of `RECORD`; never made as an object of this class.

    Fields with an annotated number are arrays of that many elements.
    """

    bins: int  # bins seen so far, observed or not
    gap: int  # unobserved bins since the last observed one
    learnt: int  # bins that the level has learnt from since the cold start

    # level: discounted events (in units of the dispersion) and discounted profile
    level_events: float
    level_weight: float
    slow_events: float
    slow_weight: float

    # levels of past days, a ring; their median, and how much higher that is than the level (or 1)
    day_levels: Annotated[Floats, DAYS]
    long_level: float
    lift: float

    # run of zeros: expected events in it, and the level as it was before
    zero_run: int
    zero_expected: float
    zero_events: float
    zero_weight: float

    # dispersion and own spread: discounted squared errors and their weights; the current hour
    block_count: float
    block_expected: float
    block_bins: int
    dispersion_error: float
    dispersion_weight: float
    previous: float  # clipped count of the bin before; nan if not observed
    own_error: float
    own_weight: float

    # candidate starts, oldest first: sums since the start in units of the dispersion
    candidates: int
    start: Annotated[Ints, CANDIDATES]
    surplus: _PerCandidate
    mass: _PerCandidate
    mass_variance: _PerCandidate  # mass times relative variance of the expectation
    burst: _PerCandidate  # highest surplus of a burst since the start
    mass_back: _PerCandidate  # mass if the clock were an hour back
    mass_ahead: _PerCandidate  # mass if the clock were an hour ahead
    evidence: float
    highest: float  # evidence since the day began
    maxima: Annotated[Floats, DAYS]  # highest evidence of past days, a ring; 0 before
    past_days: int
    density: float  # expected posts a minute over the dispersion, when the day ended
    held: int  # bins for which learning has been held back by evidence

    # ring of recent bins
    count: _PerBin
    expected: _PerBin
    old_events: _PerBin  # the level at the bin, of what was old enough to be learnt
    old_weight: _PerBin
    week_slot: Annotated[Ints, RING]
    clip: _PerBin  # what is to be learnt; nan if nothing
    rate: _PerBin  # profile of the bin, known events in it; negative where no level may learn it
    known: _PerBin  # relative variance of its expectation, its own spread aside; or `NO_SOURCE`

    # seconds that the service's clock is ahead of the options' zone; belief in -1 h, 0, +1 h
    clock: int
    recent_count: float  # of the last hour or so, as the clock is told
    recent_expected: float
    clock_belief: Annotated[Floats, 3]
    # seconds that local time is ahead of the bins, since which bin, what it was before, what it
    # was in the day that is being gathered; in slots on the days of past weeks
    ahead: int
    ahead_since: int
    ahead_before: int
    day_ahead: int
    week_ahead: Annotated[Ints, WEEKS, 7]

    # the day that is being gathered for the profile
    day: int
    day_count: _PerSlot
    day_bins: _PerSlot
    day_dead: _PerSlot  # bins of it in runs of zeros that the source was taken for dead for
    dead_days: Annotated[Ints, SLOTS]  # whether past days had such, a bit each, the last one first
    raw_count: _PerSlot  # the same day as it was, surges included
    raw_expected: _PerSlot

    # the open surge
    open: int
    noticed: int
    onset: int
    earliest: int
    latest: int
    search_from: int  # first bin that its start is searched in, or the next one's
    alarm_evidence: float
    # seconds before the right edge of its bin at which a surge was noticed, and what the bin
    # held then; while no surge is open, it was noticed in the bin that still fills
    early: int
    early_count: float
    peak: int
    peak_count: float
    peak_expected: float
    height: float  # highest quarter-hour mean above expectation, posts per bin
    excess: float
    reported_onset: int
    reported_peak: float
    reported_excess: float
    # its hours: the current one, how many in a row were alike, and their sums
    hour_count: float
    hour_expected: float
    hour_bins: int
    steady_hours: int
    steady_count: float
    steady_expected: float

    # the lasting surge: since when it is one, the level before it, the (discounted) events behind
    # that, the dispersion, bins in a row that may be its end, and what is known of it
    lasting: int
    settled: int
    home: float
    home_events: float
    home_dispersion: float
    low: int
    kept: Annotated[Floats, KEPT]


class ChangeRecord:
    """One record of `CHANGE`: what a kernel found out about a surge, in bin numbers."""

    kind: int  # 0 opened, 1 revised, 2 closed
    bin: int
    noticed: int
    early: int  # seconds before the right edge of the bin in which it was noticed
    settled: int  # the bin since which it is a lasting one; -1: it is not
    onset: int
    earliest: int
    latest: int
    evidence: float
    peak: int
    peak_count: float
    peak_expected: float
    excess: float
    ended: int


_SCALARS = {int: np.int64, float: np.float64, Ints: np.int64, Floats: np.float64}


def _layout(fields: type) -> np.dtype[np.void]:
    """Return the layout of records with the annotated ``fields``."""
    layout: list[Any] = []
    for name, kind in get_type_hints(fields, include_extras=True).items():
        scalar, *shape = get_args(kind) if kind not in _SCALARS else (kind,)
        layout.append((name, _SCALARS[scalar], tuple(shape)))
    return np.dtype(layout, align=True)


#: Changes that a bin makes at most: a surge and the lasting one around it, both told of and ended.
MOST = 4

RECORD = _layout(SeriesRecord)
CHANGE = _layout(ChangeRecord)

#: Shape (n,), dtype `RECORD`; in a kernel an element is a `SeriesRecord`.
Records: TypeAlias = NDArray[np.void]


class ChangeLog(NamedTuple):
    """Where a kernel writes changes of surges down.

    Attributes
    ----------
    rows : shape (n,), dtype `CHANGE`; in a kernel an element is a `ChangeRecord`.
    length : shape (1,), how many of them are written.
    """

    rows: NDArray[np.void]
    length: Ints


def room_for(changes: int) -> NDArray[np.void]:
    """Return rows for so many changes; through bytes, as numpy makes records field by field."""
    return np.frombuffer(bytearray(changes * CHANGE.itemsize), CHANGE)


@compiled
def bins_of(minutes: float, width: float, most: int) -> int:
    """Return how many bins of ``width`` minutes make ``minutes``: at least 1, at most ``most``."""
    return min(max(round(minutes / width), 1), most)
