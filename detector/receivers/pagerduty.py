"""Alerts for PagerDuty, and for others that take its events.

References
----------
PagerDuty, Events API v2 ("Send an Alert Event", "Response Codes & Retry Logic"), 2024.
"""

from __future__ import annotations

import hashlib
import json
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal

from detector.clock import wall_now
from detector.errors import ConfigError
from detector.fields import LongDuration
from detector.model.alert import Alert, AlertKind
from detector.model.delivery import Notice
from detector.model.health import SourceAlert, SourceState
from detector.model.incident import Incident, Severity
from detector.model.plain_text import plain
from detector.model.times import iso
from detector.notify.render import Writer
from detector.receivers.base import Address, ReceiverContext, WordedSettings
from detector.receivers.http import Clock, Poster, host_of, key_header
from detector.text.phrasing import Phrasing

ENQUEUE = "https://events.pagerduty.com/v2/enqueue"
"""Where events go; accounts in the EU have ``events.eu.pagerduty.com``."""

LARGEST = 512 * 1024
"""Bytes of one event; larger ones are refused."""

_SUMMARY, _KEY = 1024, 255  # characters
_SEVERITIES = {Severity.MINOR: "warning", Severity.MAJOR: "error", Severity.CRITICAL: "critical"}


class PagerDutySettings(WordedSettings):
    """Incidents at PagerDuty, or at another service that accepts its events."""

    carries: ClassVar[str] = "one PagerDuty incident per incident"
    needs: ClassVar[str] = "an integration key"
    example: ClassVar[str] = """\
[[receivers]]                   # one PagerDuty incident per incident
type = "pagerduty"
name = "pager"
routing_key_env = "PAGERDUTY_KEY"
min_severity = "major"
"""

    type: Literal["pagerduty"]
    routing_key_env: str | None = None
    """Environment variable with the integration key. Give this or ``routing_key_file``."""

    routing_key_file: Path | None = None
    """File with the integration key."""

    url: Address = ENQUEUE
    """Where events are sent; for EU accounts `https://events.eu.pagerduty.com/v2/enqueue`."""

    timeout: LongDuration = timedelta(seconds=4)
    """How long to wait for an answer."""

    def build(self, context: ReceiverContext) -> PagerDutyReceiver:
        """Return the receiver. Raises `ConfigError` without an integration key."""
        return PagerDutyReceiver(
            self.name,
            self.required_secret("routing_key", context.base),
            writer=self.writer(context),
            clock=wall_now,
            url=self.url,
            timeout=self.timeout.total_seconds(),
        )

    def describe(self, say: Phrasing) -> str:
        """Return the host that events are sent to."""
        return say.texts("integration.events", host=host_of(self.url))


