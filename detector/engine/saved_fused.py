"""Services judged by several sources, as bytes, and back."""

from __future__ import annotations

import msgspec
import numpy as np

from detector.detection.fused import Said, dump, load
from detector.detection.pooling import ROWS
from detector.engine.memory import Fused

VERSION = 1


class SavedSaid(msgspec.Struct, frozen=True):
    """What one source said of bins that the others have not told yet."""

    source: str
    start: float
    width: float
    rows: bytes
    ends: tuple[float, ...]


class SavedFused(msgspec.Struct, frozen=True):
    """One service."""

    service: str
    state: bytes
    waiting: list[SavedSaid]
    version: int = VERSION


def saved_fused(service: str, fused: Fused) -> SavedFused:
    """Return ``fused`` as plain values."""
    waiting = [
        SavedSaid(source, said.start, said.width, said.rows.tobytes(), said.ends)
        for source, said in fused.waiting.items()
    ]
    return SavedFused(service, dump(fused.state), waiting)


def fused_of(saved: SavedFused) -> Fused:
    """Return what `saved_fused` wrote."""
    waiting = {
        said.source: Said(
            said.start, said.width, np.frombuffer(said.rows).reshape(ROWS, -1), said.ends
        )
        for said in saved.waiting
    }
    return Fused(load(saved.state), waiting)
