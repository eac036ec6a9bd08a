"""How much turns took in, for those who watch the service itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from detector.engine.cycle import Outcome
from detector.ports import Pull

_NONE: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Totals:
    """Numbers by source.

    Attributes
    ----------
    posts : posts that it brought, complaints or not.
    bins : observed bins of services that were judged.
    late : rows that came too late to be counted.
    failures : turns in which it could not be read.
    """

    posts: Mapping[str, int] = field(default_factory=lambda: _NONE)
    bins: Mapping[str, int] = field(default_factory=lambda: _NONE)
    late: Mapping[str, int] = field(default_factory=lambda: _NONE)
    failures: Mapping[str, int] = field(default_factory=lambda: _NONE)

    def plus(self, other: Totals) -> Totals:
        """Return both together; neither is changed, so others may be reading them."""
        return Totals(
            _sum(self.posts, other.posts),
            _sum(self.bins, other.bins),
            _sum(self.late, other.late),
            _sum(self.failures, other.failures),
        )


def taken_in(pulls: Mapping[str, Pull], outcome: Outcome, failed: Mapping[str, str]) -> Totals:
    """Return what a turn took in.

    Parameters
    ----------
    pulls : what the sources brought.
    outcome : what became of it.
    failed : why the other sources could not be read.
    """
    bins: Counter[str] = Counter()
    for advance in outcome.advances:
        counts = advance.piece.counts
        bins[advance.piece.key.source] += int(np.count_nonzero(~np.isnan(counts)))
    return Totals(
        {name: 0 if pull.posts is None else len(pull.posts) for name, pull in pulls.items()},
        bins,
        dict.fromkeys(pulls, 0) | dict(outcome.late),
        dict.fromkeys(pulls, 0) | dict.fromkeys(failed, 1),
    )


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in one.keys() | other.keys()}
