"""A report in sentences: the summary, and the facts of one incident."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from detector.model.plain_text import plain
from detector.report.phrases import Phrases
from detector.report.story import Report, Story

_FACETS = (("component", "Fails"), ("region", "Where"), ("platform", "On"))
_MOST = 8


def title(report: Report, say: Phrases) -> str:
    """Return the headline."""
    services = report.services
    if not services:
        return say("No outage found")
    if len(services) == 1:
        return say("Outages of {service}", service=services[0])
    return say("Outages of {n} services", n=len(services))


def summary(report: Report, say: Phrases) -> list[str]:
    """Return the report in a few sentences, each a paragraph."""
    span = {"start": say.instant(report.start), "end": say.instant(report.end)}
    if not report.stories:
        return [say("Between {start} and {end} no outage was found.", **span)]
    found = say.many(len(report.stories), "one incident", "{n} incidents")
    services = say.many(len(report.services), "one service", "{n} services")
    first = say(
        "Between {start} and {end} the complaints show {found} of {services}, {hours} in all.",
        **span,
        found=found,
        services=services,
        hours=say.duration(report.hours),
    )
    told = [first, _worst(report, say), _lags(report, say), *_leads(report, say)]
    return [sentence for sentence in told if sentence]


def _worst(report: Report, say: Phrases) -> str:
    worst = report.worst_first[0]
    incident = worst.incident
    values = {
        "service": incident.service,
        "severity": say(incident.severity.label),
        "start": say.instant(incident.onset.at),
        "lasted": say.duration(worst.lasted),
        "peak": say.count(incident.peak_count),
    }
    if len(report.stories) == 1:
        return _only(worst, say, values)
    if incident.is_listed:
        return say(
            "The worst was {service} on {start} ({severity}): it lasted {lasted} and its heat "
            "rose to {peak}.",
            **values,
        )
    return say(
        "The worst was {service} on {start} ({severity}): it lasted {lasted} and brought {excess} "
        "complaints more than usual, {peak} in its busiest bin.",
        **values,
        excess=say.count(incident.excess),
    )


def _only(story: Story, say: Phrases, values: dict[str, str]) -> str:
    """Return the sentence about the one incident there is."""
    incident = story.incident
    if incident.is_listed:
        return say(
            "It was {service} on {start} ({severity}): it lasted {lasted} and its heat rose to "
            "{peak}.",
            **values,
        )
    return say(
        "It was {service} on {start} ({severity}): it lasted {lasted} and brought {excess} "
        "complaints more than usual, {peak} in its busiest bin.",
        **values,
        excess=say.count(incident.excess),
    )


def _lags(report: Report, say: Phrases) -> str:
    lags = sorted(s.lag for s in report.stories if s.lag is not None)
    if not lags:
        return ""
    if len(lags) == 1:
        return say("It was noticed {lag} after it began.", lag=say.duration(lags[0]))
    typical = report.typical_lag or lags[0]
    values = {"typical": say.duration(typical), "longest": say.duration(lags[-1])}
    return say("Noticed typically {typical} after the start, at the latest {longest}.", **values)


def _leads(report: Report, say: Phrases) -> Iterator[str]:
    for story in report.stories:
        for known, lead in story.pairs:
            if lead.lead is None or known.first_word is None:
                continue
            values = {
                "service": story.incident.service,
                "operator": say.instant(known.first_word),
                "lead": say.duration(abs(lead.lead)),
            }
            if lead.lead >= timedelta(0):
                yield say(
                    "The operator of {service} first spoke on {operator}, {lead} after the notice.",
                    **values,
                )
            else:
                yield say(
                    "The operator of {service} first spoke on {operator}, {lead} before the "
                    "notice.",
                    **values,
                )


def facts(story: Story, say: Phrases) -> Iterator[tuple[str, str]]:
    """Yield (label, text) of one incident in the order of reading."""
    incident = story.incident
    yield say("Began"), _began(story, say)
    yield say("Noticed"), _noticed(story, say)
    yield say("Over"), _over(story, say)
    yield say("Peak"), _peak(story, say)
    if not incident.is_listed:
        yield (
            say("Excess"),
            say("{n} more than expected", n=say.count(incident.excess)),
        )
    yield from _voices(story, say)
    if story.standing is not None:
        yield say("In its history"), _standing(story, say)
    yield say("Sources"), _listed(incident.sources)
    if not incident.is_listed:
        yield say("Evidence"), say("{n} nats at the alarm", n=f"{incident.evidence:,.1f}")


def _began(story: Story, say: Phrases) -> str:
    onset = story.incident.onset
    at = say.instant(onset.at)
    if onset.earliest == onset.latest:
        return say("{at}, exact to the bin", at=at)
    low, high = (say.beside(onset.at, edge) for edge in (onset.earliest, onset.latest))
    return say("{at}, 90 % sure between {low} and {high}", at=at, low=low, high=high)


def _noticed(story: Story, say: Phrases) -> str:
    incident = story.incident
    if story.lag is None:
        return say("seen with hindsight only: the live path would not have noticed it")
    at = say.beside(incident.onset.at, incident.noticed_at)
    return say("{at}, {lag} after it began", at=at, lag=say.duration(story.lag))


def _over(story: Story, say: Phrases) -> str:
    incident = story.incident
    if incident.ended_at is None:
        return say(
            "still going on at the end of the data, for {lasted}", lasted=_lasted(story, say)
        )
    at = say.beside(incident.onset.at, incident.ended_at)
    return say("{at}, after {lasted}", at=at, lasted=_lasted(story, say))


def _lasted(story: Story, say: Phrases) -> str:
    return say.duration(story.lasted)


def _peak(story: Story, say: Phrases) -> str:
    incident = story.incident
    values = {
        "n": say.count(incident.peak_count),
        "at": say.beside(incident.onset.at, incident.peak_at),
        "usual": say.count(incident.expected_at_peak),
    }
    if incident.is_listed:
        return say("heat {n} at {at}; the list began at {usual}", **values)
    return say("{n} in one bin at {at}; {usual} expected", **values)


def _voices(story: Story, say: Phrases) -> Iterator[tuple[str, str]]:
    details = story.details
    if details is None:
        return
    said = say(
        "{voices} voices in {posts} posts",
        voices=f"{details.authors:,}",
        posts=f"{details.posts:,}",
    )
    if details.linked >= 0.005:
        said = say("{said}, {share} with a link", said=said, share=f"{details.linked:.0%}")
    yield say("Voices"), said
    for facet, label in _FACETS:
        hit, spared = details.telling(facet)
        if hit and spared:
            values = {"hit": _listed(say.named(hit)), "spared": _listed(say.named(spared))}
            yield say(label), say("{hit}; not {spared}", **values)
        elif hit:
            yield say(label), _listed(say.named(hit))
    if details.words:
        yield say("Words"), _listed(details.words)


def _standing(story: Story, say: Phrases) -> str:
    standing = story.standing
    if standing is None:
        return ""
    rank = (
        say("the only incident in {days} observed days", days=f"{standing.days:,.1f}")
        if standing.of == 1
        else say("number {rank} of {of} by excess", rank=standing.rank, of=standing.of)
    )
    if standing.ordinary is None or standing.ordinary_at is None:
        return rank
    return say(
        "{rank}; {busiest} complaints in its busiest hour, {ordinary} in the busiest hour outside "
        "incidents ({at})",
        rank=rank,
        busiest=say.count(standing.busiest),
        ordinary=say.count(standing.ordinary),
        at=say.instant(standing.ordinary_at),
    )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST
    return ", ".join(plain(name) for name in names[:_MOST]) + (f" +{more}" if more > 0 else "")
