"""Notifications in words: the catalogue's text, or a template of the user's own.

Templates are given facts (`facts`), without words; ``docs/receivers.md`` lists them. Texts in them
are inert already (`detector.model.plain_text`): no template can let a stranger's words act.
"""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from detector.errors import ConfigError
from detector.model.alert import Alert, AlertKind, Attribution, Because, NewFacts
from detector.model.details import AuthorKind, Details, FacetVerdict, SampleComplaint
from detector.model.health import SourceAlert
from detector.model.incident import Incident, Severity, incident_id
from detector.model.plain_text import inert, plain
from detector.model.surge import Onset
from detector.text.notification_text import NotificationText, alert_text, source_text
from detector.text.phrasing import Phrasing

_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_WORDS, _SAMPLES = 8, 3
_FACETS = {"components": "component", "regions": "region", "platforms": "platform"}
#: The highest count is called the latest one for so long after it.
_FRESH = timedelta(minutes=3)

#: Names of facts that earlier versions gave, and those of today; both are given.
OLD_NAMES = {
    "began": "started",
    "lasted": "duration",
    "news": "new_facts",
    "echoes": "related",
    "origin": "root",
}
_OLD_NAMES_OF_DETAILS = {"voices": "authors"}
_OLD_NAMES_OF_ROOT = {"together": "count"}
#: What earlier versions called a kind of alert and a trend; `state` and the API have today's words.
_OLD_KINDS = {AlertKind.REMINDER: "repeated"}
_OLD_TRENDS = {"past_peak": "past its peak"}


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses that go into messages.

    Attributes
    ----------
    public_url : where people reach the dashboard, None if there is none.
    runbook : what to do about any service, None if nothing is written.
    runbooks : what to do about one service, by its name; it goes before ``runbook``.
    """

    public_url: str | None = None
    runbook: str | None = None
    runbooks: Mapping[str, str] = field(default_factory=dict)

    def page(self, incident: Incident) -> str | None:
        """Return the address of the incident's page."""
        if self.public_url is None:
            return None
        return f"{self.public_url.rstrip('/')}/incidents/{_quoted(incident.id)}"

    def runbook_of(self, incident: Incident) -> str | None:
        """Return the address of what is to be done."""
        return self.runbooks.get(incident.service, self.runbook)


def _quoted(name: str) -> str:
    """Return ``name`` as one segment of a path (RFC 3986, 2005, section 2)."""
    octets = name.encode("utf-8", "surrogatepass")
    return "".join(chr(octet) if octet in _LETTERS else f"%{octet:02X}" for octet in octets)


class Writer:
    """Writes notifications in one language, for readers in one time zone.

    Parameters
    ----------
    say : words facts; it makes what strangers wrote inert.
    links : addresses that go into notifications.
    own : the user's template. It can read the facts and nothing else of this program.

    Raises
    ------
    ConfigError : ``own`` is no template, or asks for what there is not.
    """

    def __init__(
        self, say: Phrasing, *, links: Links | None = None, own: str | None = None
    ) -> None:
        self._say = say
        self._links = links or Links()
        self._own = None if own is None else self._tried(own)

    @property
    def links(self) -> Links:
        """The addresses that go into notifications."""
        return self._links

    def message(self, alert: Alert) -> NotificationText:
        """Return ``alert`` in words; the first line of an own template is the title.

        All texts are free of control characters, whatever the service is called. An own template
        that fails on an alert costs its wording, never the alert.
        """
        if self._own is None:
            return self._bundled(alert)
        try:
            return self._rendered(self._own, alert)
        except _MISTAKES as error:
            text = self._bundled(alert)
            failure = self._say.texts("message.text.template_failed", error=plain(str(error)))
            return NotificationText(text.title, (*text.lines, failure))

    def source_message(self, alert: SourceAlert) -> NotificationText:
        """Return in words what became of a source; own templates have no say in it."""
        health = alert.health
        return source_text(
            self._say,
            source=health.source,
            state=health.state.value,
            since=health.since,
            at=alert.at,
            reason=health.reason,
            params=health.params,
            sequence=alert.sequence,
        )

    def facts(self, alert: Alert) -> Mapping[str, Any]:
        """Return what own templates may name; see `facts`."""
        return facts(alert, self._links, self._say)

    def _bundled(self, alert: Alert) -> NotificationText:
        return alert_text(
            alert,
            self._say,
            trend=trend(alert),
            page=self._links.page(alert.incident),
            runbook=self._links.runbook_of(alert.incident),
        )

    def _tried(self, own: str) -> Template:
        try:
            template = _environment(self._say).from_string(own)
            for alert in TRIALS:
                if not self._rendered(template, alert).title:
                    raise ConfigError(f"the template says nothing about {alert.kind.value} alerts")
        except TemplateSyntaxError as error:
            raise ConfigError(f"line {error.lineno}: {error.message}") from None
        except _MISTAKES as error:
            raise ConfigError(f"line {_line(error)}: the template fails: {error}") from None
        return template

    def _rendered(self, template: Template, alert: Alert) -> NotificationText:
        return _split(template.render(self.facts(alert)))


