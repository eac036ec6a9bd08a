"""A polite HTTP client: what every source that is read over HTTP has in common.

Secrets travel in headers only. Errors name the source, the host and the status; never an address
beyond its host, a header or a word of the answer.
"""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec
import stamina

from detector.clock import wall_now
from detector.errors import ConfigError, Garbled, Refused, SourceError, Unavailable
from detector.model.times import retry_after
from detector.sources.base import PolledSettings, SourceContext
from detector.sources.http.exchange import (
    Answer,
    Exchange,
    Request,
    describe_error,
    if_changed,
    ours,
    quota_pause,
)
from detector.sources.pace import Pace
from detector.web_address import web_address

T = TypeVar("T")
Params = Mapping[str, str | int]

#: Statuses below 500 that are worth another attempt.
PASSING = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one request may take.

    Attributes
    ----------
    timeout : seconds for one exchange, name look-up and slow bodies included.
    attempts : how often it is tried, within `total` seconds together.
    wait : seconds before the second attempt; doubles, with as much jitter again. A ``Retry-After``
        of at most ``longest_wait`` seconds is waited for, a longer one is left to a later poll.
    """

    timeout: float = 10.0
    attempts: int = 3
    total: float = 25.0
    wait: float = 0.5
    longest_wait: float = 5.0


class Web:
    """Asks one host.

    Parameters
    ----------
    name : the source's name, which errors begin with.
    base : ``https://HOST[/PATH]``, without user and password.
    headers : sent with every request; may hold secrets.
    contact : who is responsible, an address or page; goes into the ``User-Agent``.
    pace : the host's; sources that ask the same host share it.
    refusals : further statuses by which this host says that it wants to be left alone, and for
        how many seconds it is.
    verify : False accepts any certificate; a context brings an authority of one's own.

    Raises
    ------
    ConfigError : ``base`` is no such address.
    """

    def __init__(
        self,
        name: str,
        base: str,
        *,
        headers: Mapping[str, str] | None = None,
        contact: str | None = None,
        pace: Pace | None = None,
        patience: Patience | None = None,
        refusals: Mapping[int, float] | None = None,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        self.name = name
        self._base = web_address(
            base,
            subject=f"source {name!r}: the address",
            instead="name them by *_env or *_file",
            query=False,
        )
        self._headers = {**ours(contact), **(headers or {})}
        self._pace = pace or Pace(60, 60.0)
        self._patience = patience or Patience()
        self._refusals = refusals or {}
        # Loading the authorities takes 30 ms; nobody needs them without TLS.
        trusted = verify if self._base.scheme == "https" else False
        self._exchange = Exchange(timeout=self._patience.timeout, verify=trusted)
        self._known: dict[str, Answer] = {}

    @classmethod
    def of(
        cls,
        settings: PolledSettings,
        context: SourceContext,
        base: str,
        *,
        refusals: Mapping[int, float] | None = None,
    ) -> Web:
        """Return the client of a configured source for ``base``; one host has one pace.

        Raises
        ------
        ConfigError : a secret cannot be read, or is no header.
        """
        return cls(
            settings.name,
            base,
            headers=_credentials(settings, context),
            contact=settings.contact,
            pace=context.pace(urlsplit(base).netloc, settings.limit),
            refusals=refusals,
        )

    def __repr__(self) -> str:
        return f"Web({self.name!r}, {self._base.host!r})"

    def read(
        self,
        path: str,
        kind: type[T],
        params: Params | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> T:
        """Return the JSON at ``path`` as a ``kind``. Raises as `get`, and `Garbled`."""
        return self.parsed(self.get(path, params, headers=headers), kind)

    def parsed(self, answer: Answer, kind: type[T]) -> T:
        """Return an answer's JSON as a ``kind``; fields that it does not know are left out.

        Raises
        ------
        Garbled : the answer is no JSON, or lacks a field that we live on.
        """
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except msgspec.ValidationError as error:
            why = f"the answer has another shape than documented: {error}"
        except (msgspec.DecodeError, UnicodeDecodeError):
            page = answer.body.lstrip()[:1] == b"<"
            why = f"the answer is {'a page' if page else 'no JSON'} ({len(answer.body):,} bytes)"
        raise Garbled(f"{self.name}: {self._base.host}: {why}")

    def get(
        self,
        path: str,
        params: Params | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        conditional: bool = False,
    ) -> Answer:
        """Return the answer to a GET.

        Parameters
        ----------
        conditional : ask for it only if it changed, else return what is known.

        Raises
        ------
        Refused : the host will not answer us as we are.
        Unavailable : no answer in time, or one that says "later".
        """
        url = self._url(path, params)
        known = self._known.get(str(url)) if conditional else None
        news = if_changed(known.headers) if known else {}
        request = Request("GET", url, {**self._headers, **(headers or {}), **news})
        answer = self._patiently(request, known)
        if conditional:
            self._known = {str(url): answer}
        return answer

    def post(self, path: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        """Return the answer to a POST that may be repeated. Raises as `get`."""
        request = Request("POST", self._url(path, None), {**self._headers, **headers}, content)
        return self._patiently(request, None)

    def _url(self, path: str, params: Params | None) -> httpx.URL:
        url = self._base.copy_with(path=self._base.path.rstrip("/") + path)
        return url.copy_merge_params(dict(params)) if params else url

    def _patiently(self, request: Request, known: Answer | None) -> Answer:
        patience = self._patience
        for attempt in stamina.retry_context(
            on=self._pause_before_another,
            attempts=patience.attempts,
            timeout=patience.total,
            wait_initial=patience.wait,
            wait_max=patience.longest_wait,
            wait_jitter=patience.wait,
        ):
            with attempt:
                return self._once(request, known)
        raise AssertionError("an attempt returns or raises")

    def _pause_before_another(self, error: Exception) -> bool | float:
        if not isinstance(error, Unavailable):
            return False
        if error.retry_after is None:
            return True
        return error.retry_after if error.retry_after <= self._patience.longest_wait else False

    def _once(self, request: Request, known: Answer | None) -> Answer:
        try:
            self._pace.admit()
        except Unavailable as error:
            place = f"{self.name}: {self._base.host}"
            raise Unavailable(f"{place}: {error}", retry_after=error.retry_after) from None
        answer = self._exchange.ask(request)
        # Raised outside of any handler: an error must not carry the request in its context.
        if isinstance(answer, Exception):
            self._pace.failed()
            raise Unavailable(f"{self.name}: {self._base.host}: {describe_error(answer)}")
        return self._judged(answer, known)

    def _judged(self, answer: Answer, known: Answer | None) -> Answer:
        status = answer.status
        if (quota := quota_pause(answer.headers, wall_now())) is not None:
            self._pace.rest(quota)
        if 200 <= status < 300:
            self._pace.succeeded()
            return answer
        if status == 304 and known is not None:
            self._pace.succeeded()
            return known
        raise self._failure(status, answer.headers)

    def _failure(self, status: int, headers: Mapping[str, str]) -> SourceError:
        message = f"{self.name}: {self._base.host} answered {status} {_phrase(status)}".rstrip()
        pause = retry_after(headers.get("retry-after"), wall_now())
        if status in self._refusals:
            pause = max(pause or 0.0, self._refusals[status])
        elif status not in PASSING and status < 500:
            self._pace.failed()
            return Refused(f"{message}{_HINTS.get(status, '')}")
        self._pace.failed()
        if pause is not None:
            self._pace.rest(pause)
            message += f" and asks to be left alone for {pause:.0f} s"
        return Unavailable(message, retry_after=pause)


_HINTS = {
    401: "; the credentials are missing, wrong or expired",
    403: "; the credentials do not allow this, or the host does not want us",
    404: "; check the address",
}


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in _KNOWN else ""


_KNOWN = frozenset(status.value for status in HTTPStatus)


def _credentials(settings: PolledSettings, context: SourceContext) -> dict[str, str]:
    """Return the headers that hold the secrets which the settings name."""
    headers = {}
    if token := settings.secret("token", context.base):
        headers["Authorization"] = f"Bearer {token}"
    if login := settings.secret("login", context.base):
        headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
    if cookie := settings.secret("cookie", context.base):
        headers["Cookie"] = cookie
    if any(not value.isascii() or not value.isprintable() for value in headers.values()):
        raise ConfigError(f"{settings.place}: a secret has characters no header can hold")
    return headers
