"""From changes of surges to incidents, and to what there is to say of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

import pandas as pd

from detector.complaints.archive import Archive
from detector.complaints.describe import describe
from detector.complaints.normalise import fold
from detector.complaints.reader import PostReader
from detector.model.alert import NO_NEW_FACTS, Alert, Attribution, NewFacts
from detector.model.decision import Decision, Reason
from detector.model.details import AuthorKind, Details
from detector.model.incident import Incident
from detector.model.merge import IncidentMerge
from detector.model.series import SeriesKey
from detector.model.severity import severity_of
from detector.model.surge import Change, ChangeKind
from detector.notify.alerts import AlertHistory, alert_reason, known_of, news_of
from detector.notify.related import Mentions, attribute
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.state import LatestIncident, innermost

#: So many of the latest complaints are enough.
MOST = 500


def mentions(
    incident: Incident,
    services: Sequence[str],
    archive: Archive,
    reader: PostReader,
    *,
    at: datetime,
) -> Mentions:
    """Return how many of the complaints of ``[earliest start, at)`` name each of ``services``.

    One complaint per author, the latest; those of unknown authors count each.
    """
    written = archive.about(incident.service, start=incident.onset.earliest, end=at).tail(MOST)
    nameless = written["author"] == ""
    of_authors = pd.concat(
        [written[nameless], written[~nameless].drop_duplicates("author", keep="last")]
    )
    folded = {service: fold(service).strip() for service in services}
    named: Counter[str] = Counter()
    for text in of_authors["text"]:
        named.update(_named(fold(text), folded, reader))
    return Mentions(len(of_authors), dict(named))


def _named(own: str, folded: dict[str, str], reader: PostReader) -> set[str]:
    """Return which of the services one folded text names, by any name or literally."""
    found = {place.service for place in reader.names.found(own, reader.lexicon.hits(own))}
    return {service for service, name in folded.items() if service in found or name in own}


class SurgeChange(NamedTuple):
    """A change and where it was seen; sorts by time, then service and source."""

    at: datetime
    key: SeriesKey
    order: int
    change: Change
    width: timedelta
    trending: bool


class _Judgement(NamedTuple):
    reason: Reason
    details: Details | None = None
    new_facts: NewFacts = NO_NEW_FACTS


class IncidentUpdates(NamedTuple):
    """What became of the changes.

    Attributes
    ----------
    latest : the latest incident of each service, open or closed.
    incidents : those that changed, as they stand, in order of their last change.
    alerts : in order.
    decisions : why, and why not.
    """

    latest: Mapping[str, LatestIncident]
    incidents: tuple[Incident, ...]
    alerts: tuple[Alert, ...]
    decisions: tuple[Decision, ...]


def update_incidents(
    before: Mapping[str, LatestIncident],
    said: Sequence[SurgeChange],
    archive: Archive,
    plan: PipelinePlan,
) -> IncidentUpdates:
    """Fold changes into incidents, in order, and decide after each whether there is an alert."""
    latest = dict(before)
    changed: dict[str, Incident] = {}
    alerts, decisions = [], []
    for at, key, _, change, width, is_trending in said:
        stack = _stack_for(change, key, latest.get(key.service), plan)
        place = _place_of(change, key.source, stack)
        known = stack[place]
        severity = severity_of(
            change.surge, width=width, trending=is_trending, rules=plan.severity, at=at
        )
        merging = known.merging.with_surge(key.source, change.surge, severity)
        incident = merging.incident()
        judged = _judge(incident, known.told, change.kind, archive, plan, at)
        told, attribution = known.told, known.told.attribution if known.told else None
        if told is None and judged.reason.kind is not None:
            attribution = _attribution(incident, latest, archive, plan, at)
        if judged.reason.kind is not None:
            alert = _alert(incident, told, judged, attribution, at)
            told = (told or AlertHistory(0, incident.severity)).plus(
                alert, known_of(incident, judged.details)
            )
            alerts.append(alert)
        decisions.append(_decision(incident, judged, attribution, at))
        changed.pop(incident.id, None)
        changed[incident.id] = incident
        stack[place] = LatestIncident(merging, told)
        latest[key.service] = innermost(stack)
    return IncidentUpdates(latest, tuple(changed.values()), tuple(alerts), tuple(decisions))


def _stack_for(
    change: Change, key: SeriesKey, known: LatestIncident | None, plan: PipelinePlan
) -> list[LatestIncident]:
    """Return the incidents that ``change`` may belong to, the oldest first; a new one if need be.

    A surge that begins within `PipelinePlan.reopen_window` of the last incident's end goes on with
    it: it flaps. One that begins while the last one only lasts is a new one inside it.
    """
    new = LatestIncident(IncidentMerge(key.service))
    if known is None:
        return [new]
    if change.kind is not ChangeKind.OPENED:
        return list(known.known)
    ended = known.merging.incident().ended_at
    if ended is None and not known.merging.is_lasting:
        return list(known.known)
    if ended is not None and change.surge.onset.at - ended <= plan.reopen_window:
        return list(known.known)
    return [*(one for one in known.known if one.merging.incident().is_open), new]


def _place_of(change: Change, source: str, stack: Sequence[LatestIncident]) -> int:
    """Return the place of the incident that knows the surge already, or of the last."""
    known = (source, change.surge.noticed_at)
    places = [i for i, one in enumerate(stack) if known in one.merging.surges]
    return places[-1] if places else len(stack) - 1


def _judge(
    incident: Incident,
    history: AlertHistory | None,
    kind: ChangeKind,
    archive: Archive,
    plan: PipelinePlan,
    at: datetime,
) -> _Judgement:
    """Return why there is an alert or none, what the complaints say, and what of it is new.

    The end of a surge is no occasion for news, even if others of the incident go on.
    """
    reason = alert_reason(incident, history)
    continues = incident.is_open and kind is not ChangeKind.CLOSED
    if history is not None and continues and reason is Reason.NO_CHANGE:
        return _look_for_news(incident, history, archive, plan, at)
    if reason.kind is None:
        return _Judgement(reason)
    details = describe(
        incident, archive, at=at, configured=plan.services, lexicon=plan.reader.lexicon
    )
    written_by = AuthorKind.PEOPLE if details is None else details.written_by
    reason = alert_reason(incident, history, written_by=written_by)
    if history is None or not incident.is_open:
        return _Judgement(reason, details)
    return _Judgement(reason, details, news_of(incident, details, history))


def _look_for_news(
    incident: Incident, history: AlertHistory, archive: Archive, plan: PipelinePlan, at: datetime
) -> _Judgement:
    """Return whether there are news; while it is too soon for them the complaints are not read."""
    too_soon = not history.may_update(at, plan.update_every)
    details = None
    if not too_soon:
        details = describe(incident, archive, at=at, configured=plan.services, quoted=False)
    news = news_of(incident, details, history)
    reason = alert_reason(incident, history, new_facts=news, too_soon=too_soon)
    if reason.kind is not None:
        details = describe(
            incident, archive, at=at, configured=plan.services, lexicon=plan.reader.lexicon
        )
    return _Judgement(reason, details, news)


def _attribution(
    incident: Incident,
    latest: Mapping[str, LatestIncident],
    archive: Archive,
    plan: PipelinePlan,
    at: datetime,
) -> Attribution | None:
    """Return what ``incident`` is likely explained by; of a related one, its root."""
    others = {
        service: known
        for service, known in latest.items()
        if service != incident.service and known.told is not None
    }
    if not others:
        return None
    found = attribute(
        incident,
        [known.merging.incident() for known in others.values()],
        mentions=mentions(incident, tuple(others), archive, plan.reader, at=at),
        providers=plan.providers,
    )
    history = None if found is None else others[found.root].told
    if found is None or history is None or history.attribution is None:
        return found
    root = history.attribution
    return replace(found, root=root.root, root_id=root.root_id)


def _alert(
    incident: Incident,
    history: AlertHistory | None,
    judged: _Judgement,
    attribution: Attribution | None,
    at: datetime,
) -> Alert:
    if (kind := judged.reason.kind) is None:
        raise ValueError(f"{judged.reason} tells nothing")
    sequence = 1 + (history.messages if history else 0)
    return Alert(kind, at, incident, sequence, judged.details, judged.new_facts, attribution)


def _decision(
    incident: Incident, judged: _Judgement, attribution: Attribution | None, at: datetime
) -> Decision:
    """Return the decision about the incident as a whole."""
    params = judged.new_facts.params
    if judged.reason is Reason.OPENED and attribution is not None:
        params |= attribution.params
    if judged.reason is Reason.ESCALATED:
        params["severity"] = incident.severity.label
    return Decision(incident.id, at, judged.reason, params, judged.reason.kind)
