"""A store with something in it, and the application over it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np
import pandas as pd

from detector.config import parse_settings
from detector.model.alert import Alert, AlertKind
from detector.model.decision import Decision, Reason
from detector.model.delivery import Delivery, DeliveryStatus
from detector.model.details import AuthorKind, Details, FacetVerdict, SampleComplaint
from detector.model.health import SourceHealth, SourceReason, SourceState
from detector.model.incident import Incident, Severity
from detector.model.token import Scope, Token, digest_of
from detector.store.base import RunRecord
from detector.store.controls import open_controls
from detector.store.inbox import open_inbox
from detector.store.queries import open_viewer
from detector.store.sql_store import open_store
from detector.web.app import create_app
from detector.web.backend import Backend
from detector.web.sessions import cookie_name
from tests.fakes.outages import an_incident

NOW = datetime(2022, 7, 22, 14, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HERE = "http://127.0.0.1:8080"
SETTINGS = """
[services.WeChat]
aliases = ["微信"]
[services.QQ]
[[receivers]]
type = "console"
name = "on-call"
[[sources]]
type = "push"
name = "helpdesk"
rows = "posts"
[[sources]]
type = "push"
name = "tickets"
rows = "counts"
[web]
"""


class InProcess(httpx.BaseTransport):
    """Asks an application without a network: each request in an event loop of its own."""

    def __init__(self, app: Any, address: str) -> None:
        self._asgi = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 50_000))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return asyncio.run(self._answer(request))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = await self._asgi.handle_async_request(request)
        body = b"".join([part async for part in answer.stream])  # type: ignore[union-attr]
        return httpx.Response(answer.status_code, headers=answer.headers, content=body)


@dataclass
class House:
    """A store, the backend over it, and what tokens there are."""

    path: Path
    backend: Backend

    @property
    def cookie(self) -> str:
        """What the cookie of its logins is called."""
        return cookie_name(self.backend.session_key)

    def client(
        self, token: str | None = None, *, address: str = "127.0.0.1", **more: Any
    ) -> httpx.Client:
        """Return a client on this machine, with a token or without; it keeps cookies."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        told = {"base_url": HERE, "headers": headers} | more
        return httpx.Client(transport=InProcess(create_app(self.backend), address), **told)

    def token(self, scope: Scope, *, expires_at: datetime | None = None) -> str:
        """Add a token of that scope, named after it, and return its secret."""
        secret = f"secret-{scope.value}"
        self.backend.controls.add_token(
            Token(scope.value, scope, digest_of(secret), NOW, expires_at)
        )
        return secret

    def commit(self, **record: Any) -> None:
        """Write to the store as a pipeline would."""
        with closing(open_store(self.path)) as store:
            store.commit(RunRecord(**record))

    def close(self) -> None:
        """Release the store's files."""
        self.backend.close()


def house(folder: Path, *, web: str = "", settings: str = SETTINGS, **record: Any) -> House:
    """Return a house with `everything` in it, or with ``record``.

    Parameters
    ----------
    web : lines for the section ``[web]``.
    """
    path = folder / "store.sqlite"
    path.write_bytes(_made() if record else _full())
    if any(len(rows) for rows in record.values()):
        with closing(open_store(path)) as store:
            store.commit(RunRecord(**record))
    backend = Backend(
        store=open_viewer(path),
        controls=open_controls(path),
        inbox=open_inbox(path),
        settings=parse_settings(settings + web, path="config.toml"),
        now=lambda: NOW,
        wall=lambda: NOW,
        session_key=b"the key of a test",
    )
    return House(path, backend)


@cache
def _made() -> bytes:
    """Return an empty store: to make one takes longer than most tests."""
    return _store_of(RunRecord())


@cache
def _full() -> bytes:
    return _store_of(RunRecord(**everything()))


def _store_of(record: RunRecord) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        with closing(open_store(path)) as store:
            store.commit(record)
        return path.read_bytes()


def everything() -> dict[str, Any]:
    """Return a day of two services, one of which fails, and what was said about it."""
    going_on = an_incident("WeChat", noticed_at=NOW - 20 * MINUTE)
    over = an_incident("QQ", noticed_at=NOW - 5 * 60 * MINUTE, lasted=60 * MINUTE)
    alerts = (
        an_alert_about(going_on, sequence=1),
        an_alert_about(
            replace(going_on, severity=Severity.CRITICAL), AlertKind.ESCALATED, sequence=2
        ),
        an_alert_about(over, sequence=1, details=None),
        an_alert_about(over, AlertKind.RESOLVED, sequence=2, details=None),
    )
    return {
        "counts": pd.concat([counts("WeChat", surge=20), counts("QQ")], ignore_index=True),
        "incidents": (replace(going_on, severity=Severity.CRITICAL), over),
        "alerts": alerts,
        "deliveries": [
            Delivery("on-call", alert, DeliveryStatus.PENDING, 0, alert.at) for alert in alerts
        ],
        "decisions": (
            Decision(
                going_on.id,
                NOW - 20 * MINUTE,
                Reason.OPENED,
                kind=AlertKind.OPENED,
                receiver="on-call",
            ),
            Decision(
                going_on.id,
                NOW - 5 * MINUTE,
                Reason.ACKNOWLEDGED,
                {"author": "bo", "comment": "on it"},
                receiver="on-call",
            ),
        ),
        "source_health": (
            SourceHealth(
                "helpdesk", SourceState.UP, NOW - 60 * MINUTE, SourceReason.OBSERVED, {}, NOW, NOW
            ),
            SourceHealth(
                "tickets",
                SourceState.DOWN,
                NOW - 30 * MINUTE,
                SourceReason.NEVER_OBSERVED,
                {},
                NOW,
                None,
            ),
        ),
    }


def counts(service: str, *, surge: int = 0, source: str = "helpdesk") -> pd.DataFrame:
    """Return a day of minutes before `NOW`, two posts each, forty in the last ``surge`` bins."""
    n = 24 * 60
    times = pd.date_range(NOW - n * MINUTE, periods=n, freq="1min").as_unit("us")
    count = np.where(np.arange(n) >= n - surge, 40.0, 2.0)
    return pd.DataFrame(
        {
            "time": times,
            "service": service,
            "source": source,
            "count": count,
            "expected": 2.0,
            "evidence": np.where(count > 2, 50.0, 0.1),
        }
    )


def an_alert_about(
    incident: Incident,
    kind: AlertKind = AlertKind.OPENED,
    *,
    sequence: int = 1,
    details: Details | str | None = "some",
) -> Alert:
    """Return an alert with complaints quoted, one minute after the one before."""
    known = some_details() if isinstance(details, str) else details
    return Alert(kind, incident.noticed_at + (sequence - 1) * MINUTE, incident, sequence, known)


def some_details(texts: Sequence[str] = ("微信登不上了 @***", "is WeChat down?")) -> Details:
    """Return what 120 complaints say."""
    return Details(
        written_by=AuthorKind.PEOPLE,
        posts=150,
        authors=120,
        linked=0.05,
        newcomers=0.9,
        facets=(
            FacetVerdict("component", "login", "affected", 0.6, 8.0, 4.0, 16.0),
            FacetVerdict("component", "voice", "not affected", 0.01, 0.2, 0.1, 0.6),
            FacetVerdict("region", "Guangdong", "affected", 0.3, 2.0, 1.2, 3.0),
        ),
        samples=tuple(SampleComplaint(NOW - 19 * MINUTE, text) for text in texts),
        words=("登不上", "微信"),
    )
