"""Alarms before a bin is over: what it holds up to a mark is the least that it will hold.

A *mark* is an instant within a bin. What was counted up to it is weighed as if it were the whole
bin's count, against what is expected of the whole bin. Counts only grow, and the evidence does not
fall when the newest count grows (`sequential.observe`, the clipping and the price of a burst are
monotone in it), so what is said at a mark is a lower bound of what will be said when the bin is
over: an alarm comes sooner, and none comes that would not have come.

Nothing is learnt at a mark, and nothing ends. When the bin is over it is taken in as ever, and the
surge that was opened early is revised from its full count: what follows is the same as without
marks. If, against the rule, that count is lower (posts came late and took others' voices) or the
bin was lost (nobody looked any more), the surge is open all the same: people were told. It then
ends as any other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from detector.detection import course, step
from detector.detection.compiled import compiled
from detector.detection.memory import RING
from detector.detection.slots import Slot
from detector.domain.series import Floats

#: Rows of marks: the bin, seconds from the mark to the bin's right edge, what was counted up to it.
BIN, BEFORE, COUNT = 0, 1, 2
#: No marks.
NO_MARKS: Floats = np.empty((3, 0))
NO_MARKS.flags.writeable = False


@compiled
def can_be(marks: Floats, n: int, width: int) -> bool:
    """Whether these are marks of ``n`` bins of ``width`` seconds and of the bin behind them."""
    last = -1.0
    for m in range(marks.shape[1]):
        bin_, before, count = marks[BIN, m], marks[BEFORE, m], marks[COUNT, m]
        at = bin_ * width + width - before
        inside = 0.0 <= bin_ <= n and 0.0 < before < width
        if not (inside and at > last and 0.0 <= count < np.inf):
            return False
        last = at
    return True


@compiled
def copy_to(hots: Any, others: Any) -> None:
    """Make the record of ``others`` that of ``hots``; by words, as records are copied slowly."""
    words = hots.view(np.int64)
    copies = others.view(np.int64)
    for i in range(words.shape[0]):
        copies[i] = words[i]


@compiled
def judge(
    hots: Any,
    others: Any,
    marks: Floats,
    m: int,
    slot: Slot,
    factor: float,
    spread: float,
    threshold: float,
    minutes: float,
    search: course.Search,
    changes: Any,
    n: int,
) -> int:
    """Raise the alarm of the bin to come at the first of its marks that says enough.

    Parameters
    ----------
    hots : shape (1,), the record before the bin; of it only what tells of an alarm is changed.
    others : shape (1,), room for a copy.
    marks : shape (3, n_marks): rows `BIN`, `BEFORE`, `COUNT`, in order of time.
    m : the first mark of the bin.
    search : for the start; what it remembers is forgotten where an alarm was raised.
    slot, factor, spread, threshold, minutes, changes, n : as `step` has them.

    Returns
    -------
    The number of changes; the new one, if any, says the mark.
    """
    hot, other = hots[0], others[0]
    outs = np.empty((6, 1))
    i = marks[BIN, m]
    while m < marks.shape[1] and marks[BIN, m] == i:
        copy_to(hots, others)
        count = marks[COUNT, m]
        what = step.take(other, count, slot, factor, spread, threshold, minutes, outs, 0)
        if what == step.ALARM:
            step.follow_up(other, what, count, outs[0, 0], outs[4, 0], minutes, search, changes, n)
            hot.early = round(marks[BEFORE, m])
            hot.early_count = count
            hot.alarm_evidence = other.alarm_evidence
            changes[n].early = hot.early
            search.first[:] = -1
            return n + 1
        m += 1
    return n


@compiled
def lose(hot: Any, search: course.Search, out: Floats) -> None:
    """Forget the count of the bin just taken: the bin was lost, the alarm in it was not."""
    j = hot.bins % RING
    hot.count[j] = np.nan
    hot.clip[j] = np.nan
    hot.previous = np.nan
    hot.gap = 1
    search.first[:] = -1
    out[3:] = np.nan
