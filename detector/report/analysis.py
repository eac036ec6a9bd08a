"""A history analysed with hindsight: its incidents as a table, its report, its figures.

`analyze_source` makes an `Analysis`; `build_report` gathers what a report says of it; `page_of`,
`markdown_of`, `csv_of` and `picture_of` write that down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from importlib.metadata import version
from importlib.resources import files
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from detector.config.settings import Settings
from detector.detection.hindsight.whole_series import HindsightOptions
from detector.model.documents import incident_to_dict
from detector.model.incident import Incident
from detector.pipeline.hindsight_analysis import Review, Reviewed, SpanAsked, review
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.traces import Trace
from detector.report.exports import incidents_csv, report_markdown
from detector.report.html import Looks, report_page, story_chart
from detector.report.known import Beside, Known, beside_catalogue, beside_truth, both, meets
from detector.report.poster import png_of, poster
from detector.report.story import Aside, Report, ReportSeries, Standing, Story, standing
from detector.sources.base import Source
from detector.text.phrasing import phrasing
from detector.views.curve import Curve

#: An incident's chart begins and ends so far from it, in its own lengths, within these bounds.
AROUND, LEAST, MOST = 0.6, timedelta(hours=1, minutes=30), timedelta(days=2)
#: Series in the overview.
STRIPS = 12


def build_report(
    review: Review,
    plan: PipelinePlan,
    *,
    beside: Beside,
    source: str,
    version: str,
    zone: tzinfo,
    made_at: datetime | None,
    settings: Settings,
) -> Report:
    """Return everything that the report of ``review`` says."""
    start, end = _span(review.traces)
    stories = tuple(_story(seen, review, beside.known, end) for seen in review.incidents)
    watched = _watched(review, stories)
    met = {id(known) for story in stories for known in story.known}
    inside = (k for k in beside.known if k.until > start and k.start_earliest < end)
    return Report(
        stories=stories,
        watched=watched,
        series=len(review.traces),
        start=start,
        end=end,
        bins=review.history.bins,
        observed=max((w.observed for w in watched), default=timedelta(0)),
        missed=tuple(k for k in inside if id(k) not in met),
        figures=beside.figures,
        settings=_settings(plan, settings),
        made_at=made_at,
        source=source,
        version=version,
        zone=zone,
        asides=tuple(sorted(_asides(review), key=lambda a: (a.start, a.service, a.source))),
    )


def _asides(review: Review) -> Iterator[Aside]:
    """Yield what stands out and is no incident."""
    for (service, source), found in review.findings.items():
        for change in found.level_changes:
            yield Aside("level_change", service, source, change.at, None, change.ratio)
        for days in found.unusual_days:
            kind = "unusual_shifted" if days.shifted else "unusual_volume"
            yield Aside(kind, service, source, days.start, days.end, days.ratio)
    for back in review.taken_back:
        i, kind = back.incident, f"taken_back.{back.reason}"
        yield Aside(kind, i.service, ", ".join(i.sources), i.onset.at, i.ended_at, None)


def _span(traces: Sequence[Trace]) -> tuple[datetime, datetime]:
    spans = [trace.span for trace in traces]
    if not spans:
        epoch = datetime.fromtimestamp(0, UTC)
        return epoch, epoch
    return min(s for s, _ in spans), max(e for _, e in spans)


def _story(seen: Reviewed, review: Review, known: Sequence[Known], end: datetime) -> Story:
    incident = seen.incident
    traces = [
        t
        for t in review.traces
        if t.key.service == incident.service and t.key.source in incident.sources
    ]
    first, last = _around(incident, end)
    return Story(
        incident=incident,
        was_noticed=seen.was_noticed,
        details=seen.details,
        curves=tuple((t.key.source, t.curve(first, last)) for t in traces),
        standing=None if incident.is_listed else _standing(incident, traces, review),
        known=tuple(k for k in known if meets(incident, k)),
        until=end,
        regimes=seen.regimes,
    )


def _around(incident: Incident, end: datetime) -> tuple[datetime, datetime]:
    """Return the stretch of the incident's chart: the ordinary before and after it belong to it."""
    until = incident.ended_at or end
    side = min(max((until - incident.onset.at) * AROUND, LEAST), MOST)
    return incident.onset.earliest - side, min(until + side, end)


def _standing(incident: Incident, traces: Sequence[Trace], review: Review) -> Standing | None:
    """Return how ``incident`` stands at the source that shows the most of it."""
    others = [r.incident for r in review.incidents if r.incident.service == incident.service]
    spans = [_extent(i, traces) for i in others]
    rank = 1 + sum(other.excess > incident.excess for other in others)
    found = [
        standing(_whole(t), _extent(incident, traces), spans, rank=rank, of=len(others))
        for t in traces
    ]
    return max(found, key=lambda s: s.busiest, default=None)


def _extent(incident: Incident, traces: Sequence[Trace]) -> tuple[datetime, datetime]:
    end = incident.ended_at or max((t.span[1] for t in traces), default=incident.peak_at)
    return incident.onset.earliest, end


def _whole(trace: Trace) -> Curve:
    return trace.curve(*trace.span)


