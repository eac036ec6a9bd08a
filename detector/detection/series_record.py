"""The memory of one series: one record that changes with every bin, two tables that change daily.

The record is what must be copied and stored in every cycle; it holds hours, not weeks. Fields are
in bins of the series unless said otherwise; bin 0 is the first bin ever given.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from detector.detection.compiled import compiled
from detector.detection.recurrence import WEEKS

#: Bins remembered: enough for the start of a slow surge and for an hour of recovery.
RING = 256
#: Candidate starts kept; the search needs about the logarithm of the bins it spans.
CANDIDATES = 48
#: Days whose highest evidence is remembered.
DAYS = 28
#: Most slots that a day is divided into.
SLOTS = 144

HOT = np.dtype(
    [
        ("bins", np.int64),  # bins seen so far, observed or not
        ("gap", np.int64),  # unobserved bins since the last observed one
        ("learnt", np.int64),  # bins that the level has learnt from since the cold start
        # level: discounted events (in units of the dispersion) and discounted profile
        ("level_events", np.float64),
        ("level_weight", np.float64),
        ("slow_events", np.float64),
        ("slow_weight", np.float64),
        # run of zeros: expected events in it, and the level as it was before
        ("zero_run", np.int64),
        ("zero_expected", np.float64),
        ("zero_events", np.float64),
        ("zero_weight", np.float64),
        # dispersion and own spread: discounted squared errors and their weights; the current hour
        ("block_count", np.float64),
        ("block_expected", np.float64),
        ("block_bins", np.int64),
        ("dispersion_error", np.float64),
        ("dispersion_weight", np.float64),
        ("previous", np.float64),  # clipped count of the bin before; nan if not observed
        ("own_error", np.float64),
        ("own_weight", np.float64),
        # candidate starts, oldest first: sums since the start in units of the dispersion
        ("candidates", np.int64),
        ("start", np.int64, (CANDIDATES,)),
        ("surplus", np.float64, (CANDIDATES,)),
        ("mass", np.float64, (CANDIDATES,)),
        ("doubt", np.float64, (CANDIDATES,)),  # mass times relative variance of the expectation
        ("burst", np.float64, (CANDIDATES,)),
        ("back", np.float64, (CANDIDATES,)),  # mass if the clock were an hour back
        ("fore", np.float64, (CANDIDATES,)),  # mass if the clock were an hour ahead
        ("evidence", np.float64),
        ("highest", np.float64),  # evidence since the day began
        ("maxima", np.float64, (DAYS,)),  # highest evidence of past days, a ring; 0 before
        ("past_days", np.int64),
        ("density", np.float64),  # expected posts a minute over the dispersion, when the day ended
        ("held", np.int64),  # bins for which learning has been held back by evidence
        # ring of recent bins
        ("count", np.float64, (RING,)),
        ("expected", np.float64, (RING,)),
        ("old_events", np.float64, (RING,)),
        ("old_weight", np.float64, (RING,)),
        ("week_slot", np.int64, (RING,)),
        ("clip", np.float64, (RING,)),  # what is to be learnt; nan if nothing
        # seconds that the service's clock is ahead of the options' zone; belief in -1 h, 0, +1 h
        ("clock", np.int64),
        ("clock_belief", np.float64, (3,)),
        # seconds that local time is ahead of the bins, since which bin, what it was before, what it
        # was in the day that is being gathered; in slots on the days of past weeks
        ("ahead", np.int64),
        ("turned", np.int64),
        ("ahead_before", np.int64),
        ("day_ahead", np.int64),
        ("week_ahead", np.int64, (WEEKS, 7)),
        # the day that is being gathered for the profile
        ("day", np.int64),
        ("day_count", np.float64, (SLOTS,)),
        ("day_bins", np.float64, (SLOTS,)),
        ("raw_count", np.float64, (SLOTS,)),  # the same day as it was, surges included
        ("raw_expected", np.float64, (SLOTS,)),
        # the surge that is going on
        ("open", np.int64),
        ("noticed", np.int64),
        ("onset", np.int64),
        ("earliest", np.int64),
        ("latest", np.int64),
        ("search_from", np.int64),  # first bin that its start is searched in, or the next one's
        ("alarm_evidence", np.float64),
        # seconds before the right edge of its bin at which a surge was noticed, and what the bin
        # held then; while no surge is open, it was noticed in the bin that still fills
        ("early", np.int64),
        ("early_count", np.float64),
        ("peak", np.int64),
        ("peak_count", np.float64),
        ("peak_expected", np.float64),
        ("height", np.float64),  # highest quarter-hour mean above expectation, posts per bin
        ("excess", np.float64),
        ("told_onset", np.int64),
        ("told_peak", np.float64),
        ("told_excess", np.float64),
    ],
    align=True,
)

#: What the kernel says about a surge, in bin numbers.
CHANGE = np.dtype(
    [
        ("kind", np.int64),  # 0 opened, 1 revised, 2 closed
        ("bin", np.int64),
        ("noticed", np.int64),
        ("early", np.int64),  # seconds before the right edge of the bin in which it was noticed
        ("onset", np.int64),
        ("earliest", np.int64),
        ("latest", np.int64),
        ("evidence", np.float64),
        ("peak", np.int64),
        ("peak_count", np.float64),
        ("peak_expected", np.float64),
        ("excess", np.float64),
        ("ended", np.int64),
    ],
    align=True,
)


@compiled
def bins_of(minutes: float, width: float, most: int) -> int:
    """Return how many bins of ``width`` minutes make ``minutes``: at least 1, at most ``most``."""
    return min(max(round(minutes / width), 1), most)


def blank(n: int) -> Any:
    """Return room for ``n`` changes; through bytes, as numpy makes records field by field."""
    return np.frombuffer(bytearray(n * CHANGE.itemsize), CHANGE)