#: What a template can do wrong: undefined names, forbidden attributes, wrong arguments.
_MISTAKES = (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def _split(text: str) -> NotificationText:
    """Return the first line that is not empty as the title, the others as lines."""
    lines = [line.rstrip() for line in text.splitlines()]
    title, *rest = [line for line in lines if line] or [""]
    return NotificationText(" ".join(title.split()), tuple(rest))


def _line(error: Exception) -> int:
    """Return the template's line that failed; Jinja2 puts it into the traceback."""
    steps = [s for s in traceback.extract_tb(error.__traceback__) if s.filename == "<template>"]
    return steps[-1].lineno or 1 if steps else 1


def _environment(say: Phrasing) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # plain text; who shows it as HTML escapes it
    )
    environment.globals.clear()
    environment.filters.update(filters(say))
    return environment


def filters(say: Phrasing) -> Mapping[str, Callable[..., object]]:
    """Return the filters of own templates; the last three are names of earlier versions."""

    def named(names: Iterable[str]) -> list[str]:
        return [say.texts.name(name) for name in names]

    show = say.format
    return {
        **{
            name: getattr(show, name)
            for name in ("day", "clock", "offset", "instant", "zoned", "full")
        },
        "beside": show.relative,
        "duration": show.duration,
        "number": show.number,
        "percent": show.percent,
        "listed": show.list,
        "named": named,
        "lasting": show.duration,
        "called": named,
        "retold": str,
    }


def facts(alert: Alert, links: Links, say: Phrasing) -> Mapping[str, Any]:
    """Return what templates may name; ``docs/receivers.md`` lists it.

    Texts are one line without control characters, instants are aware datetimes, numbers that are
    not known are None, and so are whole parts where nothing is known (``details``). Of the words
    of a surge those stand there that readers of the language can read.
    """
    incident, found = alert.incident, trend(alert)
    given = {
        "state": alert.kind.value,
        "kind": _OLD_KINDS.get(alert.kind, alert.kind.value),
        "sequence": alert.sequence,
        "at": alert.at,
        "incident": plain(incident.id),
        "service": inert(incident.service),
        "short_service": inert(incident.service, longest=60),
        "severity": incident.severity.label,
        **_seen(incident),
        **_times(incident),
        **_size(incident),
        "trend": None if found is None else _OLD_TRENDS.get(found, found),
        "new_facts": _new_facts(alert.new_facts),
        "related": [inert(name, longest=60) for name in alert.new_facts.related],
        "root": None if alert.attribution is None else _root(alert.attribution),
        "details": None if alert.details is None else _complaints(alert.details, say),
        "page": links.page(incident),
        "runbook": links.runbook_of(incident),
    }
    return _with_old_names(given, OLD_NAMES)


