"""What happened in an incident, in order, with what its operator said where that is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from markupsafe import Markup

from detector import resources
from detector.model.alert import Alert
from detector.model.catalogue import parse_catalogue
from detector.model.incident import Incident
from detector.model.plain_text import plain
from detector.report.known import (
    Known,
    documented,
    meets,
)
from detector.views.incident import IncidentView
from detector.web.pages.reader import Reader
from detector.web.pages.wording import (
    news_told,
    size,
    told,
)

CATALOGUE = "data/outages.toml"


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the timeline.

    Attributes
    ----------
    kind : ``began``, ``noticed``, ``told``, ``said``, ``peak``, ``hand``, ``ended``.
    beside : the day is left out where it is that of this instant, None shows it.
    """

    at: datetime
    kind: str
    text: Markup
    beside: datetime | None


def known_of(incident: Incident) -> Known | None:
    """Return what the catalogue says about the outage behind ``incident``, None if nothing."""
    return next((known for known in _catalogue() if meets(incident, known)), None)


def timeline(
    view: IncidentView, known: Known | None, reader: Reader, *, now: datetime
) -> list[Event]:
    """Return what happened up to ``now``, in order; only the first line shows its day."""
    found = [*_course(view, reader), *_said(known, reader)]
    events = sorted((e for e in found if e[0] <= now), key=lambda e: e[0])
    befores = [None, *(at for at, _, _ in events)]
    return [Event(*one, beside=before) for one, before in zip(events, befores, strict=False)]


@cache
def _catalogue() -> tuple[Known, ...]:
    return tuple(documented(parse_catalogue(resources.text(CATALOGUE)), {}))


def _course(view: IncidentView, reader: Reader) -> Iterator[tuple[datetime, str, Markup]]:
    t, incident = reader.words, view.incident
    yield told(incident.onset).at, "began", t("timeline.began")
    yield incident.noticed_at, "noticed", t("timeline.noticed")
    yield incident.peak_at, "peak", t("timeline.peak", size=size(incident, reader))
    for alert in view.alerts:
        if alert.notice:
            continue
        yield alert.at, "told", _told(alert, reader)
    if (hand := view.acknowledgement) is not None:
        comment = f" {plain(hand.comment)}" if hand.comment else ""
        yield hand.at, "hand", t("timeline.hand", author=plain(hand.author, longest=60)) + comment
    if incident.ended_at is not None:
        yield incident.ended_at, "ended", t("timeline.ended")
    if incident.resolved_at is not None:
        yield incident.resolved_at, "ended", t("timeline.resolved")


def _told(alert: Alert, reader: Reader) -> Markup:
    kind, news = reader.words(f"kind.{alert.kind.value}"), news_told(alert.new_facts, reader)
    key = "timeline.told_news" if news else "timeline.told"
    return reader.words(key, kind=kind, news=news)


def _said(known: Known | None, reader: Reader) -> Iterator[tuple[datetime, str, Markup]]:
    for statement in known.statements if known is not None else ():
        where, says = map(reader.speech.retold, (statement.where, statement.says))
        said = reader.words("timeline.said", where=where, says=says)
        yield statement.at, "said", said
