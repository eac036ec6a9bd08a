"""What is affected and what is not: components, regions, platforms, also as ranked bars."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from detector.model.details import FACETS, Details, FacetVerdict
from detector.report.chart import bar
from detector.text.phrasing import Phrasing
from detector.web.pages.rendering import drawn

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


def hit_and_spared(details: Details | None, say: Phrasing) -> list[tuple[str, str, str]]:
    """Return facet, what of it is affected and what is not, as lists in words."""
    if details is None:
        return []
    return [
        (
            facet,
            say.names(details.distinctive(facet)[0]),
            say.names(details.named(facet, "not affected")),
        )
        for facet in FACETS
    ]


def bars(details: Details | None, say: Phrasing) -> list[tuple[str, list[Bar]]]:
    """Return for each facet that complaints name its values, the largest share first."""
    found = []
    for facet in ("region", "component", "platform"):
        rows = [f for f in (details.facets if details else ()) if f.facet == facet]
        rows = sorted(rows, key=lambda f: -f.share)[:_MOST_BARS]
        if rows:
            found.append((facet, [_bar(row, rows[0].share, say) for row in rows]))
    return found


def _bar(row: FacetVerdict, largest: float, say: Phrasing) -> Bar:
    number = say.format.number
    lift = ""
    if row.lift is not None and row.lift_low is not None and row.lift_high is not None:
        low, high = number(row.lift_low), number(row.lift_high)
        lift = say.texts("page.bars.lift", lift=number(row.lift), low=low, high=high)
    return Bar(
        say.names([row.name]),
        _KINDS.get(row.verdict, "unsure"),
        say.format.percent(row.share),
        drawn(bar(row.share / largest if largest else 0.0)),
        lift,
    )