def _with_old_names(given: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {**given, **{old: given[new] for old, new in names.items()}}


def trend(alert: Alert) -> str | None:
    """Return ``rising``, ``steady`` or ``falling``, or ``past_peak``; None once it is over.

    It is what the complaints themselves say (`Details.trend`), as long as they are of this moment.
    Where only counts are known they rise as long as the highest is the latest, or lies within
    the last fifth of the time since the start: counts are jagged.
    """
    incident = alert.incident
    if incident.ended_at is not None:
        return None
    if alert.details is not None and alert.details.trend is not None and not alert.notice:
        return alert.details.trend.value
    since_peak, since_start = alert.at - incident.peak_at, alert.at - incident.onset.at
    return "rising" if since_peak <= max(_FRESH, since_start / 5) else "past_peak"


def _seen(incident: Incident) -> dict[str, Any]:
    """Return which sources observe it, which see nothing unusual, and which were not observed."""
    others = [other for other in incident.agreement if other.source not in incident.sources]
    unseen = [other.source for other in others if other.evidence is not None]
    unobserved = [other.source for other in others if other.evidence is None]
    groups = {"sources": incident.sources, "unseen_at": unseen, "unobserved": unobserved}
    return {
        **{what: [plain(name, longest=40) for name in names] for what, names in groups.items()},
        "not_observed_since": incident.not_observed_since,
    }


def _new_facts(new: NewFacts) -> dict[str, list[str]] | None:
    """Return what was not known before, but for related incidents; None where there is nothing."""
    found = {"components": new.components, "regions": new.regions, "sources": new.sources}
    if not any(found.values()):
        return None
    return {what: [inert(name, longest=40) for name in names] for what, names in found.items()}


def _root(found: Attribution) -> dict[str, Any]:
    given = {
        "service": inert(found.root, longest=60),
        "incident": plain(found.root_id),
        "because": found.because.value,
        "share": found.share or 0.0,
        "provider": inert(found.provider, longest=60),
        "count": found.together,
    }
    return _with_old_names(given, _OLD_NAMES_OF_ROOT)


def _times(incident: Incident) -> dict[str, Any]:
    onset = incident.onset
    return {
        "started": onset.at,
        "earliest": onset.earliest,
        "latest": onset.latest,
        "exact": onset.earliest == onset.latest,
        "noticed": incident.noticed_at,
        "noticed_after": incident.noticed_at - onset.at,
        "ended": incident.ended_at,
        "duration": None if incident.ended_at is None else incident.ended_at - onset.at,
        "resolved": incident.resolved_at,
    }


def _size(incident: Incident) -> dict[str, Any]:
    peak, expected = incident.peak_count, incident.expected_at_peak
    compared = math.isfinite(expected) and expected > 0
    excess = math.isfinite(incident.excess) and not incident.is_listed
    return {
        "listed": incident.is_listed,
        "peak": peak,
        "peak_at": incident.peak_at,
        "expected": expected if math.isfinite(expected) else None,
        "times": peak / expected if compared else None,
        "excess": incident.excess if excess else None,
    }


def _complaints(details: Details, say: Phrasing) -> dict[str, Any]:
    """Return what the complaints say: who, what fails, where, on what, and how it is worded."""
    words = say.readable(details.words)[:_WORDS]
    given: dict[str, Any] = {
        "discovered": details.discovered,
        "authors": details.authors,
        "posts": details.posts,
        "linked": details.linked if details.linked >= 0.005 else None,
        "words": [inert(word, longest=24) for word in words],
        "samples": [inert(sample.text, longest=140) for sample in details.samples[:_SAMPLES]],
    }
    for name, facet in _FACETS.items():
        hit, spared = details.distinctive(facet)
        # What is spared tells something only beside what is hit.
        both = (hit, spared) if hit else ((), ())
        given[name], given[f"spared_{name}"] = ([inert(n, longest=40) for n in ns] for ns in both)
    return _with_old_names(given, _OLD_NAMES_OF_DETAILS)


# Own templates are tried with these before anything depends on them.

_AT = datetime(2022, 7, 22, 19, 3, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)

_OPEN = Incident(
    id=incident_id("WeChat", _AT),
    service="WeChat",
    sources=("weibo",),
    onset=Onset(_AT - 3 * _MINUTE, _AT - 4 * _MINUTE, _AT - 2 * _MINUTE),
    noticed_at=_AT,
    ended_at=None,
    resolved_at=None,
    peak_at=_AT - _MINUTE,
    peak_count=412.0,
    expected_at_peak=31.0,
    excess=1403.0,
    severity=Severity.MAJOR,
    evidence=88.0,
)
_RESOLVED = replace(_OPEN, ended_at=_AT + 60 * _MINUTE, resolved_at=_AT + 70 * _MINUTE)
#: From a trending list: no evidence, no expectation, no complaints to read.
_LISTED = replace(_OPEN, evidence=float("nan"), expected_at_peak=float("nan"))

_DETAILS = Details(
    written_by=AuthorKind.PEOPLE,
    posts=63,
    authors=57,
    linked=0.035,
    newcomers=0.9,
    facets=(
        FacetVerdict("component", "text", "affected", 0.6, 4.0, 2.7, 5.4),
        FacetVerdict("component", "voice", "not affected", 0.1, 0.2, 0.1, 0.4),
        FacetVerdict("region", "Shanghai", "affected", 0.4, 3.0, 2.0, 4.1),
        FacetVerdict("platform", "iOS", "affected", 0.5, 2.0, 1.3, 2.8),
    ),
    samples=(SampleComplaint(_AT, "微信发不出去了，只有语音能用"),),
    words=("发不出去", "红色感叹号"),
)

_NEW = NewFacts(("payments",), ("Guangdong",), ("bluesky",), ("QQ",))


def _likely(because: Because) -> Attribution:
    share = 0.4 if because is Because.MENTIONS else None
    provider = "Tencent Cloud" if because is Because.PROVIDER else ""
    return Attribution("QQ", incident_id("QQ", _AT), because, share, provider, together=3)


TRIALS: tuple[Alert, ...] = (
    *(Alert(kind, _AT, _OPEN, 1, _DETAILS) for kind in AlertKind if kind is not AlertKind.RESOLVED),
    Alert(AlertKind.UPDATED, _AT, _OPEN, 2, _DETAILS, _NEW),
    *(
        Alert(AlertKind.OPENED, _AT, _OPEN, 1, _DETAILS, attribution=_likely(because))
        for because in Because
    ),
    Alert(AlertKind.RESOLVED, _AT + 70 * _MINUTE, _RESOLVED, 2, _DETAILS),
    Alert(AlertKind.OPENED, _AT, _LISTED, 1),
)
"""One alert of each kind with everything known, and one with as little as can be."""
