"""Whether a crowd cannot use a service, or only talks: of a song, of yesterday, of shares.

A classifier says of each post how likely it is a complaint, as if half of all posts were. In a wave
of posts that merely sound like it a tenth to a third is taken for complaints, and of thousands
that is a false alarm. But a wave shows what it is made of: of true complaints most are beyond
doubt, of other waves nearly none is. The share of complaints among the posts that may be one is
estimated from all of them, and each is judged anew by it (Saerens, Latinne and Decaestecker,
2002, "Adjusting the outputs of a classifier to new a priori probabilities").
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from detector.complaints.authors import Bools, counts_as_author
from detector.model.series import Floats, Ints
from detector.model.spans import seconds_of

#: Posts that are less likely a complaint than this say nothing of a fault at all.
LEAST_CHANCE = 0.05
#: How far back a share is estimated from, and the posts that are assumed to be half complaints.
BEFORE = timedelta(hours=1)
_ASSUMED = 4.0
#: Where fewer than this share complain, it is talk, and what sounds most like it is talk as well.
_TALK = 0.2
_ROUNDS = 30
_NEVER = 1e-6


def are_believed(candidates: pd.DataFrame, *, width: timedelta, threshold: float) -> Ints:
    """Return which candidates are complaints, given what others said in the hour before their bin.

    A share above a half changes nothing: a post is never taken for a complaint because of others.
    One author counts once, so that nobody can talk an outage down alone.

    Parameters
    ----------
    candidates : ``time, service, author, text, chance``, in order of time (`authors.in_order`).
    width : of the bins, which start at 1970: all posts of one bin are judged by the same share,
        of what came before the bin.
    threshold : probability from which on a post is a complaint.

    Returns
    -------
    Ints
        Shape (n,), positions in ``candidates``, ascending.
    """
    seconds = seconds_of(candidates["time"])
    chances = candidates["chance"].to_numpy(dtype=np.float64)
    services = candidates["service"].to_numpy(dtype=object)
    counted = counts_as_author(candidates)
    believed = np.zeros(len(candidates), dtype=bool)
    for rows in pd.Series(np.arange(len(candidates))).groupby(services).indices.values():
        shares = _shares(seconds[rows], chances[rows], counted[rows], width.total_seconds())
        odds = chances[rows] / np.maximum(1 - chances[rows], _NEVER) * shares / (1 - shares)
        believed[rows] = (odds >= threshold / max(1 - threshold, _NEVER)) & (shares >= _TALK)
    return np.flatnonzero(believed & (chances >= threshold))


def _shares(seconds: Floats, chances: Floats, counted: Bools, step: float) -> Floats:
    """Return for each post the share of complaints in the hour before its bin, at most a half."""
    at, said = seconds[counted], chances[counted]
    lefts, bins = np.unique(seconds // step * step, return_inverse=True)
    first = np.searchsorted(at, lefts - BEFORE.total_seconds())
    last = np.searchsorted(at, lefts)
    shares = np.array([share_of(said[a:b]) for a, b in zip(first, last, strict=True)])
    every: Floats = np.minimum(shares, 0.5)[bins]
    return every


def share_of(chances: Floats) -> float:
    """Return the share of complaints among posts with these probabilities, likeliest by EM.

    The probabilities hold for a share of a half; `_ASSUMED` posts are added that are half
    complaints.

    Examples
    --------
    >>> round(share_of(np.array([0.9] * 40)), 1), round(share_of(np.array([0.3] * 40)), 1)
    (1.0, 0.0)
    """
    odds = chances / np.maximum(1 - chances, _NEVER)
    share = 0.5
    for _ in range(_ROUNDS):
        weighed = odds * share / (1 - share)
        total = (weighed / (1 + weighed)).sum() + _ASSUMED / 2
        share = min(max(total / (len(chances) + _ASSUMED), _NEVER), 1 - _NEVER)
    return float(share)
