"""A report as CSV and as Markdown; what strangers wrote is never a formula, a link or markup."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator

from detector.model.documents import incident_to_dict
from detector.model.plain_text import guard_cell, plain
from detector.report.story import Report, Story
from detector.report.summary import aside, facts, figure, summary, title
from detector.text.phrasing import Phrasing

FIELDS = (
    "id",
    "service",
    "sources",
    "severity",
    "started_at",
    "started_at_earliest",
    "started_at_latest",
    "noticed_at",
    "ended_at",
    "resolved_at",
    "peak_at",
    "peak_count",
    "expected_at_peak",
    "excess",
    "evidence",
)
MORE = ("minutes", "authors", "posts", "components", "regions", "platforms")
_MARKUP = re.compile(r"([\\`*_\[\]<>|!&#~]|^[-+=]|^\d+(?=[.)](?:\s|$)))")
#: A bare address or @name becomes a link or calls somebody; a word joiner inside keeps it text.
_CALLS = re.compile(r"(://|www\.|@)", re.IGNORECASE)


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Return ``rows`` as CSV; texts pass through `guard_cell`, None is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        writer.writerow(
            ["" if c is None else guard_cell(c) if isinstance(c, str) else c for c in row]
        )
    return out.getvalue()


def incidents_csv(report: Report) -> str:
    """Return one row per incident, in order of their starts; names as in ``docs/interface.md``."""
    return csv_text([(*FIELDS, *MORE), *map(_row, report.stories)])


def _row(story: Story) -> list[object]:
    fields = incident_to_dict(story.incident)
    fields["sources"] = ";".join(story.incident.sources)
    if not story.was_noticed:
        fields["noticed_at"] = None
    details = story.details
    said: list[object] = [None] * 5
    if details is not None:
        hit = (";".join(details.distinctive(f)[0]) for f in ("component", "region", "platform"))
        said = [details.authors, details.posts, *hit]
    minutes = round(story.lasted.total_seconds() / 60, 2)
    return [*(fields[name] for name in FIELDS), minutes, *said]


def markdown_cell(text: str) -> str:
    """Return ``text`` on one line with nothing that Markdown or HTML would act on."""
    inert = _CALLS.sub(lambda found: f"{found[1][0]}\u2060{found[1][1:]}", plain(text, longest=500))
    return _MARKUP.sub(_escaped, inert)


def _escaped(found: re.Match[str]) -> str:
    """Return the sign behind a backslash; a number that would begin a list begins none."""
    sign = found[1]
    return f"{sign}\u2060" if sign.isdigit() else f"\\{sign}"


def report_markdown(report: Report, say: Phrasing) -> str:
    """Return the report as Markdown: summary, a table of incidents, the facts of each."""
    return "\n".join(_lines(report, say)) + "\n"


def _lines(report: Report, say: Phrasing) -> Iterator[str]:
    yield f"# {markdown_cell(title(report, say))}"
    for paragraph in summary(report, say):
        yield ""
        yield markdown_cell(paragraph)
    if report.stories:
        yield ""
        yield from _table(report, say)
    for number, story in enumerate(report.stories, 1):
        yield ""
        name = f"{story.incident.service}, {say.format.instant(story.incident.onset.at)}"
        yield f"## {number}. {markdown_cell(name)}"
        yield ""
        for label, text in facts(story, say):
            yield f"- **{markdown_cell(label)}**: {markdown_cell(text)}"
    if report.asides:
        yield ""
        yield f"## {say.texts('report.aside.title')}"
        yield ""
        for one in report.asides:
            name = f"{one.service}, {say.format.instant(one.start)}"
            yield f"- **{markdown_cell(name)}**: {markdown_cell(aside(one, say))}"
    if report.figures:
        yield ""
        yield f"## {say.texts('report.page.compared')}"
        yield ""
        for label, text in (figure(code, value, say) for code, value in report.figures):
            yield f"- {markdown_cell(label)}: {markdown_cell(text)}"


def _table(report: Report, say: Phrasing) -> Iterator[str]:
    keys = ("service", "severity", "started", "noticed", "ended", "peak")
    heads = ["#", *(say.texts(f"report.label.{key}") for key in keys)]
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for number, story in enumerate(report.stories, 1):
        incident = story.incident
        show, start, ended = say.format, incident.onset.at, incident.ended_at
        noticed = "" if story.lag is None else show.relative(incident.noticed_at, start)
        cells = [
            str(number),
            incident.service,
            say.severity(incident.severity.label),
            show.instant(start),
            noticed,
            say.texts("report.page.open") if ended is None else show.relative(ended, start),
            show.number(incident.peak_count),
        ]
        yield "| " + " | ".join(markdown_cell(guard_cell(cell)) for cell in cells) + " |"