class PagerDutyReceiver:
    """Triggers one PagerDuty incident per incident, and resolves it.

    Parameters
    ----------
    name : the receiver's name in ``config.toml``.
    routing_key : the integration's key, a secret.
    writer : words for summary and details.
    clock : wall time, for the pauses that are asked for.
    url : where events go.
    timeout : seconds for the whole exchange.
    verify : False accepts any certificate; a context brings an authority of one's own.

    Raises
    ------
    ConfigError : the address or the key cannot be used.
    """

    def __init__(
        self,
        name: str,
        routing_key: str,
        *,
        writer: Writer,
        clock: Clock,
        url: str = ENQUEUE,
        timeout: float = 10.0,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        if not routing_key.isascii() or not routing_key.isprintable() or " " in routing_key:
            raise ConfigError(f"receiver {name!r}: the routing key holds blanks or line breaks")
        self.name = name
        self._routing_key = routing_key
        self._writer = writer
        self._clock = clock
        self._poster = Poster(name, url, timeout=timeout, verify=verify)

    def __repr__(self) -> str:
        return f"PagerDutyReceiver({self.name!r})"

    def send(self, alert: Alert) -> None:
        """Post the event once, or raise `Rejected` or `Unreachable`."""
        self._post(event_of(alert, self._writer), alert)

    def send_source_alert(self, alert: SourceAlert) -> None:
        """Post the event of a source; see `send`."""
        self._post(source_event_of(alert, self._writer), alert)

    def _post(self, event: dict[str, Any], alert: Notice) -> None:
        event = {"routing_key": self._routing_key, **event}
        headers = {"Content-Type": "application/json", **key_header(alert)}
        self._poster.post(fitted(event), headers, now=self._clock())


def event_of(alert: Alert, writer: Writer) -> dict[str, Any]:
    """Return the event of ``alert``, without the routing key."""
    text, known = writer.message(alert), writer.facts(alert)
    over = alert.kind is AlertKind.RESOLVED
    details = known["details"] or {}
    payload = {
        "summary": text.title[:_SUMMARY],
        "source": known["service"],
        "severity": _SEVERITIES[alert.incident.severity],
        "timestamp": iso(alert.incident.onset.at),
        "component": ", ".join(details.get("components", ())),
        "group": ", ".join(details.get("regions", ())),
        "class": "outage",
        "custom_details": _details(alert, text.body, details),
    }
    event: dict[str, Any] = {
        "event_action": "resolve" if over else "trigger",
        "dedup_key": dedup_key(alert.incident),
        "client": "outage-detector",
        "payload": {key: value for key, value in payload.items() if value},
    }
    if known["page"]:
        event["client_url"] = known["page"]
    addresses = (("incident", known["page"]), ("runbook", known["runbook"]))
    if links := [{"href": href, "text": text} for text, href in addresses if href]:
        event["links"] = links
    return event


def source_event_of(alert: SourceAlert, writer: Writer) -> dict[str, Any]:
    """Return the event of what became of a source, without the routing key."""
    text, health = writer.source_message(alert), alert.health
    return {
        "event_action": "resolve" if health.state is SourceState.UP else "trigger",
        "dedup_key": _fitting_key(alert.about),
        "client": "outage-detector",
        "payload": {
            "summary": text.title[:_SUMMARY],
            "source": plain(health.source),
            "severity": "warning",
            "timestamp": iso(health.since),
            "class": "feed",
            "custom_details": {"message": text.body, "state": health.state.value},
        },
    }


def dedup_key(incident: Incident) -> str:
    """Return what PagerDuty tells incidents by: the same for every message about one.

    An id that is too long is cut, and its digest keeps it apart from others.
    """
    return _fitting_key(incident.id)


def _fitting_key(key: str) -> str:
    if len(key) <= _KEY and key.isprintable():
        return key
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    kept = "".join(c for c in key if c.isprintable())
    return f"{kept[: _KEY - 33]}-{digest}"


def fitted(event: dict[str, Any], *, largest: int = LARGEST) -> bytes:
    """Return ``event`` as JSON of at most ``largest`` bytes: an alert is never lost to its size.

    The longest of its details is halved until all fits; then the details are left out.
    """
    body = _encoded(event)
    while len(body) > largest:
        details = event["payload"].get("custom_details", {})
        longest = max(details, key=lambda key: len(_encoded(details[key])), default=None)
        if longest is None:
            return body
        half = details[longest][: len(details[longest]) // 2] if _sized(details[longest]) else ""
        kept = {key: half if key == longest else value for key, value in details.items()}
        kept = {key: value for key, value in kept.items() if value}
        event = {**event, "payload": {**event["payload"], "custom_details": kept}}
        body = _encoded(event)
    return body


def _details(alert: Alert, body: str, text: dict[str, Any]) -> dict[str, Any]:
    incident = alert.incident
    details = {
        "message": body,
        "incident": incident.id,
        "started_between": [iso(incident.onset.earliest), iso(incident.onset.latest)],
        "noticed_at": iso(incident.noticed_at),
        "ended_at": None if incident.ended_at is None else iso(incident.ended_at),
        "sources": list(incident.sources),
        **{name: text.get(name) for name in ("authors", "words", "samples")},
        "not_affected": text.get("spared_components"),
    }
    return {key: value for key, value in details.items() if value}


def _sized(value: object) -> bool:
    return isinstance(value, str | list)


def _encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True, allow_nan=False).encode()
