"""Trending lists: which services about an outage were listed in which look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from detector.domain.series import SeriesKey
from detector.domain.spans import Spans, seconds_of
from detector.domain.times import from_seconds
from detector.engine.memory import FeedMemory
from detector.engine.pieces import LookPiece, Tally
from detector.engine.plan import Plan
from detector.language.complaints import read_titles
from detector.ports import Pull


def tally_looks(
    source: str,
    feed: FeedMemory,
    counts: pd.DataFrame,
    width: timedelta,
    pull: Pull,
    followed: frozenset[SeriesKey],
    plan: Plan,
) -> Tally:
    """Group a list's rows by service.

    Reads ``time, service, count, floor`` and, if there, ``title``. A look belongs to the bin that
    its time falls into; of several titles about one service the hottest counts. Services in
    ``followed`` get a piece of every look, listed or not; the piece of one that is listed for the
    first time has all looks that are remembered, so that it is known when it was not listed.
    """
    step = width.total_seconds()
    now_looked = Spans.of(_whole_bins(pull.observed, step))
    until = float(feed.observed.ends[-1]) if len(feed.observed) else None
    observed = Spans.of([*feed.looked(until).pairs(), *pull.observed])
    looked_before = Spans.of(_whole_bins(observed.pairs(), step))
    rows = _about_outages(counts, plan)
    rows = rows.assign(second=seconds_of(rows["time"]) // step * step)
    rows = rows.sort_values(["service", "second", "count"], kind="stable")
    rows = rows.drop_duplicates(["service", "second"], keep="last")
    groups = {SeriesKey(str(name), source): group for name, group in rows.groupby("service")}
    here = {key for key in followed if key.source == source} if len(now_looked) else set()
    pieces = tuple(
        _piece(
            key, groups.get(key, rows.iloc[:0]), now_looked if key in here else looked_before, width
        )
        for key in sorted(groups.keys() | here)
    )
    return Tally(replace(feed, observed=observed), looks=pieces)


def _piece(key: SeriesKey, rows: pd.DataFrame, looked: Spans, width: timedelta) -> LookPiece:
    listed, heat, floor = (
        rows[name].to_numpy(dtype=np.float64) for name in ("second", "count", "floor")
    )
    return LookPiece(key, listed, heat, floor, looked, width)


def _whole_bins(
    observed: Iterable[tuple[datetime, datetime]], step: float
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the bins that the looks in ``observed`` fall into."""
    for start, end in observed:
        left, right = start.timestamp() // step * step, end.timestamp() // step * step
        yield from_seconds(left), from_seconds(max(right, left + step))


def _about_outages(counts: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Return the rows about outages, each with its service.

    A row that names a service is taken at its word; one without is judged by its title, and where
    that names a service of the table by another of its names, the table's name is kept.
    """
    unnamed = counts["service"] == ""
    if not unnamed.any():
        return counts
    if "title" not in counts:
        return counts[~unnamed]
    once = pd.DataFrame({"text": counts.loc[unnamed, "title"].unique()})
    read = read_titles(plan.reader, once).set_index(once["text"])
    about = read[(read["complaint"] >= plan.complaint_threshold) & (read["service"] != "")]
    ours = {plan.reader.canonical(name): name for name in counts.loc[~unnamed, "service"].unique()}
    # Where no title is about an outage there is nothing to tell texts by: they stay texts.
    judged = (
        counts["title"]
        .map(about["service"])
        .astype("object")
        .fillna("")
        .map(lambda name: ours.get(name, name))
    )
    named = counts.assign(service=counts["service"].where(~unnamed, judged))
    return named[named["service"] != ""]
