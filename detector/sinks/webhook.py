"""Alerts as JSON, posted to an address of the user's."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass

from detector.domain.alert import Alert
from detector.domain.delivery import Notice
from detector.domain.feed import FeedAlert
from detector.sinks.document import document
from detector.sinks.http import Clock, Poster, bearer, key_header
from detector.sinks.signature import signed_headers


@dataclass(frozen=True, slots=True)
class Form:
    """What a webhook posts.

    Attributes
    ----------
    content_type : of the body.
    body : makes it, ASCII, of an alert.
    """

    content_type: str
    body: Callable[[Notice], bytes]


JSON = Form("application/json", lambda alert: document(alert, ascii_only=True))
"""The alert itself: see `detector.sinks.document`."""


class WebhookSink:
    """Posts one JSON document per alert.

    The header ``Idempotency-Key`` holds the deduplication key (what is not ASCII in it
    percent-encoded): a receiver that keeps it sees each message once, whatever crashes.

    Parameters
    ----------
    name : the receiver's name in ``config.toml``.
    url : where to post; may hold a secret, see `detector.sinks.http.Poster`.
    clock : wall time, for signatures and for the pauses that receivers ask for.
    form : the document: `JSON`, or that of `detector.sinks.cloudevents`.
    timeout : seconds for the whole exchange.
    token : sent as ``Authorization: Bearer``, if given.
    secret : signs the body, if given; see `detector.sinks.signature`.
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
        form: Form = JSON,
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
        return f"WebhookSink({self.name!r})"

    def send(self, alert: Alert) -> None:
        """Post the alert once, or raise `Rejected` or `Unreachable`."""
        self._post(alert)

    def send_feed(self, alert: FeedAlert) -> None:
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
