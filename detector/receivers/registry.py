"""Who is told, and how: sinks, their words and the heartbeat, from the settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

from detector.clock import wall_now
from detector.config.receivers import (
    AlertmanagerSettings,
    AppriseSettings,
    ConsoleSettings,
    JsonLinesSettings,
    PagerDutySettings,
    WebhookSettings,
    WordedSettings,
)
from detector.config.sections import Settings
from detector.errors import ConfigError
from detector.fields import named_secret
from detector.model.plain_text import inert
from detector.notify.receiver import Receiver
from detector.notify.render import Links, Writer
from detector.receivers.alertmanager import AlertmanagerReceiver
from detector.receivers.console import ConsoleReceiver
from detector.receivers.heartbeat import Heartbeat
from detector.receivers.jsonlines import JsonLinesReceiver
from detector.receivers.pagerduty import PagerDutyReceiver
from detector.receivers.webhook import JSON, WebhookReceiver, cloud_events
from detector.text.phrasing import phrasing

BundledReceiver = (
    ConsoleSettings
    | JsonLinesSettings
    | WebhookSettings
    | AlertmanagerSettings
    | PagerDutySettings
    | AppriseSettings
)


def links(settings: Settings) -> Links:
    """Return the addresses that go into messages."""
    runbooks = {name: s.runbook for name, s in settings.services.items() if s.runbook}
    return Links(settings.web.public_url, settings.messages.runbook, runbooks)


def writer(
    settings: Settings, *, zone: str = "UTC", language: str = "en", own: str | None = None
) -> Writer:
    """Return who writes messages in ``language`` for readers in ``zone``.

    Parameters
    ----------
    own : the text of a template of the user's, None to use the bundled one.

    Raises
    ------
    ConfigError : ``own`` is no template, or asks for what there is not.
    """
    return Writer(phrasing(language, ZoneInfo(zone), inert), links=links(settings), own=own)


class Receivers:
    """Makes the sinks of ``settings``.

    Parameters
    ----------
    settings : all of them; messages hold what several sections say.
    base : relative paths are meant from here.
    console : where a console receiver writes.
    """

    def __init__(self, settings: Settings, *, base: Path, console: TextIO) -> None:
        self._settings = settings
        self._base = base
        self._console = console

    def sink(self, receiver: BundledReceiver) -> Receiver:
        """Return the sink of one receiver.

        Raises
        ------
        ConfigError : a secret is missing, an address or a template cannot be used.
        """
        match receiver:
            case ConsoleSettings():
                return ConsoleReceiver(receiver.name, self._console, writer=self._writer(receiver))
            case JsonLinesSettings():
                return JsonLinesReceiver(receiver.name, self._base / receiver.path)
            case WebhookSettings():
                return self._webhook(receiver)
            case AlertmanagerSettings():
                return self._alertmanager(receiver)
            case PagerDutySettings():
                return self._pagerduty(receiver)
            case AppriseSettings():
                return self._apprise(receiver)

    def _webhook(self, receiver: WebhookSettings) -> WebhookReceiver:
        source = self._settings.web.public_url or "/outage-detector"
        key = self._secret(receiver, "signing_key")
        return WebhookReceiver(
            receiver.name,
            receiver.url,
            clock=wall_now,
            form=JSON if receiver.format == "json" else cloud_events(source),
            timeout=receiver.timeout.total_seconds(),
            token=self._secret(receiver, "token"),
            secret=None if key is None else key.encode(),
        )

    def _alertmanager(self, receiver: AlertmanagerSettings) -> AlertmanagerReceiver:
        return AlertmanagerReceiver(
            receiver.name,
            receiver.url,
            writer=self._writer(receiver),
            clock=wall_now,
            timeout=receiver.timeout.total_seconds(),
            token=self._secret(receiver, "token"),
            labels=receiver.labels,
            hold=receiver.hold,
        )

    def _pagerduty(self, receiver: PagerDutySettings) -> PagerDutyReceiver:
        return PagerDutyReceiver(
            receiver.name,
            self._needed(receiver, "routing_key"),
            writer=self._writer(receiver),
            clock=wall_now,
            url=receiver.url,
            timeout=receiver.timeout.total_seconds(),
        )

    def _apprise(self, receiver: AppriseSettings) -> Receiver:
        # An extra, and slow to load: only who uses it pays for it.
        try:
            from detector.receivers.apprise import AppriseReceiver
        except ModuleNotFoundError:
            place = f"receivers.{receiver.name}"
            how = "pip install 'outage-detector[apprise]'"
            raise ConfigError(f"{place}: Apprise is not installed; {how}") from None
        return AppriseReceiver(
            receiver.name,
            self._needed(receiver, "url"),
            writer=self._writer(receiver),
            timeout=receiver.timeout.total_seconds(),
        )

    def _writer(self, receiver: WordedSettings) -> Writer:
        path = None if receiver.template is None else self._base / receiver.template
        place = f"receivers.{receiver.name}.template"
        try:
            own = None if path is None else path.read_text("utf-8")
            zone, language = receiver.time_zone, receiver.language
            return writer(self._settings, zone=zone, language=language, own=own)
        except OSError as error:
            raise ConfigError(f"{place}: {path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ConfigError(f"{place}: {path} is not UTF-8") from None
        except ConfigError as error:
            raise ConfigError(f"{place}: {path}: {error}") from None

    def _needed(self, receiver: PagerDutySettings | AppriseSettings, name: str) -> str:
        secret = self._secret(receiver, name)
        if secret is None:
            place = f"receivers.{receiver.name}"
            raise ConfigError(f"{place}: missing; give {name}_env or {name}_file")
        return secret

    def _secret(self, receiver: BundledReceiver, name: str) -> str | None:
        return named_secret(receiver, name, self._base, place=f"receivers.{receiver.name}")


def build_heartbeat(settings: Settings, *, base: Path) -> Heartbeat:
    """Return what says that the detector is alive: to a watchdog, and to systemd if it started us.

    Raises
    ------
    ConfigError : a secret is missing, or the address cannot be used.
    """
    part = settings.heartbeat
    return Heartbeat(
        clock=wall_now,
        url=named_secret(part, "url", base, place="heartbeat"),
        fail=part.fail,
        every=part.every,
        timeout=part.timeout.total_seconds(),
        socket_path=os.environ.get("NOTIFY_SOCKET") or None,
    )
