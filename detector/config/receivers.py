"""``[[receivers]]``: who is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from detector.fields import LongDuration, Name, Part, Zone
from detector.model.incident import Severity

Address = Annotated[str, Field(pattern=r"^https?://[^/]")]


class _Receiver(Part):
    name: Name
    """The receiver's name; the outbox and the log show it."""

    min_severity: Literal["minor", "major", "critical"] = "minor"
    """It is told from this severity on."""

    quiet: tuple[Name, ...] = ()
    """Names of windows (`[[windows]]`) in which it is not told."""

    @property
    def least(self) -> Severity:
        """The severity from which on this receiver is told."""
        return Severity[self.min_severity.upper()]


class WordedSettings(_Receiver):
    """What receivers have in common that people read."""

    time_zone: Zone = "UTC"
    """Times are shown in it."""

    language: Literal["en", "zh"] = "en"
    """English or Chinese."""

    template: Path | None = None
    """A Jinja2 template of your own for the text (docs/sinks.md)."""


class ConsoleSettings(WordedSettings):
    """Alerts as text on the terminal."""

    type: Literal["console"]


class JsonLinesSettings(_Receiver):
    """Alerts as one JSON object per line, appended to a file."""

    type: Literal["jsonlines"]
    path: Path
    """The file; its folder is made."""


class WebhookSettings(_Receiver):
    """Alerts as JSON by HTTP POST. Secrets are named here, never written here."""

    type: Literal["webhook"]
    url: Address
    """Where to; http or https."""

    format: Literal["json", "cloudevents"] = "json"
    """The alert itself, or a CloudEvent 1.0 with the alert in it."""

    timeout: LongDuration = timedelta(seconds=4)
    """How long an answer may take."""

    token_env: str | None = None
    """Environment variable with a bearer token."""

    token_file: Path | None = None
    """File with a bearer token."""

    signing_key_env: str | None = None
    """Environment variable with the key that messages are signed with."""

    signing_key_file: Path | None = None
    """File with that key."""


class AlertmanagerSettings(WordedSettings):
    """Alerts for Prometheus' Alertmanager, said again each turn while they last."""

    type: Literal["alertmanager"]
    url: Address
    """Its address, with its prefix, without `/api/v2/alerts`."""

    timeout: LongDuration = timedelta(seconds=4)
    """How long an answer may take."""

    token_env: str | None = None
    """Environment variable with a bearer token."""

    token_file: Path | None = None
    """File with a bearer token."""

    labels: Mapping[Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")], str] = {}
    """Further labels of every alert, for its routing: `{ team = "messaging" }`."""

    hold: LongDuration = timedelta(minutes=5)
    """An alert that is not said again ends after this; some turns long (`schedule.every`)."""


class PagerDutySettings(WordedSettings):
    """Incidents at PagerDuty, or at others that take its events."""

    type: Literal["pagerduty"]
    routing_key_env: str | None = None
    """Environment variable with the integration's key."""

    routing_key_file: Path | None = None
    """File with that key."""

    url: Address = "https://events.pagerduty.com/v2/enqueue"
    """Where events go; `https://events.eu.pagerduty.com/v2/enqueue` for accounts in the EU."""

    timeout: LongDuration = timedelta(seconds=4)
    """How long an answer may take."""


class AppriseSettings(WordedSettings):
    """Messages to what Apprise knows: Slack, Teams, e-mail, Telegram, WeCom, DingTalk, Feishu."""

    type: Literal["apprise"]
    url_env: str | None = None
    """Environment variable with the Apprise address; it holds secrets."""

    url_file: Path | None = None
    """File with that address."""

    timeout: LongDuration = timedelta(seconds=10)
    """How long it may take."""


class PluginReceiverSettings(_Receiver):
    """A sink from another package (docs/plugins.md)."""

    type: Literal["plugin"]
    plugin: Name
    """The entry point's name, in the group ``detector.receivers``."""

    options: Mapping[str, Any] = {}
    """What the plug-in asks for. ``X_env`` and ``X_file`` name a secret, which it gets as ``X``."""


ReceiverSettings = Annotated[
    ConsoleSettings
    | JsonLinesSettings
    | WebhookSettings
    | AlertmanagerSettings
    | PagerDutySettings
    | AppriseSettings
    | PluginReceiverSettings,
    Field(discriminator="type"),
]
