"""What a receiver is configured and built with; what it has to offer is in ``notify.receiver``."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TextIO
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from detector.errors import ConfigError
from detector.fields import Name, Zone, inherited
from detector.integrations import IntegrationSettings
from detector.model.incident import Severity
from detector.model.plain_text import inert
from detector.notify.receiver import Receiver
from detector.notify.render import Links, Writer
from detector.text.catalogue import LANGUAGES
from detector.text.phrasing import Phrasing, phrasing

Address = Annotated[str, Field(pattern=r"^https?://[^/]")]


@dataclass(frozen=True, slots=True)
class Wording:
    """How messages for people are written where a receiver says nothing else."""

    language: str = "en"
    time_zone: str = "UTC"
    template: Path | None = None


@dataclass(frozen=True, slots=True)
class ReceiverContext:
    """What receivers are built from beside their own settings.

    Attributes
    ----------
    base : relative paths start here.
    console : where a console receiver writes.
    public_url : where people reach the dashboard, None if there is none.
    links : addresses that go into messages.
    wording : how messages are written where a receiver says nothing else.
    """

    base: Path
    console: TextIO
    public_url: str | None
    links: Links
    wording: Wording


class ReceiverSettings(IntegrationSettings):
    """An entry of ``[[receivers]]``.

    Attributes
    ----------
    carries : what it sends and where to, in a few words, for the list of receivers.
    """

    section: ClassVar[str] = "receivers"
    carries: ClassVar[str]

    min_severity: Literal["minor", "major", "critical"] = "minor"
    """Lowest severity that is sent to it."""

    mute_time_intervals: tuple[Name, ...] = ()
    """Names of mute time intervals (`[[mute_time_intervals]]`) in which nothing is sent to it."""

    @property
    def least(self) -> Severity:
        """The lowest severity that is sent to this receiver."""
        return Severity[self.min_severity.upper()]

    @abstractmethod
    def build(self, context: ReceiverContext) -> Receiver:
        """Return the receiver.

        Raises
        ------
        ConfigError : a secret is missing, an address or a template cannot be used.
        """

    @abstractmethod
    def describe(self, say: Phrasing) -> str:
        """Return where it sends, in the words of ``say`` and without secrets; for ``check``."""


def _of_the_interface(code: str) -> str:
    if code not in LANGUAGES:
        raise ValueError(f"no language {code!r}; there are {', '.join(LANGUAGES)}")
    return code


#: A language that the catalogue of texts has a file for.
Language = Annotated[str, AfterValidator(_of_the_interface)]


class WordedSettings(ReceiverSettings):
    """What receivers have in common whose messages people read."""

    time_zone: Zone | None = None
    """Time zone of the times in messages; that of `[messages]` if not given."""

    language: Language | None = None
    """A language of the interface, `en` or `zh`; that of `[messages]` if not given."""

    template: Path | None = None
    """Your own Jinja2 template for the text (docs/receivers.md); that of `[messages]` if not
    given."""

    def writer(self, context: ReceiverContext) -> Writer:
        """Return what words this receiver's messages. Raises `ConfigError` about its template."""
        general = context.wording
        zone = inherited(self.time_zone, general.time_zone)
        language = inherited(self.language, general.language)
        template = inherited(self.template, general.template)
        if template is None:
            return writer(context.links, zone=zone, language=language)
        place = f"{self.place}.template" if self.template else "messages.template"
        path = context.base / template
        try:
            return writer(context.links, zone=zone, language=language, own=path.read_text("utf-8"))
        except OSError as error:
            raise ConfigError(f"{place}: {path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ConfigError(f"{place}: {path} is not UTF-8") from None
        except ConfigError as error:
            raise ConfigError(f"{place}: {path}: {error}") from None


def writer(
    links: Links, *, zone: str = "UTC", language: str = "en", own: str | None = None
) -> Writer:
    """Return what words messages in ``language`` for readers in ``zone``.

    Parameters
    ----------
    links : addresses that go into messages.
    own : the text of a user's template, None to use the bundled one.

    Raises
    ------
    ConfigError : ``own`` is no template, or names something that does not exist.
    """
    return Writer(phrasing(language, ZoneInfo(zone), inert), links=links, own=own)
