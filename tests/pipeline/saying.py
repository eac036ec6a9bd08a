"""Surges, changes and complaints to tell of, by minutes from noon."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from detector.complaints.archive import COLUMNS
from detector.model.series import SeriesKey
from detector.model.surge import Change, ChangeKind, Onset, Surge
from detector.pipeline.incident_updates import SurgeChange
from tests.fakes.outages import NOON

MINUTE = timedelta(minutes=1)


def a_surge(
    noticed: float,
    *,
    excess: float = 30.0,
    ended: float | None = None,
    usual: float = 1.0,
    lasting: float | None = None,
) -> Surge:
    """A surge noticed so many minutes after noon, begun three minutes before."""
    at = NOON + noticed * MINUTE
    began = at - 3 * MINUTE
    return Surge(
        onset=Onset(began, began - MINUTE, began + MINUTE),
        noticed_at=at,
        evidence=9.0,
        peak_at=at,
        peak_count=excess / 2,
        expected_at_peak=usual,
        excess=excess,
        ended_at=None if ended is None else NOON + ended * MINUTE,
        resolved_at=None if ended is None else NOON + (ended + 10) * MINUTE,
        lasting_since=None if lasting is None else NOON + lasting * MINUTE,
    )


def opened(noticed: float, *, source: str = "weibo", service: str = "WeChat") -> SurgeChange:
    surge = a_surge(noticed)
    return said(ChangeKind.OPENED, noticed, surge, source=source, service=service)


def revised(noticed: float, at: float, *, excess: float, source: str = "weibo") -> SurgeChange:
    return said(ChangeKind.REVISED, at, a_surge(noticed, excess=excess), source=source)


def lasts(noticed: float, at: float, *, source: str = "weibo") -> SurgeChange:
    return said(ChangeKind.REVISED, at, a_surge(noticed, lasting=at), source=source)


def closed(noticed: float, ended: float, *, source: str = "weibo") -> SurgeChange:
    return said(ChangeKind.CLOSED, ended + 10, a_surge(noticed, ended=ended), source=source)


def said(
    kind: ChangeKind, at: float, surge: Surge, *, source: str, service: str = "WeChat"
) -> SurgeChange:
    change = Change(kind, NOON + at * MINUTE, surge)
    return SurgeChange(change.at, SeriesKey(service, source), 0, change, MINUTE, trending=False)


def complaints(
    *rows: tuple[float, str, str], service: str = "WeChat", source: str = "weibo"
) -> pd.DataFrame:
    """Rows of (minutes after noon, author, text) in the archive's columns."""
    columns: dict[str, object] = dict.fromkeys(COLUMNS, "")
    columns |= {
        "time": pd.to_datetime([NOON + r[0] * MINUTE for r in rows], utc=True).as_unit("us"),
        "service": service,
        "author": [r[1] for r in rows],
        "text": [r[2] for r in rows],
        "source": source,
    }
    frame = pd.DataFrame(columns, index=range(len(rows)))
    return frame.sort_values("time", kind="stable", ignore_index=True)
