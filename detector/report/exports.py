"""A report as CSV and as Markdown; what strangers wrote gives no orders in either."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator

from detector.model.documents import incident_to_dict
from detector.model.plain_text import plain
from detector.report.phrases import Phrases
from detector.report.sentences import (
    facts,
    summary,
    title,
)
from detector.report.story import Report, Story

#: A cell that begins with one of these is taken for a formula by spreadsheets.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
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
MORE = ("minutes", "voices", "posts", "components", "regions", "platforms")
_MARKUP = re.compile(r"([\\`*_\[\]<>|!&#~]|^[-+=]|^\d+(?=[.)](?:\s|$)))")
#: A bare address or @name becomes a link or calls somebody; a word joiner inside keeps it text.
_CALLS = re.compile(r"(://|www\.|@)", re.IGNORECASE)


def csv_cell(text: str) -> str:
    """Return ``text`` so that no spreadsheet takes it for a formula: an apostrophe before it."""
    return f"'{text}" if text.startswith(FORMULA) else text


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Return ``rows`` as CSV; texts pass through `csv_cell`, None is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        writer.writerow(
            ["" if c is None else csv_cell(c) if isinstance(c, str) else c for c in row]
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
        hit = (";".join(details.telling(f)[0]) for f in ("component", "region", "platform"))
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


def report_markdown(report: Report, say: Phrases) -> str:
    """Return the report as Markdown: summary, a table of incidents, the facts of each."""
    return "\n".join(_lines(report, say)) + "\n"


def _lines(report: Report, say: Phrases) -> Iterator[str]:
    yield f"# {markdown_cell(title(report, say))}"
    for paragraph in summary(report, say):
        yield ""
        yield markdown_cell(paragraph)
    if report.stories:
        yield ""
        yield from _table(report, say)
    for number, story in enumerate(report.stories, 1):
        yield ""
        name = f"{story.incident.service}, {say.instant(story.incident.onset.at)}"
        yield f"## {number}. {markdown_cell(name)}"
        yield ""
        for label, text in facts(story, say):
            yield f"- **{markdown_cell(label)}**: {markdown_cell(text)}"
    if report.figures:
        yield ""
        yield f"## {say('Compared with what is known')}"
        yield ""
        for name, value in report.figures:
            yield f"- {markdown_cell(say(name))}: {markdown_cell(value)}"


def _table(report: Report, say: Phrases) -> Iterator[str]:
    heads = ("", "Service", "Severity", "Began", "Noticed", "Over", "Peak")
    yield "| " + " | ".join(say(h) if h else "#" for h in heads) + " |"
    yield "|" + "---|" * len(heads)
    for number, story in enumerate(report.stories, 1):
        incident = story.incident
        noticed = "" if story.lag is None else say.beside(incident.onset.at, incident.noticed_at)
        ended = incident.ended_at
        cells = [
            str(number),
            incident.service,
            say(incident.severity.label),
            say.instant(incident.onset.at),
            noticed,
            say("goes on") if ended is None else say.beside(incident.onset.at, ended),
            say.count(incident.peak_count),
        ]
        yield "| " + " | ".join(map(markdown_cell, cells)) + " |"
