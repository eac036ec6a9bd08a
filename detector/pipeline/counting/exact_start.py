"""Starts to the second, where the complaints behind a surge are at hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from detector.complaints.archive import Archive
from detector.complaints.authors import WINDOW, counts_as_author, in_order
from detector.detection.onset import REVISION, refine_onset
from detector.model.series import SeriesKey
from detector.model.spans import seconds_of
from detector.model.surge import Onset, Surge
from detector.model.times import floor_to, from_seconds

#: From this width of its interval on a start is told to the minute.
WIDE = timedelta(minutes=4)
_MINUTE, _SECOND = timedelta(minutes=1), timedelta(seconds=1)


def to_the_second(
    surge: Surge, key: SeriesKey, archive: Archive, *, width: timedelta, at: datetime
) -> Surge:
    """Return ``surge`` with its start refined by the authors who complained before ``at``.

    Those of the first minutes after the alarm speak, as they do for the bins. Ready-made counts
    and trending lists have no complaints: their surges stay as they are.
    """
    onset = surge.onset
    noticed_in = floor_to(surge.noticed_at - _SECOND, width)
    until = min(at, max(noticed_in + width + REVISION, onset.latest + width))
    complaints = archive.about(key.service, start=onset.earliest - width - WINDOW, end=until)
    ordered = in_order(complaints[complaints["source"] == key.source])
    if ordered.empty:
        return surge
    times = seconds_of(ordered["time"])[counts_as_author(ordered)].astype("int64")
    finer = refine_onset(times, surge.expected_at_peak, onset, width=width, until=until)
    return replace(surge, onset=_rounded(finer, until))


def _rounded(onset: Onset, until: datetime) -> Onset:
    """Return ``onset`` to the minute where its interval is wide: seconds would pretend too much.

    The interval is widened to whole minutes, but for what lies behind ``until``: nothing of that
    is known.
    """
    if onset.latest - onset.earliest < WIDE:
        return onset
    earliest = floor_to(onset.earliest, _MINUTE)
    latest = min(-(-onset.latest.timestamp() // 60) * 60, until.timestamp())
    nearest = floor_to(min(onset.at + _MINUTE / 2, until), _MINUTE)
    return Onset(nearest, min(earliest, nearest), from_seconds(max(latest, nearest.timestamp())))
