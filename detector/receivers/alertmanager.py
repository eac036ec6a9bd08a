"""Alerts for Prometheus' Alertmanager, which groups, routes and silences them further.

References
----------
Prometheus Alertmanager, API v2 (OpenAPI document, 2019), ``POST /api/v2/alerts``.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from detector.clock import wall_now
from detector.fields import LongDuration
from detector.model.alert import Alert, AlertKind
from detector.model.health import SourceAlert, SourceState
from detector.model.incident import Severity
from detector.model.plain_text import plain
from detector.model.times import iso
from detector.notify.render import Writer
from detector.receivers.base import Address, ReceiverContext, WordedSettings
from detector.receivers.http import Clock, Poster, bearer, host_of, key_header
from detector.text.phrasing import Phrasing

_SECOND = timedelta(seconds=1)
_SOURCE_HOLD = timedelta(days=1)


class AlertmanagerSettings(WordedSettings):
    """Alerts for Prometheus' Alertmanager, repeated every run while they last."""

    carries: ClassVar[str] = "one firing alert per incident, to Alertmanager"
    needs: ClassVar[str] = "your Alertmanager"
    example: ClassVar[str] = """\
[[receivers]]                   # repeated every run while the incident lasts
type = "alertmanager"
name = "alertmanager"
url = "http://alertmanager:9093"
"""

    type: Literal["alertmanager"]
    url: Address
    """Alertmanager's address with its path prefix, without `/api/v2/alerts`."""

    timeout: LongDuration = timedelta(seconds=4)
    """How long to wait for an answer."""

    token_env: str | None = None
    """Environment variable with a bearer token."""

    token_file: Path | None = None
    """File with the bearer token."""

    labels: Mapping[Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")], str] = {}
    """Additional labels of every alert, for Alertmanager's routing: `{ team = "messaging" }`."""

    hold: LongDuration = timedelta(minutes=5)
    """An alert that is not repeated ends after this; several times `schedule.every`."""

    def build(self, context: ReceiverContext) -> AlertmanagerReceiver:
        """Return the receiver."""
        return AlertmanagerReceiver(
            self.name,
            self.url,
            writer=self.writer(context),
            clock=wall_now,
            timeout=self.timeout.total_seconds(),
            token=self.secret("token", context.base),
            labels=self.labels,
            hold=self.hold,
        )

    def describe(self, say: Phrasing) -> str:
        """Return Alertmanager's host."""
        return say.texts("integration.alertmanager", host=host_of(self.url))


class AlertmanagerReceiver:
    """Keeps one alert per incident firing, and resolves it.

    Alertmanager forgets what nobody repeats: an alert says until when it holds, and `refresh`
    moves that on. So an outage whose detector died ends there after ``hold``; watch the heartbeat.
    Its labels are the alert's identity, and the severity is one of them: when an incident becomes
    worse, the alert of its lesser severity is resolved in the same request; so it is with whatever
    follows, for the message that told of it may have been refused.

    Parameters
    ----------
    name : the receiver's name in ``config.toml``.
    url : Alertmanager's address with its prefix, without ``/api/v2/alerts``.
    writer : words for the annotations.
    clock : wall time.
    timeout : seconds for the whole exchange.
    token : sent as ``Authorization: Bearer``, if given.
    labels : further labels of every alert, for Alertmanager's routing.
    hold : how long an alert holds that is not repeated.
    verify : False accepts any certificate; a context brings an authority of one's own.

    Raises
    ------
    ConfigError : the address or the token cannot be used.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        writer: Writer,
        clock: Clock,
        timeout: float = 10.0,
        token: str | None = None,
        labels: Mapping[str, str] | None = None,
        hold: timedelta = timedelta(minutes=5),
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        self.name = name
        self._writer = writer
        self._clock = clock
        self._labels = dict(labels or {})
        self._hold = hold
        self._headers = {"Content-Type": "application/json", **bearer(name, token)}
        address = f"{url.rstrip('/')}/api/v2/alerts"
        self._poster = Poster(name, address, timeout=timeout, verify=verify)

    def __repr__(self) -> str:
        return f"AlertmanagerReceiver({self.name!r})"

    def send(self, alert: Alert) -> None:
        """Post the alert once, or raise `Rejected` or `Unreachable`."""
        now = self._clock()
        lesser = self._lesser(alert, now) if alert.place > (1, 0) else []
        self._post([self._postable(alert, now), *lesser], now, key_header(alert))

    def send_source_alert(self, alert: SourceAlert) -> None:
        """Post what became of a source: an alert that holds for a day, or its end; see `send`.

        It is not repeated, so it must hold for longer than one about an outage.
        """
        now, health = self._clock(), alert.health
        text = self._writer.source_message(alert)
        over = health.state is SourceState.UP
        postable = {
            "labels": {
                **self._labels,
                "alertname": "FeedNotAlive",
                "severity": "warning",
                "source": plain(health.source),
            },
            "annotations": {"summary": text.title, "description": text.body},
            "endsAt": iso(now if over else now + _SOURCE_HOLD),
        }
        self._post([postable], now, key_header(alert))

    def refresh(self, alerts: Sequence[Alert], *, now: datetime) -> None:
        """Say all of ``alerts`` again, or raise `Rejected` or `Unreachable`."""
        if alerts:
            self._post([self._postable(alert, now) for alert in alerts], now, {})

    def _post(
        self, alerts: Sequence[Mapping[str, Any]], now: datetime, key: Mapping[str, str]
    ) -> None:
        body = json.dumps(alerts, ensure_ascii=True, allow_nan=False).encode()
        self._poster.post(body, {**self._headers, **key}, now=now)

    def _postable(self, alert: Alert, now: datetime) -> dict[str, Any]:
        incident = alert.incident
        postable = {
            "labels": self._identity(alert, incident.severity),
            "annotations": self._annotations(alert),
            "startsAt": iso(incident.onset.at),
            "endsAt": iso(self._ends(alert, now)),
        }
        page = self._writer.links.page(incident)
        return postable if page is None else {**postable, "generatorURL": page}

    def _identity(self, alert: Alert, severity: Severity) -> dict[str, str]:
        return {
            **self._labels,
            "alertname": "ServiceOutage",
            "service": plain(alert.incident.service),
            "severity": severity.label,
            "incident": plain(alert.incident.id),
        }

    def _annotations(self, alert: Alert) -> dict[str, str]:
        text = self._writer.message(alert)
        runbook = self._writer.links.runbook_of(alert.incident)
        annotations = {"summary": text.title, "description": text.body}
        return annotations if runbook is None else {**annotations, "runbook_url": runbook}

    def _ends(self, alert: Alert, now: datetime) -> datetime:
        """Return the end; Alertmanager refuses one that does not lie behind the start."""
        if alert.kind is not AlertKind.RESOLVED:
            return now + self._hold
        incident = alert.incident
        ended = incident.ended_at or incident.resolved_at or alert.at
        return max(ended, incident.onset.at + _SECOND)

    def _lesser(self, alert: Alert, now: datetime) -> list[dict[str, Any]]:
        """Return ends of the alerts that this incident may have had before it grew worse."""
        incident = alert.incident
        return [
            {
                "labels": self._identity(alert, severity),
                "startsAt": iso(incident.onset.at),
                "endsAt": iso(max(now, incident.onset.at + _SECOND)),
            }
            for severity in Severity
            if severity < incident.severity
        ]
