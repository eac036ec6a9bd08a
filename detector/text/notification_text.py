"""The text of a notification: a title that says it all, and the facts in the order of reading.

The title starts with the state in brackets, as the API spells it, in every language: filters on
``[RESOLVED]`` work for all readers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from detector.model.alert import Alert, AlertKind
from detector.model.details import FACETS, Details
from detector.model.incident import Incident
from detector.text.phrasing import Params, Phrasing
from detector.text.rounding import to_the_minute

_WORDS, _SAMPLES = 8, 3

#: Key of a label, and what stands behind it.
_Line = tuple[str, str]


class NotificationText(NamedTuple):
    """What a receiver reads.

    Attributes
    ----------
    title : one line.
    lines : one fact each.
    """

    title: str
    lines: tuple[str, ...]

    @property
    def body(self) -> str:
        """The facts as one text."""
        return "\n".join(self.lines)


def alert_text(
    alert: Alert,
    say: Phrasing,
    *,
    trend: str | None = None,
    page: str | None = None,
    runbook: str | None = None,
) -> NotificationText:
    """Return the text of a notification about an incident.

    Parameters
    ----------
    trend : ``rising``, ``steady``, ``falling`` or ``past_peak``; None says nothing.
    page, runbook : addresses of the incident's page and of what to do.
    """
    incident = alert.incident
    lines = [
        *_what(alert, say),
        *_times(incident, say),
        *_size(incident, say),
        *([("trend", say.trend(trend, alert.at - incident.peak_at))] if trend else []),
        *(_complaints(alert.details, say) if alert.details is not None else []),
        *_observed(alert, say),
        *_addresses(alert, say, page, runbook),
    ]
    return NotificationText(_title(alert, say), _labelled(lines, say))


def source_text(
    say: Phrasing,
    *,
    source: str,
    state: str,
    since: datetime,
    at: datetime,
    reason: str,
    params: Params,
    sequence: int,
) -> NotificationText:
    """Return the text of a notification about a source.

    Parameters
    ----------
    state : ``up``, ``degraded`` or ``down``, since ``since``.
    at : when that was noticed.
    reason, params : why, as `Phrasing.source_reason` takes it.
    sequence : number of the notification about this source.
    """
    name = say.safe(source, longest=60)
    title = say.texts(
        f"message.title.source_{state}", source=name, since=say.format.relative_zoned(since, at)
    )
    lines = [
        ("source", name),
        ("since", say.format.full(since)),
        ("decided", say.format.full(at)),
        ("reason", say.source_reason(reason, params)),
        *([] if state == "up" else [("meaning", say.texts("message.text.source_meaning"))]),
        ("notification", say.format.number(sequence)),
    ]
    return NotificationText(f"[SOURCE {state.upper()}] {title}", _labelled(lines, say))


def _title(alert: Alert, say: Phrasing) -> str:
    state = alert.kind.value
    incident, show = alert.incident, say.format
    facts = say.new_facts(alert.new_facts) if alert.kind is AlertKind.UPDATED else ""
    shown = {
        "service": say.safe(incident.service, longest=60),
        "severity": say.severity(incident.severity.label),
        "since": show.relative_zoned(to_the_minute(incident.onset).at, alert.at),
        "facts": facts,
    }
    key = state
    if alert.kind is AlertKind.UPDATED and not facts:
        key = "opened"
    if alert.kind is AlertKind.RESOLVED:
        if incident.ended_at is None:
            key = "resolved_sometime"
        else:
            shown["ended"] = show.relative_zoned(incident.ended_at, alert.at)
            shown["length"] = show.duration(incident.ended_at - incident.onset.at)
    return f"[{state.upper()}] {say.texts(f'message.title.{key}', **shown)}"


def _labelled(lines: Sequence[_Line], say: Phrasing) -> tuple[str, ...]:
    return tuple(
        say.texts("message.line", label=say.texts(f"message.label.{label}"), text=text)
        for label, text in lines
    )


def _what(alert: Alert, say: Phrasing) -> Iterator[_Line]:
    incident, t = alert.incident, say.texts
    service = say.safe(incident.service)
    if alert.details is not None and alert.details.discovered:
        service = t("message.text.discovered", service=service)
    yield "service", service
    yield "severity", say.severity(incident.severity.label)
    if alert.attribution is not None:
        root = say.safe(alert.attribution.root, longest=60)
        because = say.attribution(alert.attribution)
        yield "root", t("message.text.root", root=root, because=because)
    if facts := say.new_facts(replace(alert.new_facts, related=())):
        yield "facts", facts
    if alert.new_facts.related:
        services = say.plain_list(alert.new_facts.related)
        yield "related", t("message.text.related", services=services)


def _times(incident: Incident, say: Phrasing) -> Iterator[_Line]:
    t, show, onset = say.texts, say.format, to_the_minute(incident.onset)
    yield (
        "start",
        t(
            "message.text.start",
            at=show.full(onset.at),
            interval=say.start_interval(incident.onset),
        ),
    )
    lag = show.duration(incident.noticed_at - incident.onset.at)
    yield "noticed", t("message.text.noticed", at=show.full(incident.noticed_at), length=lag)
    if incident.ended_at is None:
        return
    ended = show.full(incident.ended_at)
    lasted = show.duration(incident.ended_at - incident.onset.at)
    if incident.resolved_at is None:
        yield "end", t("message.text.end", at=ended, length=lasted)
    else:
        noticed = show.relative(incident.resolved_at, incident.ended_at)
        yield "end", t("message.text.end_noticed", at=ended, length=lasted, noticed=noticed)


def _size(incident: Incident, say: Phrasing) -> Iterator[_Line]:
    at = say.format.relative(incident.peak_at, incident.onset.at)
    yield "peak", say.texts("message.text.peak", size=say.size(incident), at=at)
    if math.isfinite(incident.excess) and not incident.is_listed:
        excess = say.format.number(incident.excess)
        yield "excess", say.texts("message.text.excess", excess=excess)


def _complaints(details: Details, say: Phrasing) -> Iterator[_Line]:
    for facet in FACETS:
        if shown := say.facet(details, facet):
            yield facet, shown
    yield "people", say.people(details)
    if words := say.readable(details.words)[:_WORDS]:
        yield "words", say.plain_list(words, longest=24)
    for sample in details.samples[:_SAMPLES]:
        yield "quote", say.texts("message.text.quote", text=say.safe(sample.text, longest=140))


def _observed(alert: Alert, say: Phrasing) -> Iterator[_Line]:
    """Yield which sources observe it, which see nothing unusual, and which are not observed."""
    incident, t = alert.incident, say.texts
    others = [other for other in incident.agreement if other.source not in incident.sources]
    groups = {
        "unseen": [other.source for other in others if other.evidence is not None],
        "unobserved": [other.source for other in others if other.evidence is None],
    }
    seen, number = say.plain_list(incident.sources, longest=40), len(incident.sources)
    parts = [t("message.text.agree", number=number, names=seen) if number > 1 else seen]
    for key, names in groups.items():
        if names:
            parts.append(t(f"message.text.{key}", names=say.plain_list(names, longest=40)))
    yield "sources", t("part.and").join(parts)
    if incident.not_observed_since is not None:
        since = say.format.relative(incident.not_observed_since, alert.at)
        yield "caution", t("message.text.caution", since=since)


def _addresses(
    alert: Alert, say: Phrasing, page: str | None, runbook: str | None
) -> Iterator[_Line]:
    if page:
        yield "page", page
    if runbook:
        yield "runbook", runbook
    incident = say.safe(alert.incident.id)
    sequence = say.format.number(alert.sequence)
    yield "incident", say.texts("message.text.incident", id=incident, sequence=sequence)
