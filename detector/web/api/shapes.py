"""What the API answers: the shapes of ``docs/interface.md``, described for OpenAPI."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from detector.web.api.values import Instant

Item = TypeVar("Item")
Severity = Literal["minor", "major", "critical"]
WECHAT: JsonDict = {
    "id": "wechat-20130721T2339Z-b583",
    "service": "WeChat",
    "sources": ["weibo"],
    "started_at": "2013-07-21T23:28:00Z",
    "started_at_earliest": "2013-07-21T23:20:00Z",
    "started_at_latest": "2013-07-21T23:31:00Z",
    "noticed_at": "2013-07-21T23:39:00Z",
    "ended_at": None,
    "resolved_at": None,
    "peak_at": "2013-07-22T00:04:00Z",
    "peak_count": 412.0,
    "expected_at_peak": 3.1,
    "excess": 9104.0,
    "severity": "critical",
    "evidence": 88.1,
}


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Page(_Shape, Generic[Item]):
    """Some items; ``next`` is the `cursor` of those behind them, null at the end."""

    items: list[Item]
    next: str | None = None


class IncidentShape(_Shape):
    """An outage as its users show it (docs/interface.md)."""

    model_config = ConfigDict(frozen=True, extra="allow", json_schema_extra={"examples": [WECHAT]})

    id: str
    service: str
    sources: list[str]
    started_at: Instant
    started_at_earliest: Instant
    started_at_latest: Instant
    noticed_at: Instant
    ended_at: Instant | None
    resolved_at: Instant | None
    peak_at: Instant
    peak_count: float
    expected_at_peak: float | None
    excess: float
    severity: Severity
    evidence: float | None


class AlertShape(_Shape):
    """What there is to say about an incident, whoever is notified."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)

    key: str
    """The deduplication key."""

    kind: str
    at: Instant
    sequence: int
    incident: IncidentShape
    details: dict[str, Any] | None = None
    """What the complaints say; null where only counts are known."""


class DecisionShape(_Shape):
    """Why somebody was notified, or was not."""

    at: Instant
    receiver: str
    """Empty: about the incident as a whole."""

    reason: str
    """A code."""

    params: dict[str, Any]
    text: str
    """The reason in words, in the language of `lang`."""

    kind: str | None


class DeliveryShape(_Shape):
    """One message on its way to one receiver."""

    key: str
    kind: str
    receiver: str
    status: Literal["pending", "sent", "dead"]
    attempts: int
    due_at: Instant
    sent_at: Instant | None
    error: str | None


class AcknowledgementShape(_Shape):
    """Who is handling an incident."""

    incident_id: str
    at: Instant
    severity: Severity
    author: str
    comment: str


class SilenceShape(_Shape):
    """Nobody is notified of matching incidents in ``[starts_at, ends_at)``."""

    id: str
    matchers: list[str]
    starts_at: Instant
    ends_at: Instant
    author: str
    comment: str


class SourceShape(_Shape):
    """How a source is."""

    source: str
    state: Literal["up", "degraded", "down"]
    since: Instant
    reason: str
    """A code."""

    params: dict[str, Any]
    text: str
    """The reason in words, in the language of `lang`."""

    polled_at: Instant | None
    observed_until: Instant | None


class LatestShape(_Shape):
    """The last observed bin of one source."""

    source: str
    time: Instant
    count: float | None
    expected: float | None
    evidence: float | None


class ServiceShape(_Shape):
    """A service as it stands."""

    name: str
    configured: bool
    state: Literal["fine", "outage", "unknown"]
    severity: Severity | None
    incident: IncidentShape | None
    """The open one, else the last one."""

    acknowledged_by: str | None
    silenced_until: Instant | None
    latest: list[LatestShape]


class SourceSeriesShape(_Shape):
    """What one source counted, a value per step; steps nobody observed are left out."""

    source: str
    time: list[Instant]
    """Left edges of the steps."""

    count: list[float | None]
    """The highest count of a bin in the step."""

    low: list[float | None]
    """The lowest."""

    total: list[float | None]
    """The sum of the observed bins."""

    expected: list[float | None]
    """Mean expected count of a bin."""

    evidence: list[float | None]
    """The highest evidence, nats."""

    bins: list[int]
    """How many bins were observed."""


class SeriesShape(_Shape):
    """Counts of a service over ``[from, to)``, melted into steps that keep the peaks."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    service: str
    start: Annotated[Instant, Field(alias="from")]
    end: Annotated[Instant, Field(alias="to")]
    step: float
    """Seconds."""

    sources: list[SourceSeriesShape]


class ReceiptShape(_Shape):
    """What became of a push."""

    source: str
    accepted: int
    """Rows that wait to be taken in; 0 if this push was received before."""

    duplicate: bool
    """Whether the key was received before: then nothing was changed."""

    observed: list[Annotated[list[Instant], Field(min_length=2, max_length=2)]]
    """Spans ``[start, end)`` that count as observed."""


class ProblemShape(_Shape):
    """Problem details (RFC 9457)."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Not Found",
                    "status": 404,
                    "detail": "there is nothing at this address",
                }
            ]
        },
    )

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] | None = None


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the problems that an operation may answer with, for OpenAPI."""
    schema = {"schema": {"$ref": "#/components/schemas/ProblemShape"}}
    every = sorted({400, 401, 403, 413, 421, 422, 429, 500, 503, *statuses})
    return {
        status: {
            "description": "Problem details",
            "content": {"application/problem+json": schema},
            "model": ProblemShape,
        }
        for status in every
    }
