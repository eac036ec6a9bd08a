"""Posts: complaints among them, counted by unique authors in final bins and in partial ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.complaints.archive import CANDIDATE_COLUMNS, complaints_among, read_candidates
from detector.complaints.authors import WINDOW, counts_as_author, in_order
from detector.complaints.crowd import are_believed
from detector.detection.live import STALE_AFTER
from detector.model.series import Floats, SeriesKey
from detector.model.spans import Spans, seconds_of
from detector.pipeline.counting.partial_bins import Judged, last_instant, partial_bins_of
from detector.pipeline.counting.series_batch import CountBatch, SourceBatch
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.state import Followed, SourceProgress
from detector.sources.base import Poll

#: A discovered service gets this much history: nobody spoke of it, as far as was looked.
HISTORY = timedelta(days=28)
#: Complaints of one source whose identifiers are known again.
KNOWN = 4096

_NOBODY: Floats = np.empty(0)

Digests = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class _Edges:
    """Where counting stands, seconds since 1970.

    Looked since, counted up to, bins final up to, marks judged up to, posts final up to.
    """

    since: float
    counted: float
    final: float
    marked: float
    until: float


def count_posts(
    source: str,
    progress: SourceProgress,
    poll: Poll,
    series: Mapping[SeriesKey, Followed],
    plan: PipelinePlan,
    *,
    now: datetime,
) -> SourceBatch:
    """Count complaints in the bins that are final at ``now``; the others wait in ``progress``.

    Of the bin that still fills it is told what it holds up to the marks that are final.
    What comes for a bin that was counted already is history: context for the authors after it,
    and counted nowhere.
    """
    if _is_silent(progress, poll):
        return SourceBatch(progress)
    observed = Spans.of([*progress.looked(progress.counted_until).pairs(), *poll.observed])
    since = _earliest(progress.since, progress.observed, observed)
    candidates, known = _new_candidates(poll.posts, source, progress.known, plan)
    complaints = _complaints(candidates, plan)
    late = _late(complaints, progress.counted_until)
    backlog = _joined(progress.backlog, candidates)
    progress = replace(progress, observed=observed, since=since, backlog=backlog, known=known)
    edges = _edges(progress, plan, now)
    if edges is None:
        return SourceBatch(progress, complaints=complaints, late=late)
    window = WINDOW.total_seconds()
    by_service = _author_times(backlog, edges.counted - window, edges.until, plan)
    batches = tuple(_pieces(source, by_service, progress, edges, series, plan))
    if backlog is not None:
        recent = seconds_of(backlog["time"]) >= edges.final - 2 * window
        backlog = backlog[recent].reset_index(drop=True)
    progress = replace(
        progress, backlog=backlog, counted_until=edges.final, partial_until=edges.until
    )
    return SourceBatch(progress, batches, complaints=complaints, late=late)


def new_complaints(
    posts: pd.DataFrame | None, source: str, known: Digests, plan: PipelinePlan
) -> tuple[pd.DataFrame | None, Digests]:
    """Return the complaints that did not come before, and the digests by which to know them again.

    A post without an identifier is always new.
    """
    candidates, known = _new_candidates(posts, source, known, plan)
    return _complaints(candidates, plan), known


def _complaints(candidates: pd.DataFrame | None, plan: PipelinePlan) -> pd.DataFrame | None:
    if candidates is None:
        return None
    return complaints_among(candidates, threshold=plan.complaint_threshold)


def _new_candidates(
    posts: pd.DataFrame | None, source: str, known: Digests, plan: PipelinePlan
) -> tuple[pd.DataFrame | None, Digests]:
    if posts is None:
        return None, known
    if "id" not in posts:
        return _candidates(posts, source, plan), known
    named = posts[(posts["id"] == "") | ~posts["id"].duplicated()]
    candidates = _candidates(named, source, plan)
    digests = np.array([_digest(name) for name in candidates["id"]], dtype=np.uint64)
    again = np.isin(digests, known) & (digests != 0)
    known = np.concatenate([known, digests[~again & (digests != 0)]])[-KNOWN:]
    known.flags.writeable = False
    return candidates[~again].drop(columns="id").reset_index(drop=True), known


def _digest(name: str) -> int:
    if not name:
        return 0
    digest = hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) or 1


def _late(complaints: pd.DataFrame | None, counted: float | None) -> int:
    if complaints is None or counted is None or complaints.empty:
        return 0
    return int((seconds_of(complaints["time"]) < counted).sum())


def _is_silent(progress: SourceProgress, poll: Poll) -> bool:
    """Tell whether no post was ever looked for here: a list of counts that brings nothing."""
    nothing = poll.posts is None and not poll.observed
    return nothing and progress.counted_until is None and progress.backlog is None


def _joined(backlog: pd.DataFrame | None, candidates: pd.DataFrame | None) -> pd.DataFrame | None:
    if candidates is None or candidates.empty:
        return backlog
    new = candidates[list(CANDIDATE_COLUMNS)]
    if backlog is None:
        return new
    if "chance" not in backlog:  # stored before posts were weighed together
        backlog = backlog.assign(chance=1.0)
    return pd.concat([backlog, new], ignore_index=True)


def _earliest(since: float | None, *observed: Spans) -> float | None:
    """Return when anybody first looked; None if nobody did."""
    starts = [float(spans.starts[0]) for spans in observed if len(spans)]
    return min(starts if since is None else [since, *starts], default=None)


def _edges(progress: SourceProgress, plan: PipelinePlan, now: datetime) -> _Edges | None:
    """Return where counting stands, None if no further bin and no further mark is final."""
    if progress.since is None:
        return None
    width = int(plan.width.total_seconds())
    since = progress.since // width * width
    until = min(float(progress.observed.ends[-1]), (now - plan.allowed_lateness).timestamp())
    counted = since if progress.counted_until is None else progress.counted_until
    final = until // width * width
    if final > counted:
        return _Edges(since, counted, final, progress.partial_until or since, until)
    if progress.partial_until is None or last_instant(until, width) <= progress.partial_until:
        return None
    return _Edges(since, counted, counted, progress.partial_until, until)


def _author_times(
    backlog: pd.DataFrame | None, start: float, end: float, plan: PipelinePlan
) -> Mapping[str, Floats]:
    """Return when unique authors complained in ``[start, end)``, by service.

    Of what may be a complaint those count that are believed (`complaints.crowd`). Times ascend, in
    seconds since 1970. A service of which every complaint repeats others has none.
    """
    if backlog is None or backlog.empty:
        return {}
    written = backlog[seconds_of(backlog["time"]) < end].reset_index(drop=True)
    if "chance" not in written:
        written["chance"] = 1.0
    candidates = in_order(written).assign(chance=written["chance"])
    believed = are_believed(candidates, width=plan.width, threshold=plan.complaint_threshold)
    ordered = candidates.iloc[believed]
    seconds = seconds_of(ordered["time"])
    counted = counts_as_author(ordered) & (seconds >= start)
    grouped = pd.Series(seconds[counted]).groupby(ordered["service"].to_numpy()[counted])
    return {str(name): np.asarray(group, dtype=np.float64) for name, group in grouped}


def _pieces(
    source: str,
    by_service: Mapping[str, Floats],
    progress: SourceProgress,
    edges: _Edges,
    series: Mapping[SeriesKey, Followed],
    plan: PipelinePlan,
) -> Iterator[CountBatch]:
    """Yield a batch per service that is followed, or that is followed from now on."""
    followed = {key.service for key in series if key.source == source}
    step = plan.width.total_seconds()
    skipped = _skipped(edges, progress.observed, plan)
    for service in sorted(followed | plan.services | by_service.keys()):
        times = by_service.get(service, _NOBODY)
        start = marked_from = edges.counted + skipped * step
        if service not in followed and service not in plan.services:
            found = _discovered(times[times < edges.final], plan)
            if found is None:
                continue
            times = times[times >= found]
            start = max(edges.since, found - HISTORY // plan.width * step)
            marked_from = found + _hour(plan) * step
        counts = _filled(times, start, edges.final, progress.observed, plan)
        judged = Judged(max(edges.marked, marked_from), edges.until)
        marks = partial_bins_of(times, start, int(step), judged, progress.observed)
        if not len(counts) and not marks.size:
            continue
        passed = skipped if service in followed else 0
        yield CountBatch(SeriesKey(service, source), start, plan.width, counts, passed, marks)


def _skipped(edges: _Edges, observed: Spans, plan: PipelinePlan) -> int:
    """Return the bins behind the counted ones that need not be laid out: nobody looked for long."""
    step = plan.width.total_seconds()
    seen = observed.between(edges.counted, edges.final)
    first = seen[0][0] // step * step if seen else edges.final
    bins = round((first - edges.counted) / step)
    return bins if bins > STALE_AFTER // plan.width else 0


def _hour(plan: PipelinePlan) -> int:
    """Return the bins of the hour in which a service is discovered."""
    return max(WINDOW // plan.width, 1)


def _discovered(times: Floats, plan: PipelinePlan) -> float | None:
    """Return the first bin of the hour in which a service was first complained about enough.

    Earlier complaints are left out even where they are at hand, so that following a service does
    not depend on how much was read at once.
    """
    if plan.discover_authors is None:
        return None
    step = plan.width.total_seconds()
    lefts, counts = np.unique(times // step * step, return_counts=True)
    before = np.searchsorted(lefts, lefts - WINDOW.total_seconds(), side="right")
    total = np.r_[0, np.cumsum(counts)]
    enough = np.flatnonzero(total[1:] - total[before] >= plan.discover_authors)
    return float(lefts[enough[0]] - (_hour(plan) - 1) * step) if len(enough) else None


def _filled(times: Floats, start: float, end: float, observed: Spans, plan: PipelinePlan) -> Floats:
    """Return the counts of ``[start, end)``: zero where nothing was said, nan where not looked."""
    step = plan.width.total_seconds()
    lefts = start + step * np.arange(round((end - start) / step), dtype=np.float64)
    counts = np.where(observed.hold_whole(lefts, step), 0.0, np.nan)
    inside = times[(times >= start) & (times < end)]
    index = ((inside - start) // step).astype(np.int64)
    return np.asarray(counts + np.bincount(index, minlength=len(counts)), dtype=np.float64)


def _candidates(posts: pd.DataFrame, source: str, plan: PipelinePlan) -> pd.DataFrame:
    threshold = plan.complaint_threshold
    return read_candidates(posts, source, plan.reader, plan.facets, threshold=threshold)
