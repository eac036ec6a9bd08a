"""A history analysed: incidents as a table, the report, figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from importlib.metadata import version
from importlib.resources import files
from zoneinfo import ZoneInfo

import pandas as pd

from detector import resources
from detector.analysis.beside import Beside, beside_catalogue, beside_truth, both
from detector.analysis.build import build_report
from detector.analysis.picture import png_of
from detector.domain.incident import Incident
from detector.domain.wire import incident_to_dict
from detector.engine.hindsight import Review, review
from detector.engine.plan import Plan
from detector.ports import Source
from detector.reports.page import Looks, report_page, story_chart
from detector.reports.phrases import Phrases
from detector.reports.poster import poster
from detector.reports.story import Report
from detector.reports.tables import incidents_csv, report_markdown
from detector.settings import Settings

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
    """What a history shows when it is looked at afterwards.

    Attributes
    ----------
    review : incidents, what the live path said, every series.
    plan, settings : what it was looked at with.
    beside : what it is compared with.
    source : the name of the input.
    """

    review: Review
    plan: Plan
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
        """Return all that a report tells, times in ``zone``."""
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
    plan: Plan,
    settings: Settings,
    *,
    catalogue: bool = True,
    progress: Callable[[int], None] = lambda _: None,
) -> Analysis:
    """Return what the history in ``source`` shows.

    Parameters
    ----------
    catalogue : whether incidents are put beside the documented outages of their services.
    progress : called with the number of bins done.
    """
    seen = review(source, plan, progress=progress)
    services = sorted({trace.key.service for trace in seen.traces})
    beside = beside_catalogue(plan, services) if catalogue else Beside()
    return Analysis(seen, plan, settings, beside, source.name)


def looks() -> Looks:
    """Return the texts that pages are made with."""
    page, style, chart = (
        (files("detector.reports") / name).read_text(encoding="utf-8")
        for name in ("page.html", "page.css", "chart.css")
    )
    return Looks(page, style, chart)


def phrases(report: Report, language: str) -> Phrases:
    """Return what says ``report`` in ``language``, with its names for regions and components."""
    names, retold = resources.called(language), resources.retelling(language)
    return Phrases(language, report.zone, names, retold)


def page_of(report: Report, language: str = "en") -> str:
    """Return the self-contained HTML page of ``report``."""
    return report_page(report, phrases(report, language), looks())


def markdown_of(report: Report, language: str = "en") -> str:
    """Return ``report`` as Markdown."""
    return report_markdown(report, phrases(report, language))


def csv_of(report: Report) -> str:
    """Return the incidents of ``report`` as CSV."""
    return incidents_csv(report)


def picture_of(report: Report, language: str = "en") -> bytes:
    """Return ``report`` as one PNG. Raises `ConfigError` without the extra ``report``."""
    return png_of(poster(report, phrases(report, language), looks().chart_style))


def figure_of(report: Report, number: int, language: str = "en") -> Figure:
    """Return the chart of incident ``number``, counted from 1."""
    story = report.stories[number - 1]
    say = phrases(report, language)
    pair = story_chart(story, story.curves[0][1], say, f"figure{number}", tips=True)
    return Figure(f"<style>{looks().chart_style}</style>{pair.wide}")
