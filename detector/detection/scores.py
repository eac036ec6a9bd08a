"""Anomaly scores for any count series, one per row, causal, comparable between series.

The live path asks "is there an outage?"; a score asks "how unusual is this, for this series?". It
is the *recurrence time* of what is seen now, judged by the series' own past and nothing else:

1. expected: time of day times a slow level, both learnt from clipped counts;
2. evidence: Poisson log-likelihood ratio (nats) of the last 10, 15, 20 and 30 minutes against the
   expected;
3. recurrence: how often evidence like it came before. The past is its largest evidence in every
   half day; above the upper two fifths of these the tail is taken to be a power law whose exponent
   is Hill's estimate, shrunk to a prior worth five half days. So a series with wild bursts must
   burst more wildly to score, and the first days, of which little is known, count for little. The
   recurrence time is the geometric mean over the four windows;
4. news: a row scores only when it beats every score of the last 24 hours by half a nat, so that a
   surge scores when it begins and where it grows, not while it lasts.

``score = R / (R + 1 week)`` for a recurrence time R: 0.5 means once in a week. `THRESHOLD` says
where to act. Rows may have any phase and gaps; every row gets a score.

References
----------
Hill, B. M. (1975). A simple general approach to inference about the tail of a distribution. The
Annals of Statistics 3(5).
Lavin, A., Ahmad, S. (2015). Evaluating real-time anomaly detection algorithms: the Numenta anomaly
benchmark. ICMLA.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.detection.kernels.compiled import compiled
from detector.model.series import Floats, most_common_step
from detector.model.spans import seconds_of

THRESHOLD = 0.5
"""Act on scores of at least this: evidence that comes once in a week or less often."""

DAY = 86400.0
WEEK = 7 * DAY
WINDOWS = (600.0, 900.0, 1200.0, 1800.0)
"""Seconds of counts that make the evidence; at least one bin each."""
BLOCK = 0.5 * DAY
BLOCKS_NEEDED = 3
MEMORY = 2 * DAY
"""Half-life of the level in seconds."""
TAIL = 0.4
PRIOR_TAIL, PRIOR_BLOCKS = 0.6, 5.0
NEWS_LASTS = DAY
NEWS = 0.5
"""How much larger the logarithm of the recurrence time must be than any score's of the last day."""

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What is said of every row of one series, shape (n_rows,) each, read-only.

    Attributes
    ----------
    expected : posts expected in the row's bin, known before the row (the first row's own count).
    evidence : nats, >= 0, the largest over the windows; nan where the row holds no count.
    score : in [0, 1]; 0 where the row holds no count.
    """

    expected: Floats
    evidence: Floats
    score: Floats


def score_series(seconds: Floats, counts: Floats, *, width: float) -> Scores:
    """Return the scores of one series; what is said of a row depends on no later row.

    Parameters
    ----------
    seconds : shape (n_rows,), left edges in seconds since 1970, not falling; gaps are allowed.
    counts : shape (n_rows,), posts >= 0, nan where not observed.
    width : length of a bin in seconds.
    """
    if len(seconds) == 0:
        empty = np.empty(0)
        return Scores(empty, empty, empty)
    slots_per_day = max(round(DAY / width), 1)
    slots = (seconds % DAY // width).astype(np.int64) % slots_per_day
    days = (seconds // DAY).astype(np.int64)
    expected = _expected(counts, slots, days, slots_per_day, np.log(2) * width / MEMORY)
    blocks = ((seconds - seconds[0]) // BLOCK).astype(np.int64)
    windows = [_evidence(seconds, counts, expected, max(w, width)) for w in WINDOWS]
    evidence = np.maximum.reduce(windows)
    rarity = np.mean([_rarity(np.nan_to_num(e), blocks) for e in windows], axis=0)
    recurrence = BLOCK * np.exp(_news(seconds, rarity))
    score = np.where(recurrence > BLOCK, recurrence / (recurrence + WEEK), 0.0)
    for array in (expected, evidence, score):
        array.flags.writeable = False
    return Scores(expected, evidence, score)


def score_table(counts: pd.DataFrame, *, width: timedelta | None = None) -> pd.DataFrame:
    """Return ``time, service, count, expected, evidence, score``, one row per row of ``counts``.

    Parameters
    ----------
    counts : ``time`` (aware UTC), ``service``, ``count``; rows of a service may stand anywhere in
        the table, of two rows with one time the later stands for it. Other columns are ignored.
    width : length of the bins; by default the most common step between rows of a service.
    """
    step = width or most_common_step(counts) or timedelta(minutes=1)
    table = counts[["time", "service", "count"]].reset_index(drop=True)
    said = np.zeros((len(table), 3))
    seconds = seconds_of(table["time"]) if len(table) else np.empty(0)
    posts = table["count"].to_numpy(np.float64)
    for rows in table.groupby("service", sort=False).indices.values():
        times, place = np.unique(seconds[rows], return_inverse=True)
        last = np.zeros(len(times), dtype=np.int64)
        np.maximum.at(last, place, np.arange(len(rows)))
        one = score_series(times, posts[rows][last], width=step.total_seconds())
        said[rows] = np.column_stack([one.expected, one.evidence, one.score])[place]
    return table.assign(expected=said[:, 0], evidence=said[:, 1], score=said[:, 2])


@compiled
def _expected(
    counts: Floats, slots: Integers, days: Integers, slots_per_day: int, decay: float
) -> Floats:
    """Return time of day times level, shape (n_rows,); a day's shape is learnt when it is over."""
    expected = np.empty(len(counts))
    shape, today = np.ones(slots_per_day), np.full(slots_per_day, np.nan)
    posts = weight = 0.0
    for t in range(len(counts)):
        if t > 0 and days[t] != days[t - 1]:
            shape = _learn(shape, today)
            today[:] = np.nan
        usual = shape[slots[t]]
        level = (posts + 1.0) / (weight + 1.0) if weight > 0 else 1.0
        expected[t] = max(level * usual, 0.05)
        if np.isnan(counts[t]):
            continue
        if weight == 0:
            expected[t] = max(counts[t], 0.05)
        count = min(counts[t], expected[t] + 3 * np.sqrt(3 * expected[t]) + 2)
        posts += count / usual - decay * posts
        weight += 1.0 - decay * weight
        today[slots[t]] = count
    return expected


