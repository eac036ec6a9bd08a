"""Why an incident fired, and how sure that is: evidence, what was expected, what is unknown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
from markupsafe import Markup

from detector.config.settings import Settings
from detector.detection.calibration import base_threshold
from detector.model.details import AuthorKind
from detector.model.incident import Incident
from detector.model.plain_text import plain
from detector.text.rounding import to_the_minute
from detector.views.curve import Curve
from detector.views.incident_view import IncidentView
from detector.web.pages.presentation import Presentation

#: From which share of the time shown on a gap is worth a sentence.
_A_GAP = 0.0005
_LEAST_SHOWN = 0.01


def evidence(
    view: IncidentView,
    curves: Mapping[str, Curve],
    settings: Settings,
    show: Presentation,
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
    yield from _observed(incident, curves, show)
    yield _likelihood(incident, settings, show)
    yield _start(incident, show)
    yield from _sources(incident, counting, show)
    yield from _gaps(incident, curves, show)
    if view.details is not None and view.details.written_by is not AuthorKind.PEOPLE:
        yield show.html(f"page.why.{view.details.written_by.value}")
    root = next((a.attribution for a in view.alerts[::-1] if a.attribution), None)
    if root is not None:
        name, because = plain(root.root, longest=60), show.say.attribution(root)
        yield show.html("page.why.root", root=name, because=because)


def false_pages(service: str, settings: Settings) -> float:
    """Return how many false pages a week are allowed for ``service``."""
    own = settings.services.get(service)
    general = settings.detection
    options = general.options() if own is None else own.options(general)
    return options.max_false_pages_per_week


def _observed(
    incident: Incident, curves: Mapping[str, Curve], show: Presentation
) -> Iterator[Markup]:
    number = show.format.number
    for source, whole in curves.items():
        curve = whole.between(incident.onset.at, incident.noticed_at)
        known = np.isfinite(curve.counts) & np.isfinite(curve.expected)
        if curve.listed or not known.any():
            continue
        counted, expected = curve.counts[known].sum(), curve.expected[known].sum()
        if counted <= expected:
            continue
        yield show.html(
            "page.why.observed",
            source=plain(source, longest=40),
            start=show.when(to_the_minute(incident.onset).at, reference=incident.onset.at),
            end=show.when(incident.noticed_at, reference=incident.onset.at),
            counted=number(float(counted)),
            expected=number(float(expected)),
        )


def _likelihood(incident: Incident, settings: Settings, show: Presentation) -> Markup:
    if incident.is_listed:
        return show.html("page.why.listed")
    number = show.format.number
    allowed = false_pages(incident.service, settings)
    return show.html(
        "page.why.evidence",
        evidence=number(incident.evidence),
        least=number(min(base_threshold(allowed))),
        allowed=number(allowed),
        weeks=number(1 / allowed),
        odds=_odds(incident.evidence, show),
    )


def _odds(nats: float, show: Presentation) -> str:
    """Return the likelihood ratio: one digit and zeros, or a power of ten where they are many."""
    power = math.floor(nats / math.log(10))
    if power > 5:
        return "10" + "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(power))
    return show.format.number(max(math.floor(math.exp(nats) / 10**power), 1) * 10 ** max(power, 0))


def _start(incident: Incident, show: Presentation) -> Markup:
    onset = to_the_minute(incident.onset)
    if onset.earliest == onset.latest:
        return show.html("page.why.exact")
    return show.html(
        "page.why.interval",
        earliest=show.when(onset.earliest, reference=onset.at),
        latest=show.when(onset.latest, reference=onset.at),
        length=show.format.duration(onset.latest - onset.earliest),
    )


def _sources(incident: Incident, counting: int, show: Presentation) -> Iterator[Markup]:
    seen, of = len(incident.sources), max(counting, len(incident.sources))
    is_one = of == 1
    yield (
        show.html("page.why.one_source")
        if is_one
        else show.html("page.why.sources", seen=seen, of=of)
    )
    for one in incident.agreement if len(incident.agreement) > 1 else ():
        source = plain(one.source, longest=40)
        if one.evidence is None:
            yield show.html("page.why.agrees_unobserved", source=source)
        elif one.evidence <= 0:
            yield show.html("page.why.agrees_not", source=source)
        else:
            nats = show.format.number(one.evidence)
            yield show.html("page.why.agrees", source=source, evidence=nats)


def _gaps(incident: Incident, curves: Mapping[str, Curve], show: Presentation) -> Iterator[Markup]:
    for source in incident.sources:
        if (curve := curves.get(source)) is None:
            continue
        missing = float(1 - np.mean(curve.seen)) if len(curve.counts) else 1.0
        key = "page.why.gaps" if missing >= _A_GAP else "page.why.no_gaps"
        share = show.format.percent(max(missing, _LEAST_SHOWN))
        yield show.html(key, source=plain(source, longest=40), share=share)
