"""What is hit and what is not: components, regions, platforms; regions and more as ranked bars."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from detector.domain.details import Details, FacetVerdict
from detector.reports.chart import bar
from detector.web.pages.painting import drawn
from detector.web.pages.reader import Reader
from detector.web.pages.spoken import names

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
