"""What a report says in sentences: its title, the summary, the facts of one incident."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo

from detector.detection.hindsight.findings import Regime
from detector.report.known import SHARES
from detector.report.story import Aside, Report, Standing, Story
from detector.text.phrasing import Phrasing
from detector.text.rounding import to_the_minute

_FACETS = ("component", "region", "platform")


def title(report: Report, say: Phrasing) -> str:
    """Return the headline."""
    services = report.services
    if not services:
        return say.texts("report.none_found")
    if len(services) == 1:
        return say.texts("report.outages_of", service=say.safe(services[0]))
    return say.texts("report.outages_of_many", number=len(services))


def times_in(report: Report, say: Phrasing) -> str:
    """Return which zone all times are in, and how far that is from UTC when the report starts."""
    offset = say.format.offset(report.start)
    if offset == "UTC":
        return say.texts("report.times_in_utc")
    return say.texts("report.times_in", zone=zone_name(report.zone), offset=offset)


def zone_name(zone: tzinfo) -> str:
    """Return the name of a zone, as the IANA writes it."""
    return str(getattr(zone, "key", zone))


def summary(report: Report, say: Phrasing) -> list[str]:
    """Return the report in a few sentences, each a paragraph."""
    t, show = say.texts, say.format
    span = {"start": show.instant(report.start), "end": show.instant(report.end)}
    if not report.stories:
        return [t("report.summary.none", **span)]
    first = t(
        "report.summary.found",
        **span,
        incidents=t("report.summary.incidents", number=len(report.stories)),
        services=t("report.summary.services", number=len(report.services)),
        hours=show.duration(report.hours),
    )
    sentences = [first, _worst(report, say), _lags(report, say), *_leads(report, say)]
    return [sentence for sentence in sentences if sentence]


def _worst(report: Report, say: Phrasing) -> str:
    worst, show = report.worst_first[0], say.format
    incident = worst.incident
    key = "only" if len(report.stories) == 1 else "worst"
    return say.texts(
        f"report.summary.{key}_listed" if incident.is_listed else f"report.summary.{key}",
        service=say.safe(incident.service),
        severity=say.severity(incident.severity.label),
        start=show.instant(incident.onset.at),
        lasted=show.duration(worst.lasted),
        peak=_count(incident.peak_count, say),
        excess=_count(incident.excess, say),
    )


def _lags(report: Report, say: Phrasing) -> str:
    lags = sorted(s.lag for s in report.stories if s.lag is not None)
    if not lags:
        return ""
    show = say.format.duration
    if len(lags) == 1:
        return say.texts("report.summary.lag", lag=show(lags[0]))
    typical = show(report.typical_lag or lags[0])
    return say.texts("report.summary.lags", typical=typical, longest=show(lags[-1]))


def _leads(report: Report, say: Phrasing) -> Iterator[str]:
    for story in report.stories:
        for known, lead in story.pairs:
            if lead.lead is not None and known.first_word is not None:
                yield _lead(story, known.first_word, lead.lead, say)


def _lead(story: Story, spoken: datetime, lead: timedelta, say: Phrasing) -> str:
    when = "after" if lead >= timedelta(0) else "before"
    return say.texts(
        f"report.summary.operator_{when}",
        service=say.safe(story.incident.service),
        at=say.format.instant(spoken),
        lead=say.format.duration(abs(lead)),
    )


def facts(story: Story, say: Phrasing) -> Iterator[tuple[str, str]]:
    """Yield (label, text) of one incident in the order of reading."""
    for key, text in _facts(story, say):
        label = f"facet.{key}" if key in _FACETS else f"report.label.{key}"
        yield say.texts(label), text


def _facts(story: Story, say: Phrasing) -> Iterator[tuple[str, str]]:
    incident, t = story.incident, say.texts
    yield "started", _started(story, say)
    yield "noticed", _noticed(story, say)
    yield "ended", _ended(story, say)
    yield "peak", _peak(story, say)
    if not incident.is_listed:
        yield "excess", t("report.fact.excess", count=_count(incident.excess, say))
    if len(story.regimes) > 1:
        yield "regimes", say.format.list([_regime(one, say) for one in story.regimes])
    yield from _complaints(story, say)
    if story.standing is not None:
        yield "history", _standing(story.standing, say)
    yield "sources", say.plain_list(incident.sources)
    if not incident.is_listed:
        yield "evidence", t("report.fact.evidence", nats=say.format.number(incident.evidence))


def _regime(one: Regime, say: Phrasing) -> str:
    return say.texts(
        "report.fact.regime",
        ratio=say.format.number(one.ratio, digits=1),
        length=say.format.duration(one.end - one.start),
    )


def aside(one: Aside, say: Phrasing) -> str:
    """Return what ``one``, which is no incident, was."""
    ratio = {} if one.ratio is None else {"ratio": say.format.number(one.ratio, digits=2)}
    if one.kind == "unusual_shifted":
        ratio = {}
    return say.texts(f"report.aside.{one.kind}", **ratio)


def _started(story: Story, say: Phrasing) -> str:
    onset = story.incident.onset
    at, interval = say.format.instant(to_the_minute(onset).at), say.start_interval(onset)
    return say.texts("report.fact.started", at=at, interval=interval)


def _noticed(story: Story, say: Phrasing) -> str:
    incident = story.incident
    if story.lag is None:
        return say.texts("report.fact.hindsight")
    at = say.format.relative(incident.noticed_at, incident.onset.at)
    return say.texts("report.fact.noticed", at=at, lag=say.format.duration(story.lag))


def _ended(story: Story, say: Phrasing) -> str:
    incident, lasted = story.incident, say.format.duration(story.lasted)
    if incident.ended_at is None:
        return say.texts("report.fact.open", lasted=lasted)
    at = say.format.relative(incident.ended_at, incident.onset.at)
    return say.texts("report.fact.ended", at=at, lasted=lasted)


def _peak(story: Story, say: Phrasing) -> str:
    incident = story.incident
    return say.texts(
        "report.fact.peak_listed" if incident.is_listed else "report.fact.peak",
        count=_count(incident.peak_count, say),
        at=say.format.relative(incident.peak_at, incident.onset.at),
        expected=_count(incident.expected_at_peak, say),
    )


def _complaints(story: Story, say: Phrasing) -> Iterator[tuple[str, str]]:
    details = story.details
    if details is None:
        return
    yield "people", say.people(details)
    for facet in _FACETS:
        if shown := say.facet(details, facet):
            yield facet, shown
    if words := say.readable(details.words):
        yield "words", say.plain_list(words)


def _standing(standing: Standing, say: Phrasing) -> str:
    t, show = say.texts, say.format
    if standing.of == 1:
        rank = t("report.fact.only_one", days=show.number(standing.days))
    else:
        rank = t("report.fact.rank", rank=show.number(standing.rank), of=show.number(standing.of))
    if standing.ordinary is None or standing.ordinary_at is None:
        return rank
    return t(
        "report.fact.rank_hours",
        rank=rank,
        busiest=_count(standing.busiest, say),
        ordinary=_count(standing.ordinary, say),
        at=show.instant(standing.ordinary_at),
    )


def setting(code: str, value: object, say: Phrasing) -> tuple[str, str]:
    """Return the label and the text of one of the settings that a report names."""
    return say.texts(f"report.setting.{code}"), _setting(code, value, say)


def _setting(code: str, value: object, say: Phrasing) -> str:
    if isinstance(value, timedelta):
        return say.format.duration(value)
    if code == "complaint_threshold" and isinstance(value, float):
        return say.format.percent(value)
    if code == "false_alarms" and isinstance(value, float):
        number = say.format.number(value)
        return say.texts("report.setting.false_alarms_value", number=number)
    return say.safe(str(value))


def figure(code: str, value: float, say: Phrasing) -> tuple[str, str]:
    """Return the label and the text of one figure of the comparison with a table of truth."""
    number = say.format.percent(value, digits=1) if code in SHARES else say.format.number(value)
    return say.texts(f"report.figure.{code}"), number


def verdict(found: str, say: Phrasing) -> str:
    """Return whether a region is affected, in words."""
    return say.texts(f"verdict.{_VERDICTS[found]}")


_VERDICTS = {"affected": "affected", "not affected": "spared", "not enough posts": "unsure"}


def _count(value: float, say: Phrasing) -> str:
    """Return a number of posts; of one that is not known that it is not."""
    shown = say.format.number(value)
    return say.texts("report.unknown") if shown == "?" else shown
