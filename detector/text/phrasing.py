"""What is said alike wherever it is said: on pages, in commands, reports, notifications, the API.

Pure functions of facts: a stored reason is a code with parameters, here it becomes a sentence.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from detector.model.alert import Attribution, NewFacts
from detector.model.details import Details
from detector.model.incident import Incident
from detector.model.plain_text import plain
from detector.model.surge import Onset
from detector.text.catalogue import Catalogue, catalogue
from detector.text.format import Format
from detector.text.rounding import to_the_minute
from detector.text.scripts import scripts

_FEW = 3  # names in a headline
#: Parameters that version 0003 of the store did not know.
_NOT_ALWAYS_STORED = {"escalated": "severity", "below_severity": "least"}
#: Parameters of a reason: JSON values, times as ISO 8601 text.
Params = Mapping[str, object]
#: Makes what strangers wrote safe to show: ``safe(text, longest=60)``.
Safe = Callable[..., str]


class Phrasing:
    """Words facts for readers of one language, in one time zone.

    Parameters
    ----------
    texts, format : of the language.
    safe : applied to all names and texts that come from outside.
    """

    def __init__(self, texts: Catalogue, format: Format, safe: Safe = plain) -> None:  # noqa: A002 - what it is
        self.texts = texts
        self.format = format
        self.safe = safe

    def by_language(self, texts: Mapping[str, str], **params: object) -> str:
        """Return what an integration outside the catalogues says of itself.

        Parameters
        ----------
        texts : by the code of their language; the English one, which must be there, stands for
            languages that are not.
        params : what the ``{names}`` in the text are filled in with.
        """
        english = texts["en"]
        return texts.get(self.texts.code, english).format_map(params)

    # Why somebody was notified, or not; why a source is up or not.

    def reason(self, code: str, params: Params) -> str:
        """Return the sentence of a decision's reason.

        Of what an earlier version stored without its parameters only the name is left.

        Raises
        ------
        KeyError : the code is not known, or a parameter that it needs is missing.
        """
        if code == "updated" and not self._facts(params):
            return self.reason_name(code)
        if (needed := _NOT_ALWAYS_STORED.get(code)) is not None and needed not in params:
            return self.reason_name(code)
        key = "opened_related" if code == "opened" and params.get("root_id") else code
        return self.texts(f"reason.{key}", **self._shown(params))

    def reason_name(self, code: str) -> str:
        """Return what a reason is called without its parameters."""
        return self.texts(f"reason_name.{code}")

    def source_reason(self, code: str, params: Params) -> str:
        """Return why a source is up, degraded or down."""
        return self.texts(f"source_health.{code}", **self._shown(params))

    def related_because(self, params: Params) -> str:
        """Return why an incident is probably related to its root incident, empty if not stored.

        Parameters
        ----------
        params : ``because`` (``mentions``, ``provider`` or ``together``); by it ``share`` in
            [0, 1], or ``count``, or ``count`` and ``provider``; ``root`` is the root's service.
        """
        if not (because := params.get("because")):
            return ""
        root, share = params.get("root") or params.get("root_id") or "", params.get("share")
        return self.texts(
            f"related.{because}",
            number=params.get("count") or 2,
            provider=self.safe(str(params.get("provider") or ""), longest=60),
            root=self.safe(str(root), longest=60),
            share=self.format.percent(share if isinstance(share, int | float) else math.nan),
        )

    def attribution(self, found: Attribution) -> str:
        """Return why ``found`` is thought, as `related_because` does."""
        return self.related_because(found.params)

    # An incident.

    def headline(self, incident: Incident, details: Details | None) -> str:
        """Return what fails, where, since when, in one line."""
        key = "incident.headline" if incident.is_open else "incident.headline_resolved"
        return self.texts(
            key,
            service=self.safe(incident.service, longest=80),
            what=self.what_and_where(details),
            since=self.format.zoned(to_the_minute(incident.onset).at),
        )

    def what_and_where(self, details: Details | None) -> str:
        """Return what fails, and where if that stands out."""
        what, where = self.what_fails(details), self.where(details)
        if not where:
            return what
        place = self.texts("incident.in", names=where)
        return self.texts("incident.what_and_where", what=what, where=place)

    def what_fails(self, details: Details | None) -> str:
        """Return the components that fail; that users report problems where none stands out."""
        if hit := _hit(details, "component"):
            return self.texts("incident.fails", names=self.few(hit))
        return self.texts("incident.fails_somehow")

    def where(self, details: Details | None) -> str:
        """Return the regions where it fails, empty where none stands out."""
        return self.few(_hit(details, "region"))

    def facet(self, details: Details, facet: str) -> str:
        """Return the values of ``facet`` that are hit, and those that are not; empty without any.

        What is spared tells something only beside what is hit.
        """
        hit, spared = details.distinctive(facet)
        if not hit or not spared:
            return self.names(hit)
        return self.texts("facet.with_spared", hit=self.names(hit), spared=self.names(spared))

    def severity(self, label: str) -> str:
        """Return the word for a severity."""
        return self.texts(f"severity.{label}")

    def size(self, incident: Incident) -> str:
        """Return the highest count beside what was expected then."""
        peak, expected = incident.peak_count, incident.expected_at_peak
        shown = {"peak": self.format.number(peak), "expected": self.format.number(expected)}
        if incident.is_listed:
            return self.texts("size.listed", **shown)
        if not math.isfinite(expected):
            return self.texts("size.unknown", **shown)
        if expected <= 0:
            return self.texts("size.none", **shown)
        return self.texts("size.times", times=self.format.number(peak / expected), **shown)

    def start_interval(self, onset: Onset) -> str:
        """Return how exactly the start is known."""
        shown = to_the_minute(onset)
        if shown.earliest == shown.latest:
            return self.texts("interval.exact")
        earliest, latest = (
            self.format.relative(edge, shown.at) for edge in (shown.earliest, shown.latest)
        )
        return self.texts("interval.range", earliest=earliest, latest=latest)

    def people(self, details: Details, *, newcomers: bool = False) -> str:
        """Return how many people complain in how many posts, and what marks them.

        Parameters
        ----------
        newcomers : whether to say how many had not complained before.
        """
        phrase = self.texts(
            "people.count",
            people=self.texts("people.people", number=details.authors),
            posts=self.texts("people.posts", number=details.posts),
        )
        if details.linked >= 0.005:
            share = self.format.percent(details.linked)
            phrase = self.texts("people.linked", said=phrase, share=share)
        if newcomers and details.newcomers is not None:
            share = self.format.percent(details.newcomers)
            phrase = self.texts("people.newcomers", said=phrase, share=share)
        return phrase

    def new_facts(self, news: NewFacts) -> str:
        """Return what an alert says that was not known before, empty where there is nothing."""
        found = {"components": news.components, "regions": news.regions}
        return self._facts({**found, "sources": news.sources, "services": news.related})

    def trend(self, code: str, since_peak: timedelta) -> str:
        """Return where complaints go: ``rising``, ``steady``, ``falling`` or ``past_peak``."""
        return self.texts(f"trend.{code}", length=self.format.duration(since_peak))

    # Names and words.

    def names(self, found: Iterable[str]) -> str:
        """Return components, regions or platforms as a list, in the reader's language."""
        return self.format.list(self._called(found))

    def few(self, found: Sequence[str]) -> str:
        """Return the first of the names, and how many more there are; empty without any."""
        return self.format.list(self._called(found), most=_FEW)

    def plain_list(self, found: Iterable[str], *, longest: int = 60) -> str:
        """Return services, sources or other names that no catalogue knows as a list."""
        return self.format.list([self.safe(name, longest=longest) for name in found])

    def readable(self, words: Iterable[str]) -> list[str]:
        """Return those of ``words`` that are written in a script which the reader can read."""
        known = frozenset(self.texts("language.scripts").split())
        return [word for word in words if scripts(word) <= known]

    def _called(self, found: Iterable[str]) -> list[str]:
        return [self.safe(self.texts.name(name), longest=40) for name in found]

    def _shown(self, params: Params) -> dict[str, object]:
        """Return parameters as they are shown; those that may be missing are empty then."""
        shown: dict[str, object] = {"comment": "", "error": "", "facts": self._facts(params)}
        shown["author"] = self.texts("part.somebody")
        shown["because"] = self._detail(self.related_because(params))
        for name, value in params.items():
            if name != "because" and value not in (None, ""):
                shown[name] = self._param(name, value)
        return shown

    def _param(self, name: str, value: object) -> str:
        match name:
            case "until":
                return self.format.zoned(datetime.fromisoformat(str(value)))
            case "severity" | "least":
                return self.severity(str(value))
            case "comment" | "error":
                return self._detail(self.safe(str(value), longest=300))
            case "components" | "regions":
                return self.names(_texts(value))
            case "sources" | "services":
                return self.plain_list(_texts(value))
        if isinstance(value, int | float):
            return self.format.number(value)
        return self.safe(str(value), longest=200)

    def _facts(self, params: Params) -> str:
        found = {
            name: self._param(name, params[name])
            for name in ("components", "regions", "sources", "services")
            if params.get(name)
        }
        parts = [self.texts(f"facts.{name}", names=names) for name, names in found.items()]
        return self.texts("part.and").join(parts)

    def _detail(self, text: str) -> str:
        return self.texts("part.detail", detail=text) if text else ""


def phrasing(language: str, zone: tzinfo, safe: Safe = plain) -> Phrasing:
    """Return what words facts for readers of ``language`` in ``zone``."""
    texts = catalogue(language)
    return Phrasing(texts, Format(texts, zone), safe)


def _hit(details: Details | None, facet: str) -> tuple[str, ...]:
    return details.distinctive(facet)[0] if details else ()


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{value!r} is no list of texts")
    return tuple(str(one) for one in value)
