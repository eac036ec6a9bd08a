"""Alerts posted as JSON or CloudEvents to an address of the user's, signed if there is a key.

References
----------
Standard Webhooks specification, 2023, "Signature scheme": receivers find ready libraries for it.
CloudEvents specification 1.0, 2019, with its JSON format (structured mode).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, Literal

from detector.clock import wall_now
from detector.fields import LongDuration
from detector.model.alert import Alert
from detector.model.delivery import Notice
from detector.model.health import SourceAlert
from detector.model.times import iso, to_seconds
from detector.receivers.base import Address, ReceiverContext, ReceiverSettings
from detector.receivers.http import Clock, Poster, bearer, host_of, key_header
from detector.receivers.payload import document
from detector.text.phrasing import Phrasing

SCHEMA = "urn:outage-detector:alert:1"
"""Names the shape of ``data``; it changes when that does in a way that breaks readers."""


class WebhookSettings(ReceiverSettings):
    """Alerts as JSON by HTTP POST."""

    carries: ClassVar[str] = "one JSON document or CloudEvent per alert, by HTTP POST"
    needs: ClassVar[str] = "an address"
    example: ClassVar[str] = """\
[[receivers]]                   # JSON, or CloudEvents, signed
type = "webhook"
name = "bus"
url = "https://broker.example.org/outages"
format = "cloudevents"
signing_key_env = "BUS_KEY"
"""

    type: Literal["webhook"]
    url: Address
    """Where to post; http or https."""

    format: Literal["json", "cloudevents"] = "json"
    """The alert itself, or a CloudEvent 1.0 with the alert in it."""

    timeout: LongDuration = timedelta(seconds=4)
    """How long to wait for an answer."""

    token_env: str | None = None
    """Environment variable with a bearer token."""

    token_file: Path | None = None
    """File with the bearer token."""

    signing_key_env: str | None = None
    """Environment variable with the key that messages are signed with."""

    signing_key_file: Path | None = None
    """File with the signing key."""

    def build(self, context: ReceiverContext) -> WebhookReceiver:
        """Return the receiver."""
        key = self.secret("signing_key", context.base)
        events = cloud_events(context.public_url or "/outage-detector")
        return WebhookReceiver(
            self.name,
            self.url,
            clock=wall_now,
            form=JSON if self.format == "json" else events,
            timeout=self.timeout.total_seconds(),
            token=self.secret("token", context.base),
            secret=None if key is None else key.encode(),
        )

    def describe(self, say: Phrasing) -> str:
        """Return format and host; the rest of the address may be a secret."""
        form = "JSON" if self.format == "json" else "CloudEvents"
        return say.texts("integration.posted", form=form, host=host_of(self.url))


@dataclass(frozen=True, slots=True)
class BodyFormat:
    """What a webhook posts.

    Attributes
    ----------
    content_type : of the body.
    body : makes it, ASCII, of an alert.
    """

    content_type: str
    body: Callable[[Notice], bytes]


JSON = BodyFormat("application/json", lambda alert: document(alert, ascii_only=True))
"""The alert itself: see `detector.receivers.payload`."""


class WebhookReceiver:
    """Posts one JSON document per alert.

    The header ``Idempotency-Key`` holds the deduplication key (what is not ASCII in it
    percent-encoded): a receiver that keeps it sees each message once, whatever crashes.

    Parameters
    ----------
    name : the receiver's name in ``config.toml``.
    url : where to post; may hold a secret, see `detector.receivers.http.Poster`.
    clock : wall time, for signatures and for the pauses that receivers ask for.
    form : the document: `JSON`, or that of `cloud_events`.
    timeout : seconds for the whole exchange.
    token : sent as ``Authorization: Bearer``, if given.
    secret : signs the body, if given; see `signed_headers`.
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
        clock: Clock,
        form: BodyFormat = JSON,
        timeout: float = 10.0,
        token: str | None = None,
        secret: bytes | None = None,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        self.name = name
        self._clock = clock
        self._form = form
        self._authorization = bearer(name, token)
        self._secret = secret
        self._poster = Poster(name, url, timeout=timeout, verify=verify)

    def __repr__(self) -> str:
        return f"WebhookReceiver({self.name!r})"

    def send(self, alert: Alert) -> None:
        """Post the alert once, or raise `Rejected` or `Unreachable`."""
        self._post(alert)

    def send_source_alert(self, alert: SourceAlert) -> None:
        """Post what became of a source; see `send`."""
        self._post(alert)

    def _post(self, alert: Notice) -> None:
        now = self._clock()
        key = key_header(alert)
        body = self._form.body(alert)
        headers = {"Content-Type": self._form.content_type, **key, **self._authorization}
        if self._secret is not None:
            headers |= signed_headers(key["Idempotency-Key"], now, body, self._secret)
        self._poster.post(body, headers, now=now)


def cloud_events(source: str) -> BodyFormat:
    """Return the form of a webhook that posts CloudEvents in structured mode.

    ``source`` and ``id``, the deduplication key, tell a repeated event from a new one.

    Parameters
    ----------
    source : URI reference of this detector, e.g. its public address.
    """

    def body(alert: Notice) -> bytes:
        event = {
            "specversion": "1.0",
            "id": alert.key,
            "source": source,
            "type": f"outage-detector.{_type(alert)}",
            "subject": alert.about,
            "time": iso(alert.at),
            "dataschema": SCHEMA,
            "datacontenttype": "application/json",
            "data": json.loads(document(alert, ascii_only=True)),
        }
        return json.dumps(event, ensure_ascii=True, allow_nan=False).encode()

    return BodyFormat("application/cloudevents+json; charset=utf-8", body)


def _type(alert: Notice) -> str:
    if isinstance(alert, Alert):
        return f"incident.{alert.kind.value}"
    return f"feed.{alert.health.state.value}"


def signed_headers(message_id: str, at: datetime, body: bytes, secret: bytes) -> Mapping[str, str]:
    """Return the headers that sign ``body``: id, timestamp and HMAC-SHA256 over all three.

    Parameters
    ----------
    message_id : the deduplication key as the receiver sees it; ASCII, without dots that matter.
    at : when it is sent; receivers refuse old timestamps, so replays of a capture fail.
    body : the bytes as sent.
    secret : shared with the receiver.

    References
    ----------
    Standard Webhooks specification, 2023, "Signature scheme".
    """
    timestamp = str(to_seconds(at))
    signed = b".".join((message_id.encode("ascii"), timestamp.encode("ascii"), body))
    mark = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode("ascii")
    return {
        "Webhook-Id": message_id,
        "Webhook-Timestamp": timestamp,
        "Webhook-Signature": f"v1,{mark}",
    }
