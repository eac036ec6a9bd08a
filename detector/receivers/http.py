"""What every receiver that speaks HTTP has in common: one request, its answer judged.

Retrying is the outbox's business, so nothing here tries twice.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.parse import quote, urlsplit

import httpx

from detector.errors import ConfigError, DeliveryError, Rejected, Unreachable
from detector.model.delivery import Notice
from detector.model.times import retry_after
from detector.web_address import web_address

Clock = Callable[[], datetime]
"""Tells the wall time."""

RETRIED = frozenset({408, 425, 429})
"""Statuses below 500 that are worth another attempt: timeout, too early, too many requests."""


class Poster:
    """Posts bodies to one address.

    The address is treated as a secret (chat services put the token into it): it is in no error,
    no log and no representation. That is why the transport is used without `httpx.Client`, which
    logs every address; it also follows no redirect and reads no proxy, ``.netrc`` or certificate
    setting from the environment.

    Parameters
    ----------
    name : the receiver's name, which errors begin with.
    url : ``http://`` or ``https://``, without user and password.
    timeout : seconds for the whole exchange.
    verify : False accepts any certificate; a context brings an authority of one's own.

    Raises
    ------
    ConfigError : ``url`` is not such an address.
    """

    def __init__(
        self, name: str, url: str, *, timeout: float, verify: ssl.SSLContext | bool = True
    ) -> None:
        self._name = name
        self._url = web_address(
            url, subject=f"receiver {name!r}: url", instead="use a token or a signature", query=True
        )
        self._timeout = timeout
        # Loading the authorities takes 30 ms; nobody needs them without TLS.
        trusted = verify if self._url.scheme == "https" else False
        self._transport = httpx.HTTPTransport(verify=trusted, trust_env=False)

    def __repr__(self) -> str:
        return f"Poster({self._name!r})"

    def post(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> None:
        """Post ``body``; return if the receiver took it.

        Raises
        ------
        Rejected : the answer is a redirect or another status that trying again cannot change.
        Unreachable : no answer, or one of `RETRIED` or 5xx; with the pause that was asked for.
        """
        request = httpx.Request(
            "POST",
            self._url,
            content=body,
            headers={"User-Agent": "outage-detector", "Connection": "close", **headers},
            extensions={"timeout": httpx.Timeout(self._timeout).as_dict()},
        )
        answer = self._exchange(request)
        # Raised outside of any handler: an error must not carry the request in its context.
        if isinstance(answer, httpx.HTTPError):
            raise Unreachable(f"{self._name}: {_described(answer)}")
        if isinstance(answer, Exception):
            raise answer
        if (failure := self._judged(answer, now)) is not None:
            raise failure

    def _exchange(self, request: httpx.Request) -> httpx.Response | Exception:
        # httpx bounds each wait, but neither the look-up of the name nor a receiver that sends one
        # byte at a time; nobody's receiver may hold up the detector, so the exchange is given a
        # thread that can be left behind. If the message arrives after all, its key is known.
        answers: SimpleQueue[httpx.Response | Exception] = SimpleQueue()
        Thread(target=lambda: answers.put(self._ask(request)), daemon=True).start()
        try:
            return answers.get(timeout=self._timeout)
        except Empty:
            return httpx.ReadTimeout("")

    def _ask(self, request: httpx.Request) -> httpx.Response | Exception:
        try:
            response = self._transport.handle_request(request)
            # The body stays unread: it could be endless, or echo what we sent.
            response.close()
        except Exception as error:
            return error
        return response

    def _judged(self, response: httpx.Response, now: datetime) -> DeliveryError | None:
        status = response.status_code
        if 200 <= status < 300:
            return None
        failure = f"{self._name}: the receiver answered {status} {_phrase(status)}".rstrip()
        if status in RETRIED or status >= 500:
            pause = retry_after(response.headers.get("Retry-After"), now)
            return Unreachable(failure, retry_after=pause)
        if 300 <= status < 400:
            return Rejected(f"{failure}; redirects are not followed, configure the final address")
        return Rejected(failure)


def bearer(name: str, token: str | None) -> dict[str, str]:
    """Return the header that shows ``token``, none without one.

    Raises
    ------
    ConfigError : the token cannot be a header.
    """
    if token is None:
        return {}
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(f"receiver {name!r}: the token is empty or holds blanks or line breaks")
    return {"Authorization": f"Bearer {token}"}


def host_of(url: str) -> str:
    """Return the host of ``url``, which may be shown; the rest may hold secrets."""
    return urlsplit(url).netloc.rpartition("@")[2]


def key_header(alert: Notice) -> dict[str, str]:
    """Return the header with the deduplication key, what is not ASCII in it percent-encoded."""
    return {"Idempotency-Key": quote(alert.key, safe="/-_.~:", errors="surrogatepass")}


def _described(error: httpx.HTTPError) -> str:
    for kind, words in _FAILURES:
        if isinstance(error, kind):
            return words
    return f"the exchange failed ({type(error).__name__})"


# Our own words: those of the library may quote the request.
_FAILURES: tuple[tuple[type[httpx.HTTPError], str], ...] = (
    (httpx.ConnectTimeout, "no connection within the timeout"),
    (httpx.TimeoutException, "no answer within the timeout"),
    (httpx.ConnectError, "no connection (wrong address, refused, or an unknown certificate)"),
    (httpx.RemoteProtocolError, "the receiver closed the connection or does not speak HTTP"),
    (httpx.NetworkError, "the connection broke"),
)


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in _KNOWN else ""


_KNOWN = frozenset(status.value for status in HTTPStatus)
