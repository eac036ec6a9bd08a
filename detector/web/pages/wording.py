"""What an incident is, in the reader's words: what fails, where, how much."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import timedelta

from markupsafe import Markup

from detector.model.alert import NewFacts
from detector.model.details import Details
from detector.model.incident import Incident
from detector.model.plain_text import plain
from detector.model.surge import Onset
from detector.model.times import floor_to
from detector.web.pages.reader import Reader

_FEW = 3
_MINUTE = timedelta(minutes=1)


def told(onset: Onset) -> Onset:
    """Return the start as it is told: to the minute, unless it is known better than that.

    The interval grows to whole minutes, so that it stays one of at least 90 %.
    """
    if onset.latest - onset.earliest < _MINUTE:
        return onset
    earliest, at, latest = (floor_to(t, _MINUTE) for t in (onset.earliest, onset.at, onset.latest))
    return Onset(at, earliest, latest if latest == onset.latest else latest + _MINUTE)


def names(found: Iterable[str], reader: Reader) -> list[str]:
    """Return what components, regions or platforms are called, safe to show."""
    return [plain(reader.speech.called(name), longest=40) for name in found]


def what_fails(details: Details | None, reader: Reader) -> str:
    """Return what fails, ``people cannot use it`` where no part stands out."""
    hit = details.telling("component")[0] if details else ()
    return _few("incident.fails", hit, reader) or reader.words.text("incident.fails_somehow")


def where(details: Details | None, reader: Reader) -> str:
    """Return the regions where it fails, empty where none stands out."""
    return _few("incident.places", details.telling("region")[0] if details else (), reader)


def what_and_where(details: Details | None, reader: Reader) -> str:
    """Return what fails and where, in one line."""
    place = _few("incident.in", details.telling("region")[0] if details else (), reader)
    gap = "" if reader.language == "zh" else " "
    return f"{what_fails(details, reader)}{gap}{place}".strip()


def headline(incident: Incident, details: Details | None, reader: Reader) -> str:
    """Return the title that says it all, in plain text."""
    key = "incident.headline" if incident.is_open else "incident.headline_over"
    began = reader.speech.full(told(incident.onset).at)
    return reader.words.text(
        key,
        service=plain(incident.service, longest=80),
        what=what_and_where(details, reader),
        severity=reader.words.text(f"severity.{incident.severity.label}"),
        since=began,
    )


def size(incident: Incident, reader: Reader) -> Markup:
    """Return the peak beside what would have been usual."""
    t, say = reader.words, reader.speech
    peak, expected = incident.peak_count, incident.expected_at_peak
    shown = {"peak": say.number(peak), "expected": say.number(expected)}
    if incident.is_listed:
        return t("size.listed", **shown)
    if not math.isfinite(expected):
        return t("size.unknown", **shown)
    if expected <= 0:
        return t("size.none", **shown)
    return t("size.times", times=say.number(peak / expected), **shown)


def voices(details: Details, reader: Reader) -> Markup:
    """Return how many people complain, and whether they are people."""
    t, say = reader.words, reader.speech
    said = t("voices.count", voices=f"{details.authors:,}", posts=f"{details.posts:,}")
    if details.linked >= 0.005:
        said += t("voices.linked", share=say.percent(details.linked))
    if details.newcomers is not None:
        said += t("voices.newcomers", share=say.percent(details.newcomers))
    return said


def news_told(news: NewFacts, reader: Reader) -> str:
    """Return what was new in a message, empty where nothing was."""
    found = {"components": news.components, "regions": news.regions}
    called = {key: names(values, reader) for key, values in found.items()}
    called["sources"] = [plain(name, longest=40) for name in news.sources]
    called["echoes"] = [plain(name, longest=60) for name in news.related]
    say, t = reader.speech, reader.words
    parts = [t.text(f"news.{key}", names=say.listed(v)) for key, v in called.items() if v]
    return t.text("news.and").join(parts)


def _few(key: str, found: Iterable[str], reader: Reader) -> str:
    """Return the first names in a sentence, and how many more there are; empty without any."""
    called = names(found, reader)
    if not called:
        return ""
    more = len(called) - _FEW
    listed = reader.speech.listed(called[:_FEW])
    return reader.words.text(
        f"{key}_more" if more > 0 else key, names=listed, more=more, all=len(called)
    )
