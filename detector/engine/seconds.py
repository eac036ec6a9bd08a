"""Starts to the second, where the complaints behind a surge are at hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from detector.detection.unbinned import REVISION, refine_onset
from detector.domain.series import SeriesKey
from detector.domain.spans import seconds_of
from detector.domain.surge import Surge
from detector.engine.complaints import Archive
from detector.language.voices import WINDOW, in_order, is_voice


def to_the_second(
    surge: Surge, key: SeriesKey, archive: Archive, *, width: timedelta, at: datetime
) -> Surge:
    """Return ``surge`` with its start refined by the voices that were heard before ``at``.

    Those of the first minutes after the alarm speak, as they do for the bins. Ready-made counts
    and trending lists have no complaints: their surges stay as they are.
    """
    onset = surge.onset
    until = min(at, max(surge.noticed_at + REVISION, onset.latest + width))
    heard = archive.about(key.service, start=onset.earliest - width - WINDOW, end=until)
    ordered = in_order(heard[heard["source"] == key.source])
    if ordered.empty:
        return surge
    times = seconds_of(ordered["time"])[is_voice(ordered)].astype("int64")
    finer = refine_onset(times, surge.expected_at_peak, onset, width=width, until=until)
    return replace(surge, onset=finer)
