"""The report as one self-contained HTML page: nothing is fetched, no script runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from detector.model.details import FacetVerdict
from detector.model.plain_text import plain
from detector.report.chart import NARROW, NARROW_STRIP, STRIP, WIDE, bar, counts_chart
from detector.report.chart_frame import Size
from detector.report.chart_marks import Labels, Note, Shade, shade_of
from detector.report.story import Report, ReportSeries, Story
from detector.report.summary import aside, facts, figure, setting, summary, times_in, title, verdict
from detector.text.phrasing import Phrasing
from detector.views.curve import Curve

#: Incidents that get a chapter of their own, the worst; the table holds all.
CHAPTERS = 30
#: Up to so many incidents their charts show every column's numbers when pointed at.
TIPPED = 6
REGIONS = 10
#: Rows of the table of what was no incident.
ASIDES = 60


@dataclass(frozen=True, slots=True)
class Looks:
    """The texts that a page is made with.

    Attributes
    ----------
    template : Jinja2, ``detector/report/page.html``.
    style : of the page, ``page.css``.
    chart_style : of the charts, ``chart.css``.
    """

    template: str
    style: str
    chart_style: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One figure twice, for a wide window and for a phone."""

    wide: Markup
    narrow: Markup


@dataclass(frozen=True, slots=True)
class Chapter:
    """One incident as the page tells it."""

    number: int
    story: Story
    facts: tuple[tuple[str, str], ...]
    charts: tuple[tuple[str, Pair], ...]
    regions: tuple[FacetVerdict, ...]


@dataclass(frozen=True, slots=True)
class OverviewStrip:
    """One series in the overview."""

    watched: ReportSeries
    charts: Pair


def report_page(report: Report, say: Phrasing, looks: Looks) -> str:
    """Return the page. Names and posts are escaped wherever they stand."""
    environment = Environment(
        loader=DictLoader({"page.html": looks.template}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = plain
    chapters = _chapters(report, say)
    return environment.get_template("page.html").render(
        report=report,
        say=say,
        t=say.texts,
        show=say.format,
        times_in=times_in(report, say),
        verdict=lambda found: verdict(found, say),
        settings=[setting(code, value, say) for code, value in report.settings],
        figures=[figure(code, value, say) for code, value in report.figures],
        title=title(report, say),
        summary=summary(report, say),
        aside=lambda one: aside(one, say),
        numbered=list(enumerate(report.stories, 1)),
        chapters=chapters,
        asides=report.asides[:ASIDES],
        in_chapters={chapter.number for chapter in chapters},
        strips=_strips(report, say),
        described=any(s.details is not None for s in report.stories),
        counted=any(not s.incident.is_listed for s in report.stories),
        spoken=any(k.statements for s in report.stories for k in s.known),
        compared=[s for s in report.stories if s.known],
        bar=lambda share: Markup(bar(share)),  # noqa: S704  (made of numbers)
        style=Markup(looks.chart_style + looks.style),  # noqa: S704  (ours)
    )


def _chapters(report: Report, say: Phrasing) -> list[Chapter]:
    worst = {id(story) for story in report.worst_first[:CHAPTERS]}
    tips = len(report.stories) <= TIPPED
    return [
        Chapter(
            number,
            story,
            tuple(facts(story, say)),
            tuple(
                (source, story_chart(story, curve, say, f"i{number}-{i}", tips=tips))
                for i, (source, curve) in enumerate(story.curves)
            ),
            _regions(story),
        )
        for number, story in enumerate(report.stories, 1)
        if id(story) in worst
    ]


def story_chart(
    story: Story, curve: Curve, say: Phrasing, name: str, *, tips: bool = False
) -> Pair:
    """Return the chart of one incident at one source."""
    incident = story.incident
    label = say.texts(
        "report.page.curve_label",
        service=say.safe(incident.service),
        start=say.format.instant(incident.onset.at),
    )
    shades = [shade_of(incident, was_noticed=story.was_noticed)]
    notes = [Note(at, str(number)) for number, at in enumerate(spoken_at(story), 1)]
    return _pair(curve, say, name, label, shades, notes, (WIDE, NARROW), tips=tips)


def _strips(report: Report, say: Phrasing) -> list[OverviewStrip]:
    return [OverviewStrip(w, _strip(report, w, say, f"o{i}")) for i, w in enumerate(report.watched)]


def _strip(report: Report, watched: ReportSeries, say: Phrasing, name: str) -> Pair:
    service, source = say.safe(watched.service), say.safe(watched.source)
    label = say.texts("report.page.strip_label", service=service, source=source)
    shades = [
        shade_of(s.incident, was_noticed=s.was_noticed)
        for s in report.stories
        if s.incident.service == watched.service
    ]
    sizes = (STRIP, NARROW_STRIP)
    if len(report.watched) == 1:
        sizes = (Size(860.0, 180.0, lanes=0), Size(360.0, 150.0, lanes=0))
    return _pair(watched.curve, say, name, label, shades, [], sizes)


def _pair(
    curve: Curve,
    say: Phrasing,
    name: str,
    label: str,
    shades: list[Shade],
    notes: list[Note],
    sizes: tuple[Size, Size],
    *,
    tips: bool = False,
) -> Pair:
    wide, narrow = (
        Markup(  # noqa: S704  (the chart escapes its texts)
            counts_chart(
                curve,
                name=f"{name}{letter}",
                label=plain(label, longest=300),
                shades=shades,
                notes=notes,
                zone=say.format.zone,
                size=size,
                labels=Labels.worded(say.texts, say.format),
                tips=tips and letter == "w",
            )
        )
        for letter, size in zip("wn", sizes, strict=True)
    )
    return Pair(wide, narrow)


def spoken_at(story: Story) -> list[datetime]:
    """Return when the operator spoke, as the numbered list below the chart has it."""
    return [statement.at for known in story.known for statement in known.statements]


def _regions(story: Story) -> tuple[FacetVerdict, ...]:
    if story.details is None:
        return ()
    certain = {"affected", "not affected"}
    regions = [f for f in story.details.facets if f.facet == "region" and f.verdict in certain]
    return tuple(sorted(regions, key=lambda f: -f.share)[:REGIONS])