@compiled
def _learn(shape: Floats, today: Floats) -> Floats:
    """Return the relative shape of the day after ``today``, smoothed over an hour each side."""
    n = len(shape)
    reach = max(n // 24, 0)
    seen = np.nansum(today)
    bins = np.sum(~np.isnan(today))
    if seen <= 0 or 2 * bins < n:
        return shape
    learnt = np.empty(n)
    for i in range(n):
        total, held = 0.0, 0
        for j in range(i - reach, i + reach + 1):
            if not np.isnan(today[j % n]):
                total += today[j % n]
                held += 1
        relative = total / held * bins / seen if held > 0 else shape[i]
        learnt[i] = 0.85 * shape[i] + 0.15 * min(max(relative, 0.1), 5.0)
    return learnt


@compiled
def _evidence(seconds: Floats, counts: Floats, expected: Floats, window: float) -> Floats:
    """Return the log-likelihood ratio of a rise over the rows of the last ``window`` seconds."""
    evidence = np.full(len(counts), np.nan)
    first = 0
    x = lam = 0.0
    for t in range(len(counts)):
        if np.isnan(counts[t]):
            continue
        x += counts[t]
        lam += expected[t]
        while seconds[first] <= seconds[t] - window:
            if not np.isnan(counts[first]):
                x -= counts[first]
                lam -= expected[first]
            first += 1
        evidence[t] = x * np.log(x / lam) - x + lam if x > lam else 0.0
    return evidence


@compiled
def _rarity(evidence: Floats, blocks: Integers) -> Floats:
    """Return the logarithm of the recurrence time in blocks, >= 0."""
    rarity = np.zeros(len(evidence))
    peaks = np.empty(blocks[-1] + 1)
    n, peak, floor, tail, k = 0, 0.0, 0.0, PRIOR_TAIL, 1
    for t in range(len(evidence)):
        if t > 0 and blocks[t] != blocks[t - 1]:
            peaks[n] = np.log(peak + 1e-3)
            n += 1
            peak = 0.0
            past = np.sort(peaks[:n])[::-1]
            k = max(1, min(n - 1, max(int(n * TAIL), 5)))
            floor = past[min(k, n - 1)]
            tail = (np.sum(past[:k] - floor) + PRIOR_BLOCKS * PRIOR_TAIL) / (k + PRIOR_BLOCKS)
        peak = max(peak, evidence[t])
        above = np.log(evidence[t] + 1e-3) - floor
        if n >= BLOCKS_NEEDED and above > 0:
            rarity[t] = np.log((n + 1.0) / k) + above / tail
    return rarity


@compiled
def _news(seconds: Floats, rarity: Floats) -> Floats:
    """Return ``rarity`` where it beats all that was returned in the last day by `NEWS`, else 0.

    What is returned grows until a day has passed since the last of it, so that is the largest.
    """
    news = np.zeros(len(rarity))
    told, when = 0.0, seconds[0]
    for t in range(len(rarity)):
        if seconds[t] > when + NEWS_LASTS:
            told = 0.0
        if rarity[t] > told + NEWS * (told > 0):
            news[t] = told = rarity[t]
            when = seconds[t]
    return news
