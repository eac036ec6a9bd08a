"""Alerts as JSON, posted to an address of the user's."""

from __future__ import annotations

import ssl
from urllib.parse import quote

from detector.domain.alert import Alert
from detector.errors import ConfigError
from detector.sinks.document import document
from detector.sinks.http import Clock, Poster
from detector.sinks.signature import signed_headers


class WebhookSink:
    """Posts one JSON document per alert: see `detector.sinks.document`.

    The header ``Idempotency-Key`` holds the deduplication key (what is not ASCII in it
    percent-encoded): a receiver that keeps it sees each message once, whatever crashes.

    Parameters
    ----------
    name : the receiver's name in ``config.toml``.
    url : where to post; may hold a secret, see `detector.sinks.http.Poster`.
    clock : wall time, for signatures and for the pauses that receivers ask for.
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
        timeout: float = 10.0,
        token: str | None = None,
        secret: bytes | None = None,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        self.name = name
        self._clock = clock
        self._authorization = _bearer(name, token)
        self._secret = secret
        self._poster = Poster(name, url, timeout=timeout, verify=verify)

    def __repr__(self) -> str:
        return f"WebhookSink({self.name!r})"

    def send(self, alert: Alert) -> None:
        """Post the alert once, or raise `Rejected` or `Unreachable`."""
        now = self._clock()
        key = quote(alert.key, safe="/-_.~:", errors="surrogatepass")
        body = document(alert, ascii_only=True)
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        headers |= self._authorization
        if self._secret is not None:
            headers |= signed_headers(key, now, body, self._secret)
        self._poster.post(body, headers, now=now)


def _bearer(name: str, token: str | None) -> dict[str, str]:
    if token is None:
        return {}
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(f"receiver {name!r}: the token is empty or holds blanks or line breaks")
    return {"Authorization": f"Bearer {token}"}
