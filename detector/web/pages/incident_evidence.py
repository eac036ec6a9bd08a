"""What is hit and what is not: components, regions, platforms; regions and more as ranked bars."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from detector.config.settings import Settings
from detector.detection.calibration import base_threshold
from detector.detection.options import DetectionOptions
from detector.model.details import AuthorKind, Details, FacetVerdict
from detector.model.incident import Incident
from detector.model.plain_text import plain
from detector.report.chart import bar
from detector.views.curve import Curve
from detector.views.incident import IncidentView
from detector.web.pages.reader import Reader
from detector.web.pages.rendering import drawn
from detector.web.pages.wording import names, told

FACETS = ("component", "region", "platform")
_MOST_BARS = 15
_KINDS = {"affected": "affected", "not affected": "spared"}


@dataclass(frozen=True, slots=True)
class Bar:
    """A line of a ranked list.

    Attributes
    ----------
    kind : ``affected``, ``spared`` or ``unsure``.
    share : of the complaints that name any, in words and as a bar.
    lift : how many times its usual share, with its interval; empty if unknown.
    """

    name: str
    kind: str
    share: str
    bar: Markup
    lift: str


def hit_and_spared(details: Details | None, reader: Reader) -> list[tuple[str, str, str]]:
    """Return facet, what of it is hit and what is spared, as lists in words."""
    if details is None:
        return []
    return [_told(facet, details, reader) for facet in FACETS]


def bars(details: Details | None, reader: Reader) -> list[tuple[str, list[Bar]]]:
    """Return for each facet that complaints name its values, the largest share first."""
    found = []
    for facet in ("region", "component", "platform"):
        rows = [f for f in (details.facets if details else ()) if f.facet == facet]
        rows = sorted(rows, key=lambda f: -f.share)[:_MOST_BARS]
        if rows:
            found.append((facet, [_bar(row, rows[0].share, reader) for row in rows]))
    return found


def _told(facet: str, details: Details, reader: Reader) -> tuple[str, str, str]:
    hit, _ = details.telling(facet)
    spared = details.named(facet, "not affected")
    say = reader.speech
    return facet, say.listed(names(hit, reader)), say.listed(names(spared, reader))


def _bar(row: FacetVerdict, largest: float, reader: Reader) -> Bar:
    say = reader.speech
    lift = ""
    if row.lift is not None and row.lift_low is not None and row.lift_high is not None:
        low, high = say.number(row.lift_low), say.number(row.lift_high)
        lift = reader.words.text("bars.lift", lift=say.number(row.lift), low=low, high=high)
    (name,) = names([row.name], reader)
    length = row.share / largest if largest else 0.0
    kind = _KINDS.get(row.verdict, "unsure")
    return Bar(name, kind, say.percent(row.share), drawn(bar(length)), lift)


# Why an incident was told, and how sure that is: evidence, what was expected, what is unknown.


def reasons(
    view: IncidentView,
    curves: Mapping[str, Curve],
    settings: Settings,
    reader: Reader,
    *,
    counting: int,
) -> Iterator[Markup]:
    """Yield why it fired, one sentence each, the strongest first.

    Parameters
    ----------
    curves : the incident's counts by source, from before it began.
    counting : how many sources count the service.
    """
    incident = view.incident
    yield from _observed(incident, curves, reader)
    yield _evidence(incident, settings, reader)
    yield _sure(incident, reader)
    yield from _seen_by(incident, counting, reader)
    yield from _gaps(incident, curves, reader)
    if view.details is not None and view.details.written_by is not AuthorKind.PEOPLE:
        yield reader.words(f"why.{view.details.written_by.value}")
    attribution = next((a.attribution for a in view.alerts[::-1] if a.attribution), None)
    if attribution is not None:
        yield reader.words(
            "why.echo",
            origin=plain(attribution.root, longest=60),
            because=reader.speech.say.attribution(attribution),
        )


def false_pages(service: str, settings: Settings) -> float:
    """Return how many false pages a week are allowed for ``service``."""
    own = settings.services.get(service)
    asked = own.max_false_pages_per_week if own is not None else None
    general = settings.detection.max_false_pages_per_week
    return asked or general or DetectionOptions().max_false_pages_per_week


def _observed(incident: Incident, curves: Mapping[str, Curve], reader: Reader) -> Iterator[Markup]:
    t, say = reader.words, reader.speech
    for source, whole in curves.items():
        curve = whole.between(incident.onset.at, incident.noticed_at)
        known = np.isfinite(curve.counts) & np.isfinite(curve.expected)
        if curve.listed or not known.any():
            continue
        counted, expected = curve.counts[known].sum(), curve.expected[known].sum()
        if counted <= expected:
            continue
        yield t(
            "why.observed",
            source=plain(source, longest=40),
            start=reader.when(told(incident.onset).at, beside=incident.onset.at),
            end=reader.when(incident.noticed_at, beside=incident.onset.at),
            counted=say.number(float(counted)),
            expected=say.number(float(expected)),
        )


def _evidence(incident: Incident, settings: Settings, reader: Reader) -> Markup:
    t, say = reader.words, reader.speech
    if incident.is_listed:
        return t("why.listed")
    allowed = false_pages(incident.service, settings)
    return t(
        "why.evidence",
        evidence=say.number(incident.evidence),
        least=f"{min(base_threshold(allowed)):.1f}",
        allowed=f"{allowed:g}",
        weeks=say.number(1 / allowed),
        odds=_odds(incident.evidence),
    )


def _odds(evidence: float) -> str:
    """Return the likelihood ratio: one digit and zeros, or a power of ten where they are many."""
    power = math.floor(evidence / math.log(10))
    if power > 5:
        return "10" + "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(power))
    return f"{max(math.floor(math.exp(evidence) / 10**power), 1) * 10 ** max(power, 0):,}"


def _sure(incident: Incident, reader: Reader) -> Markup:
    onset = told(incident.onset)
    if onset.earliest == onset.latest:
        return reader.words("why.exact")
    return reader.words(
        "why.interval",
        earliest=reader.when(onset.earliest, beside=onset.at),
        latest=reader.when(onset.latest, beside=onset.at),
        length=reader.speech.lasting(onset.latest - onset.earliest),
    )


def _seen_by(incident: Incident, counting: int, reader: Reader) -> Iterator[Markup]:
    t = reader.words
    of = max(counting, len(incident.sources))
    yield t("why.sources.one") if of == 1 else t("why.sources", n=len(incident.sources), of=of)
    for said in incident.agreement if len(incident.agreement) > 1 else ():
        source = plain(said.source, longest=40)
        if said.evidence is None:
            yield t("why.agrees_unseen", source=source)
        elif said.evidence <= 0:
            yield t("why.agrees_not", source=source)
        else:
            yield t("why.agrees", source=source, evidence=reader.speech.number(said.evidence))


def _gaps(incident: Incident, curves: Mapping[str, Curve], reader: Reader) -> Iterator[Markup]:
    for source in incident.sources:
        if (curve := curves.get(source)) is None:
            continue
        missing = float(1 - np.mean(curve.seen)) if len(curve.counts) else 1.0
        key = "why.gaps" if missing >= 0.0005 else "why.no_gaps"
        share = reader.speech.percent(max(missing, 0.01))
        yield reader.words(key, source=plain(source, longest=40), share=share)
