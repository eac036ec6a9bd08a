"""False alarms by what caused them: which confounder was going on when the alarm was raised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from detector.detection.truth_matching import Claim

AFTER = {"burst": 600.0, "weekly": 1800.0, "zeros": 86400.0, "dead": 3600.0}
"""Seconds after the end of a confounder in which an alarm is still put down to it."""
ORDER = ("burst", "weekly", "zeros", "dead", "step40", "dst")
"""Of several confounders at once, the first named here is blamed."""
NONE = "none of them"


def blame(claims: Sequence[Claim], confounders: pd.DataFrame) -> Counter[str]:
    """Return how many of ``claims`` (false alarms) were raised during each kind of confounder.

    Parameters
    ----------
    claims : incidents that are no outage.
    confounders : ``service, kind, start, end`` as generated.
    """
    spans: dict[str, list[tuple[str, float, float]]] = {}
    starts, ends = (
        pd.to_datetime(confounders[c], utc=True).map(pd.Timestamp.timestamp)
        for c in ("start", "end")
    )
    for service, kind, start, end in zip(
        confounders["service"], confounders["kind"], starts, ends, strict=True
    ):
        spans.setdefault(service, []).append((kind, start, end + AFTER.get(kind, 0.0)))
    return Counter(_cause(claim, spans.get(claim.service, [])) for claim in claims)


def _cause(claim: Claim, spans: Sequence[tuple[str, float, float]]) -> str:
    going_on = {kind for kind, start, end in spans if start <= claim.noticed <= end}
    return next((kind for kind in ORDER if kind in going_on), NONE)
