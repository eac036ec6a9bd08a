"""Posts: complaints among them, counted by distinct voices in final bins."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.detection.live import STALE
from detector.domain.series import Floats, SeriesKey
from detector.domain.spans import Spans, seconds_of
from detector.domain.times import from_seconds
from detector.engine.complaints import VOICED, read_complaints
from detector.engine.memory import FeedMemory, Followed
from detector.engine.pieces import CountPiece, Tally
from detector.engine.plan import Plan
from detector.language.voices import WINDOW, count_voices
from detector.ports import Pull

#: A discovered service gets this much history: nobody spoke of it, as far as was looked.
HISTORY = timedelta(days=28)
#: Complaints of one source whose identifiers are known again.
KNOWN = 4096

Digests = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class _Edges:
    """Where counting stands, seconds since 1970: looked since, counted up to, final up to."""

    since: float
    counted: float
    final: float


def tally_posts(
    source: str,
    feed: FeedMemory,
    pull: Pull,
    series: Mapping[SeriesKey, Followed],
    plan: Plan,
    *,
    now: datetime,
) -> Tally:
    """Count complaints in the bins that are final at ``now``; the others wait in the feed.

    What comes for a bin that was counted already is history: context for the voices after it,
    and counted nowhere.
    """
    if _is_silent(feed, pull):
        return Tally(feed)
    observed = Spans.of([*feed.observed.pairs(), *pull.observed])
    complaints, known = new_complaints(pull.posts, source, feed.known, plan)
    late = _late(complaints, feed.counted_until)
    backlog = _joined(feed.backlog, complaints)
    feed = replace(feed, observed=observed, backlog=backlog, known=known)
    edges = _edges(feed, plan, now)
    if edges is None:
        return Tally(feed, complaints=complaints, late=late)
    window = WINDOW.total_seconds()
    rows = _count(backlog, edges.counted - window, edges.final, plan)
    pieces = tuple(_pieces(source, rows, feed, edges, series, plan))
    if backlog is not None:
        recent = seconds_of(backlog["time"]) >= edges.final - 2 * window
        backlog = backlog[recent].reset_index(drop=True)
    feed = replace(feed, backlog=backlog, counted_until=edges.final)
    return Tally(feed, pieces, complaints=complaints, late=late)


def new_complaints(
    posts: pd.DataFrame | None, source: str, known: Digests, plan: Plan
) -> tuple[pd.DataFrame | None, Digests]:
    """Return the complaints that did not come before, and the digests by which to know them again.

    A post without an identifier is always new.
    """
    if posts is None:
        return None, known
    if "id" not in posts:
        return read_complaints(posts, source, plan), known
    named = posts[(posts["id"] == "") | ~posts["id"].duplicated()]
    complaints = read_complaints(named, source, plan)
    digests = np.array([_digest(name) for name in complaints["id"]], dtype=np.uint64)
    again = np.isin(digests, known) & (digests != 0)
    known = np.concatenate([known, digests[~again & (digests != 0)]])[-KNOWN:]
    known.flags.writeable = False
    return complaints[~again].drop(columns="id").reset_index(drop=True), known


def _digest(name: str) -> int:
    if not name:
        return 0
    digest = hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) or 1


def _late(complaints: pd.DataFrame | None, counted: float | None) -> int:
    if complaints is None or counted is None or complaints.empty:
        return 0
    return int((seconds_of(complaints["time"]) < counted).sum())


def _is_silent(feed: FeedMemory, pull: Pull) -> bool:
    """Tell whether no post was ever looked for here: a list of counts that brings nothing."""
    nothing = pull.posts is None and not pull.observed
    return nothing and feed.counted_until is None and feed.backlog is None


def _joined(backlog: pd.DataFrame | None, complaints: pd.DataFrame | None) -> pd.DataFrame | None:
    if complaints is None or complaints.empty:
        return backlog
    new = complaints[list(VOICED)]
    return new if backlog is None else pd.concat([backlog, new], ignore_index=True)


def _edges(feed: FeedMemory, plan: Plan, now: datetime) -> _Edges | None:
    """Return where counting stands, None if no further bin is final."""
    if not len(feed.observed):
        return None
    step = plan.width.total_seconds()
    since = float(feed.observed.starts[0]) // step * step
    until = min(float(feed.observed.ends[-1]), (now - plan.settle).timestamp())
    counted = since if feed.counted_until is None else feed.counted_until
    edges = _Edges(since, counted, until // step * step)
    return edges if edges.final > edges.counted else None


def _count(
    backlog: pd.DataFrame | None, start: float, end: float, plan: Plan
) -> Mapping[str, pd.DataFrame]:
    """Return the counts of ``[start, end)`` by service; bins without a complaint have no row."""
    if backlog is None or backlog.empty:
        return {}
    complaints = backlog[seconds_of(backlog["time"]) < end]
    rows = count_voices(complaints, width=plan.width, since=from_seconds(start))
    rows = rows.assign(second=seconds_of(rows["time"]))
    return {str(service): group for service, group in rows.groupby("service")}


def _pieces(
    source: str,
    rows: Mapping[str, pd.DataFrame],
    feed: FeedMemory,
    edges: _Edges,
    series: Mapping[SeriesKey, Followed],
    plan: Plan,
) -> Iterator[CountPiece]:
    """Yield a piece per service that is followed, or that is followed from now on."""
    followed = {key.service for key in series if key.source == source}
    skipped = _skipped(edges, feed.observed, plan)
    for service in sorted(followed | plan.services | rows.keys()):
        counted = rows.get(service)
        start = edges.counted + skipped * plan.width.total_seconds()
        if service not in followed and service not in plan.services:
            found = _discovered(counted, plan)
            if counted is None or found is None:
                continue
            counted = counted[counted["second"] >= found]
            start = max(edges.since, found - (HISTORY // plan.width * plan.width).total_seconds())
        filled = _filled(counted, start, edges.final, feed.observed, plan)
        passed = skipped if service in followed else 0
        yield CountPiece(SeriesKey(service, source), start, plan.width, filled, passed)


def _skipped(edges: _Edges, observed: Spans, plan: Plan) -> int:
    """Return the bins behind the counted ones that need not be laid out: nobody looked for long."""
    step = plan.width.total_seconds()
    seen = observed.between(edges.counted, edges.final)
    first = seen[0][0] // step * step if seen else edges.final
    bins = round((first - edges.counted) / step)
    return bins if bins > STALE // plan.width else 0


def _discovered(rows: pd.DataFrame | None, plan: Plan) -> float | None:
    """Return the first bin of the hour in which a service was first complained about enough.

    Earlier complaints are left out even where they are at hand, so that following a service does
    not depend on how much was read at once.
    """
    if rows is None or plan.discover_voices is None:
        return None
    hour = rows.set_index("time")["count"].rolling(WINDOW).sum().to_numpy()
    enough = np.flatnonzero(hour >= plan.discover_voices)
    if not len(enough):
        return None
    step = plan.width.total_seconds()
    bins = max(int(WINDOW.total_seconds() // step), 1)
    return float(rows["second"].to_numpy()[enough[0]] - (bins - 1) * step)


def _filled(
    rows: pd.DataFrame | None, start: float, end: float, observed: Spans, plan: Plan
) -> Floats:
    """Return the counts of ``[start, end)``: zero where nothing was said, nan where not looked."""
    step = plan.width.total_seconds()
    lefts = start + step * np.arange(round((end - start) / step), dtype=np.float64)
    counts = np.where(observed.hold_whole(lefts, step), 0.0, np.nan)
    if rows is not None:
        index = ((rows["second"].to_numpy() - start) // step).astype(np.int64)
        inside = (index >= 0) & (index < len(counts))
        counts[index[inside]] += rows["count"].to_numpy(dtype=np.float64)[inside]
    return counts
