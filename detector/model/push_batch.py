"""Pushed batches: rows that others hand in, kept until the source takes them in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class PushBatch:
    """One push, kept until the source of that name takes it in.

    Attributes
    ----------
    source : the push source in ``config.toml`` it is for.
    key : chosen by the sender; the same key twice is the same push, kept once.
    received_at : when it arrived.
    kind : which table its rows are of.
    document : JSON: ``{"rows": [...], "observed": [[start, end], ...], "width": seconds or null}``.
    position : its place in the order of arrival, given by the store; 0 before that.
    """

    source: str
    key: str
    received_at: datetime
    kind: Literal["posts", "counts"]
    document: str
    position: int = 0