def _watched(review: Review, stories: Sequence[Story]) -> tuple[ReportSeries, ...]:
    """Return the series with the worst incidents; of quiet services the first by name."""
    worst: dict[str, tuple[float, float]] = {}
    for story in stories:
        incident = story.incident
        size = (float(incident.severity), incident.excess)
        worst[incident.service] = max(size, worst.get(incident.service, (0.0, 0.0)))
    ordered = sorted(
        review.traces,
        key=lambda t: (*(-x for x in worst.get(t.key.service, (0.0, 0.0))), t.key),
    )
    return tuple(_watch(trace) for trace in ordered[:STRIPS])


def _watch(trace: Trace) -> ReportSeries:
    curve = _whole(trace)
    edges = np.diff(curve.seen.astype(np.int8))
    return ReportSeries(
        trace.key.service,
        trace.key.source,
        curve,
        trace.width,
        gaps=int((edges == -1).sum()),
        observed=float(curve.seen.sum()) * curve.width,
    )


def _settings(plan: PipelinePlan, settings: Settings) -> tuple[tuple[str, object], ...]:
    options = plan.default_options
    return (
        ("false_alarms", options.max_false_pages_per_week),
        ("time_zone", options.time_zone),
        ("complaint_threshold", settings.posts.complaint_threshold),
        ("reopen_window", plan.reopen_window),
    )


_INSTANTS = ("started_at", "started_at_earliest", "started_at_latest", "noticed_at")
_ENDS = ("ended_at", "resolved_at", "peak_at")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Figure:
    """A chart that notebooks show by itself; ``svg`` is its text, complete with its colours."""

    svg: str

    def __repr__(self) -> str:
        return f"Figure({len(self.svg):,} characters of SVG)"

    def _repr_html_(self) -> str:
        return self.svg


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What hindsight finds in a history.

    Attributes
    ----------
    review : incidents, what the live detector would have said, every series.
    plan, settings : what it was analysed with.
    beside : what it is compared with.
    source : the name of the input.
    """

    review: Review
    plan: PipelinePlan
    settings: Settings
    beside: Beside
    source: str

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """The incidents in order of their starts."""
        return tuple(seen.incident for seen in self.review.incidents)

    def table(self) -> pd.DataFrame:
        """Return one row per incident, columns as ``docs/interface.md`` names them."""
        rows = [incident_to_dict(incident) for incident in self.incidents]
        frame = pd.DataFrame(rows)
        for name in (*_INSTANTS, *_ENDS):
            if name in frame:
                frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601")
        return frame

    def report(self, zone: tzinfo, *, made_at: datetime | None = None) -> Report:
        """Return all that a report says, times in ``zone``."""
        return build_report(
            self.review,
            self.plan,
            beside=self.beside,
            source=self.source,
            version=version("outage-detector"),
            zone=zone,
            made_at=made_at,
            settings=self.settings,
        )

    def page(self, *, zone: str = "UTC", language: str = "en") -> str:
        """Return the report as one self-contained HTML page, times in ``zone`` (IANA name)."""
        return page_of(self.report(ZoneInfo(zone)), language)

    def figure(self, number: int, *, zone: str = "UTC", language: str = "en") -> Figure:
        """Return the chart of incident ``number``, counted from 1, times in ``zone``."""
        return figure_of(self.report(ZoneInfo(zone)), number, language)

    def against(self, truth: pd.DataFrame) -> Analysis:
        """Return the same, compared with a table of truth too (``service, start, end``)."""
        return replace(self, beside=both(self.beside, beside_truth(self.review, truth)))


def analyze_source(
    source: Source,
    plan: PipelinePlan,
    settings: Settings,
    *,
    catalogue: bool = True,
    options: HindsightOptions | None = None,
    between: SpanAsked = (None, None),
    progress: Callable[[int], None] = lambda _: None,
) -> Analysis:
    """Return what the history in ``source`` shows.

    Parameters
    ----------
    options : how sure to be.
    between : only what happened in this span is wanted; None leaves a side open.
    catalogue : whether incidents are put beside the documented outages of their services.
    progress : called with the number of bins done.
    """
    seen = review(source, plan, options=options, between=between, progress=progress)
    services = sorted({trace.key.service for trace in seen.traces})
    beside = beside_catalogue(plan, services) if catalogue else Beside()
    return Analysis(seen, plan, settings, beside, source.name)


def looks() -> Looks:
    """Return the texts that pages are made with."""
    page, style, chart = (
        (files("detector.report") / name).read_text(encoding="utf-8")
        for name in ("page.html", "page.css", "chart.css")
    )
    return Looks(page, style, chart)


def page_of(report: Report, language: str = "en") -> str:
    """Return the self-contained HTML page of ``report``."""
    return report_page(report, phrasing(language, report.zone), looks())


def markdown_of(report: Report, language: str = "en") -> str:
    """Return ``report`` as Markdown."""
    return report_markdown(report, phrasing(language, report.zone))


def csv_of(report: Report) -> str:
    """Return the incidents of ``report`` as CSV."""
    return incidents_csv(report)


def picture_of(report: Report, language: str = "en") -> bytes:
    """Return ``report`` as one PNG. Raises `ConfigError` without the extra ``report``."""
    return png_of(poster(report, phrasing(language, report.zone), looks().chart_style))


def figure_of(report: Report, number: int, language: str = "en") -> Figure:
    """Return the chart of incident ``number``, counted from 1."""
    story = report.stories[number - 1]
    say = phrasing(language, report.zone)
    pair = story_chart(story, story.curves[0][1], say, f"figure{number}", tips=True)
    return Figure(f"<style>{looks().chart_style}</style>{pair.wide}")
