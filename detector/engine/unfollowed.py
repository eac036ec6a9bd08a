"""What was said of a service before it was followed.

The live path follows a service from the hour in which it is discovered, and takes it that nobody
spoke of it before. With hindsight it is known who did: what stands out on its first days is judged
by what was usual on them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from detector.detection.retrospective import Hindsight
from detector.domain.series import Floats
from detector.domain.spans import seconds_of
from detector.domain.times import from_seconds
from detector.engine.complaints import VOICED, Archive
from detector.engine.pieces import CountPiece
from detector.engine.plan import END_OF_TIME
from detector.language.voices import WINDOW, count_voices


def counts_before(piece: CountPiece, archive: Archive) -> Floats:
    """Return the counts of ``piece``, with what was said before its first complaint.

    Parameters
    ----------
    piece : the first of a service that was discovered.
    archive : the complaints by then.

    Returns
    -------
    Floats
        Shape as ``piece.counts``; nan stays nan.
    """
    spoken = np.flatnonzero(piece.counts > 0)
    bins = int(spoken[0]) if len(spoken) else len(piece.counts)
    step = piece.width.total_seconds()
    start, end = from_seconds(piece.start), from_seconds(piece.start + bins * step)
    about = archive.about(piece.key.service, start=start - WINDOW, end=end)
    about = about[about["source"] == piece.key.source]
    counts = piece.counts.copy()
    if len(about):
        rows = count_voices(about[list(VOICED)], width=piece.width, since=start)
        index = ((seconds_of(rows["time"]) - piece.start) // step).astype(np.int64)
        counts[index] += rows["count"].to_numpy(dtype=np.float64)
    return counts


def as_noticed(known: Sequence[Hindsight], live: Sequence[Hindsight]) -> Iterator[Hindsight]:
    """Yield what is ``known`` of a series, noticed as the ``live`` path did, which knew less."""
    left = list(live)
    for one in known:
        told = next((other for other in left if _overlap(one, other)), None)
        if told is None:
            yield replace(one, noticed_at=None, resolved_at=None)
        else:
            left.remove(told)
            yield replace(
                one,
                noticed_at=told.noticed_at,
                resolved_at=told.resolved_at,
                evidence=told.evidence,
            )


def _overlap(one: Hindsight, other: Hindsight) -> bool:
    return one.onset.earliest < _end(other) and other.onset.earliest < _end(one)


def _end(one: Hindsight) -> datetime:
    return one.ended_at or END_OF_TIME
