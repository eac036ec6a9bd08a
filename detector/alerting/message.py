"""Message text: an alert in words, for somebody who was asleep a minute ago.

The words are templates (``data/messages``, or the user's own); here they meet the facts.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from detector.alerting.facts import facts, feed_facts
from detector.alerting.links import Links
from detector.alerting.plain import plain
from detector.alerting.speech import Speech
from detector.alerting.trial import TRIALS
from detector.domain.alert import Alert
from detector.domain.feed import FeedAlert
from detector.errors import ConfigError

_FILTERS = (
    "day",
    "clock",
    "offset",
    "full",
    "beside",
    "lasting",
    "number",
    "percent",
    "listed",
    "retold",
)


@dataclass(frozen=True, slots=True)
class Message:
    """What is said about an alert.

    Attributes
    ----------
    title : one line that says it all.
    lines : the facts in the order of reading, one line each.
    """

    title: str
    lines: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The title without the blanks that align it."""
        return " ".join(self.title.split())

    @property
    def body(self) -> str:
        """The facts as one text."""
        return "\n".join(self.lines)


class Writer:
    """Writes messages in one language, for readers in one time zone.

    Parameters
    ----------
    speech : how times, numbers and lists are said.
    bundled : the template to use where there is no own one, and where that fails.
    feeds : the template of messages about sources.
    links : addresses that go into messages.
    own : the user's template. It can read the facts and nothing else of this program.

    Raises
    ------
    ConfigError : ``own`` is no template, or asks for what there is not.
    """

    def __init__(
        self,
        speech: Speech,
        bundled: str,
        *,
        feeds: str,
        links: Links | None = None,
        own: str | None = None,
    ) -> None:
        self._links = links or Links()
        environment = _environment(speech)
        self._bundled = environment.from_string(bundled)
        self._feeds = environment.from_string(feeds)
        self._own = None if own is None else self._tried(environment, own)

    @property
    def links(self) -> Links:
        """The addresses that go into messages."""
        return self._links

    def message(self, alert: Alert) -> Message:
        """Return ``alert`` in words; the template's first line is the title.

        All texts are free of control characters, whatever the service is called. An own template
        that fails on an alert costs its wording, never the alert.
        """
        if self._own is None:
            return self._rendered(self._bundled, alert)
        try:
            return self._rendered(self._own, alert)
        except _MISTAKES as error:
            said = self._rendered(self._bundled, alert)
            failure = f"(the template failed: {plain(str(error))})"
            return Message(said.title, (*said.lines, failure))

    def feed_message(self, alert: FeedAlert) -> Message:
        """Return in words what became of a source; own templates have no say in it."""
        return _split(self._feeds.render(feed_facts(alert)))

    def _tried(self, environment: ImmutableSandboxedEnvironment, own: str) -> Template:
        try:
            template = environment.from_string(own)
            for alert in TRIALS:
                if not self._rendered(template, alert).title:
                    raise ConfigError(f"the template says nothing about {alert.kind.value} alerts")
        except TemplateSyntaxError as error:
            raise ConfigError(f"line {error.lineno}: {error.message}") from None
        except _MISTAKES as error:
            raise ConfigError(f"line {_line(error)}: the template fails: {error}") from None
        return template

    def _rendered(self, template: Template, alert: Alert) -> Message:
        return _split(template.render(facts(alert, self._links)))


def _split(text: str) -> Message:
    """Return the first line that is not empty as the title, the others as lines."""
    lines = [line.rstrip() for line in text.splitlines()]
    title, *rest = [line for line in lines if line] or [""]
    return Message(title.strip(), tuple(rest))


def _line(error: Exception) -> int:
    """Return the template's line that failed; Jinja2 puts it into the traceback."""
    steps = [s for s in traceback.extract_tb(error.__traceback__) if s.filename == "<template>"]
    return steps[-1].lineno or 1 if steps else 1


#: What a template can do wrong: undefined names, forbidden attributes, wrong arguments.
_MISTAKES = (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def _environment(speech: Speech) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # plain text; who shows it as HTML escapes it
    )
    environment.globals.clear()
    environment.filters.update({name: getattr(speech, name) for name in _FILTERS})
    environment.filters["called"] = lambda names: [speech.called(name) for name in names]
    return environment
