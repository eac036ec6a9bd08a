"""What was usual at every moment, from both sides of it: level times the shape of day and week.

``expected = level x shape(local time of day) x weekday``. The day and the week that are explained
have no say in what is expected of them; the nearer another day, the more it says. What was found to
be out of the ordinary is masked. How far the sums are smoothed depends on how much they hold, and
nothing is smoothed across an abrupt edge of the day: the minute of opening, the end of a silent
night.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.detection.hindsight.grid import Grid
from detector.detection.kernels.compiled import compiled
from detector.model.series import Floats, Ints

Flags = NDArray[np.bool_]

#: Days, and weeks, after which another day says nothing of this one.
DAYS, WEEKS = 35, 7
#: Posts (over the dispersion) that a smoothed sum of the day's shape, of a weekday's, should hold.
SHAPE_POSTS, WEEKDAY_POSTS = 150.0, 150.0
#: Half-widths of smoothing, minutes: least and most, for the day's shape and a weekday's.
SHAPE_WIDTHS, WEEKDAY_WIDTHS = (2.0, 40.0), (8.0, 120.0)
#: Posts (over the dispersion) that "as on any day" counts as against a weekday's own.
HOLD = 20.0
#: Minutes on either side of an edge of the day that are compared, ratio and z from which it is one.
EDGE, EDGE_RATIO, EDGE_Z = 10.0, 1.8, 6.0
#: Posts over all days that a slot without any is still taken to have.
SILENT = 0.5
#: Hours on either side that the level is a triangular mean of; hours of a block in the first pass.
LEVEL_HOURS, BLOCK_HOURS, MEDIAN_BLOCKS = 30, 6, 20
#: Times the expected that an hour may say about the level, and standard deviations besides.
CLIP, CLIP_SD = 1.6, 4.0


class DayShape(NamedTuple):
    """What a day looks like, level aside.

    Attributes
    ----------
    share : shape (days, slots), mean about 1.
    known : shape (days, slots), other days that the share rests on, by their weight.
    """

    share: Floats
    known: Floats


@compiled
def by_day(
    counts: Floats, level: Floats, use: Flags, day: Ints, slot: Ints, days: int, slots: int
) -> Floats:
    """Return counts, levels and numbers of the bins in ``use``, shape (3, days, slots)."""
    out = np.zeros((3, days, slots))
    for i in range(counts.shape[0]):
        if use[i] and not np.isnan(counts[i]):
            out[0, day[i], slot[i]] += counts[i]
            out[1, day[i], slot[i]] += level[i]
            out[2, day[i], slot[i]] += 1.0
    return out


@compiled
def without_highest(table: Floats, share: float) -> Floats:
    """Return a copy of `by_day`'s table in which the highest ``share`` of days says nothing.

    By slot; days are compared by count over level.
    """
    out = table.copy()
    days, slots = table.shape[1:]
    ratio = np.empty(days)
    for s in range(slots):
        seen = 0
        for d in range(days):
            ratio[d] = -1.0
            if table[1, d, s] > 0.0:
                ratio[d] = table[0, d, s] / table[1, d, s]
                seen += 1
        drop = int(np.ceil(seen * share)) if seen > 1 else 0
        for d in np.argsort(-ratio)[:drop]:
            out[:, d, s] = 0.0
    return out


@compiled
def _others(rows: Floats, reach: int, step: int) -> Floats:
    """Return for each day the sum of the days ``step`` apart, less the farther, without itself."""
    days, slots = rows.shape
    out = np.zeros((days, slots))
    for d in range(days):
        for j in range(-reach + 1, reach):
            other = d + j * step
            if j == 0 or other < 0 or other >= days:
                continue
            weight = 1.0 - abs(j) / reach
            for s in range(slots):
                out[d, s] += weight * rows[other, s]
    return out


@compiled
def _others_near(rows: Floats, reach: int) -> Floats:
    """Return what `_others` does for a step of one, by running sums, whatever the reach."""
    days, slots = rows.shape
    out = np.zeros((days, slots))
    total, inner = np.zeros(slots), np.zeros((days + 2 * reach, slots))
    for d in range(days + 2 * reach):
        if d < days:
            total += rows[d]
        if d >= reach and d - reach < days:
            total -= rows[d - reach]
        inner[d] = total
    total[:] = 0.0
    for d in range(days + reach - 1):
        total += inner[d]
        if d >= reach:
            total -= inner[d - reach]
        at = d - (reach - 1)
        if at >= 0:
            for s in range(slots):
                out[at, s] = max(total[s] / reach - rows[at, s], 0.0)
    return out


@compiled
def day_edges(posts: Floats, level: Floats, near: int, ratio: float, z: float) -> Ints:
    """Return for each slot the segment between abrupt edges that it lies in, shape (2, slots)."""
    n = posts.shape[0]
    score = np.zeros(n + 1)
    for s in range(1, n):
        a, b = max(0, s - near), min(n, s + near)
        left, right = posts[a:s].sum(), posts[s:b].sum()
        base, raised = level[a:s].sum(), level[s:b].sum()
        if base <= 0.0 or raised <= 0.0:
            continue
        one, two = (left + 0.5) / base, (right + 0.5) / raised
        if max(one, two) > ratio * min(one, two):
            mean = (left + right + 1.0) / (base + raised)
            gain = (left + 0.5) * np.log(one / mean) + (right + 0.5) * np.log(two / mean)
            score[s] = np.sqrt(2.0 * max(gain, 0.0))
    out = np.empty((2, n), dtype=np.int64)
    first = 0
    for s in range(1, n + 1):
        top = s == n
        if not top and score[s] > z:
            top = score[s] >= score[max(0, s - near) : min(n, s + near + 1)].max()
        if top:
            out[0, first:s] = first
            out[1, first:s] = s
            first = s
    return out


@compiled
def half_widths(posts: Floats, enough: float, least: int, most: int) -> Ints:
    """Return for each slot how far to smooth so that the sum holds ``enough`` posts."""
    n = posts.shape[0]
    out = np.empty(n, dtype=np.int64)
    for s in range(n):
        h, held = 0, posts[s]
        while h < most and (held < enough or h < least):
            h += 1
            held += posts[(s - h) % n] + posts[(s + h) % n]
        out[s] = h
    return out


@compiled
def _smoothed(row: Floats, half: Ints, edges: Ints) -> Floats:
    """Return sums of ``row`` over the half-widths, round midnight where no edge is at it."""
    n = row.shape[0]
    sums = np.zeros(3 * n + 1)
    for i in range(3 * n):
        sums[i + 1] = sums[i] + row[i % n]
    out = np.empty(n)
    for s in range(n):
        first = edges[0, s] if edges[0, s] > 0 else -n
        end = edges[1, s] if edges[1, s] < n else 2 * n
        out[s] = sums[min(end, s + half[s] + 1) + n] - sums[max(first, s - half[s]) + n]
    return out


@compiled
def shape_of(
    table: Floats, reach: tuple[int, int], half: Ints, wide: Ints, edges: Ints, hold: float
) -> tuple[Floats, Floats]:
    """Return the share and how many days it rests on, see `DayShape`; what to call is `shape`."""
    days, slots = table.shape[1:]
    near, weeks = reach
    posts, level = _others_near(table[0], near), _others_near(table[1], near)
    seen = _others_near(table[2], near)
    share = np.ones((days, slots))
    for d in range(days):
        bins = _smoothed(seen[d], half, edges)
        a, b = _smoothed(posts[d], half, edges), _smoothed(level[d], half, edges)
        mean = a.sum() / b.sum() if b.sum() > 0.0 else 1.0
        for s in range(slots):
            if bins[s] > 0.0 and b[s] > 0.0:
                share[d, s] = (a[s] + SILENT) / (b[s] + SILENT / max(mean, 1e-9))
                if a[s] < 20.0 * SILENT:
                    share[d, s] = (a[s] + SILENT) / b[s]
            else:
                share[d, s] = mean
    posts, level = _others(table[0], weeks, 7), _others(table[1] * share, weeks, 7)
    for d in range(days):
        of_day = (posts[d].sum() + hold) / (level[d].sum() + hold)
        a, b = _smoothed(posts[d], wide, edges), _smoothed(level[d], wide, edges)
        for s in range(slots):
            share[d, s] *= of_day * (a[s] + hold) / (b[s] * of_day + hold)
    return share, seen


def shape(grid: Grid, level: Floats, use: Flags, dispersion: float, *, first: bool) -> DayShape:
    """Return what every day looked like, as far as other days tell.

    Parameters
    ----------
    level : shape (n,), posts per bin on the average of a day.
    use : shape (n,), bins that may say something.
    first : nothing was masked yet, so the highest sixth of the days is left out.
    """
    table = by_day(grid.counts, level, use, grid.day, grid.slot, grid.days, grid.slots)
    if first:
        table = without_highest(table, 1.0 / 6.0)
    posts, levels = table[0].sum(axis=0), table[1].sum(axis=0)
    edges = day_edges(posts / dispersion, levels, grid.bins(EDGE), EDGE_RATIO, EDGE_Z)
    seen = min(1.0, DAYS / max(grid.days, 1))
    half, wide = (
        half_widths(posts * seen * part, enough * dispersion, grid.bins(a), grid.bins(b))
        for enough, (a, b), part in (
            (SHAPE_POSTS, SHAPE_WIDTHS, 1.0),
            (WEEKDAY_POSTS, WEEKDAY_WIDTHS, 1.0 / 7.0),
        )
    )
    if first:
        half = np.maximum(half, grid.bins(7.0))
    return DayShape(*shape_of(table, (DAYS, WEEKS), half, wide, edges, HOLD * dispersion))


@compiled
def per_bin(table: Floats, day: Ints, slot: Ints) -> Floats:
    """Return the value of every bin from a table by day and slot."""
    out = np.empty(day.shape[0])
    for i in range(day.shape[0]):
        out[i] = table[day[i], slot[i]]
    return out


@compiled
def _weighted_median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values)
    half, held = 0.5 * weights.sum(), 0.0
    for i in order:
        held += weights[i]
        if held >= half:
            return float(values[i])
    return float(values[order[-1]])


@compiled
def median_level(posts: Floats, shares: Floats, edges: Ints, reach: int) -> Floats:
    """Return the level of every block: the weighted median of the ratios around it.

    Parameters
    ----------
    posts, shares : shape (blocks,), counted, and expected at a level of one.
    edges : first blocks of regimes, from 0, and the number of blocks; no median crosses one.
    reach : blocks on either side.
    """
    n = posts.shape[0]
    out = np.full(n, np.nan)
    for e in range(len(edges) - 1):
        for b in range(edges[e], edges[e + 1]):
            low, high = max(edges[e], b - reach), min(edges[e + 1], b + reach + 1)
            seen = np.flatnonzero(shares[low:high] > 0.0) + low
            if len(seen):
                out[b] = _weighted_median(posts[seen] / shares[seen], shares[seen])
                if out[b] <= 0.0:
                    out[b] = posts[seen].sum() / shares[seen].sum()
    return out


@compiled
def smooth_level(
    posts: Floats, shares: Floats, before: Floats, edges: Ints, reach: int, dispersion: float
) -> Floats:
    """Return the level of every hour: a triangular mean of both sides, large hours clipped.

    Parameters
    ----------
    posts, shares : shape (hours,), counted, and expected at a level of one.
    before : the level as it was known before.
    edges, reach : as for `median_level`.
    """
    n = posts.shape[0]
    out = np.full(n, np.nan)
    kept = np.empty(n)
    for h in range(n):
        usual = before[h] * shares[h]
        kept[h] = min(posts[h], CLIP * usual + CLIP_SD * np.sqrt(dispersion * usual) + dispersion)
    for e in range(len(edges) - 1):
        for h in range(edges[e], edges[e + 1]):
            a = b = 0.0
            for j in range(max(edges[e], h - reach), min(edges[e + 1], h + reach + 1)):
                weight = 1.0 - abs(j - h) / (reach + 1.0)
                a += weight * kept[j]
                b += weight * shares[j]
            if b > 0.0:
                out[h] = a / b
    return out


def filled(level: Floats, fallback: float) -> Floats:
    """Return ``level`` with its holes closed in a straight line of the logarithms."""
    known = np.flatnonzero(level > 0)
    if not len(known):
        return np.full(len(level), fallback)
    return np.exp(np.interp(np.arange(len(level)), known, np.log(level[known])))
