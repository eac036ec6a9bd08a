"""``/healthz``, ``/readyz``: for whoever restarts us, and for whoever sends requests our way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from detector.model.health import SourceState
from detector.model.plain_text import plain
from detector.model.token import Scope
from detector.pipeline.run import Totals
from detector.store.base import IncidentQuery
from detector.views.services import services
from detector.web.access import needs
from detector.web.api.shapes import problems
from detector.web.backend import AskedBackend, Backend
from detector.web.problems import Problem

router = APIRouter(tags=["health"])
#: So many intervals without a finished turn are too many; a first turn may take long.
MOST_INTERVALS = 5
LEAST_SECONDS = 300.0


@router.get("/healthz", responses=problems())
def healthz() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses=problems())
def readyz(backend: AskedBackend) -> dict[str, Any]:
    """Say that the store can be read and that the pipeline turns; 503 if not."""
    backend.store.incident_page(IncidentQuery(limit=1))
    if (late := lateness(backend)) is not None:
        raise Problem(503, f"the last turn ended {late:.0f} s ago")
    return {"status": "ready", "turns": backend.turn().turns if backend.turn else None}


def lateness(backend: Backend) -> float | None:
    """Return how long ago the last turn ended if that is too long, in seconds; else None."""
    report = backend.turn() if backend.turn else None
    if report is None or report.ended_at is None:
        return None
    ago = (backend.wall() - report.ended_at).total_seconds()
    longest = max(MOST_INTERVALS * report.every, LEAST_SECONDS, 3 * report.seconds)
    return ago if ago > longest else None


# ``/metrics`` for Prometheus, read from the store when it is asked for.


@router.get(
    "/metrics",
    dependencies=[needs(Scope.READ)],
    responses={**problems(), 200: {"content": {"text/plain": {}}, "description": "Metrics"}},
    response_class=Response,
)
def metrics(backend: AskedBackend) -> Response:
    """Return services, feeds, outbox and turns as Prometheus reads them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Snapshot(backend))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Snapshot:
    """What the store says now; `collect` is what prometheus_client calls."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        yield from _of_services(self._backend)
        yield from _of_feeds(self._backend)
        yield _outbox(self._backend)
        yield _decisions(self._backend)
        yield from _of_turns(self._backend)


def _of_services(backend: Backend) -> Iterator[Metric]:
    found, now = services(backend), backend.now()
    outage = GaugeMetricFamily(
        _named("outage"), "Outage: 0 none, 1 minor, 2 major, 3 critical", labels=("service",)
    )
    for summary in found:
        outage.add_metric([_label(summary.name)], float(summary.severity or 0))
    yield outage
    per_source = ("service", "source")
    bins = {
        "bin_count": "Complaints in the last observed bin",
        "bin_expected": "Expected complaints in the last observed bin",
        "bin_evidence": "Evidence for an outage at the last observed bin, nats",
        "bin_lag_seconds": "Age of the last observed bin's left edge",
    }
    families = {
        name: GaugeMetricFamily(_named(name), text, labels=per_source)
        for name, text in bins.items()
    }
    for summary in found:
        for latest in summary.latest:
            labels = [_label(summary.name), _label(latest.source)]
            families["bin_count"].add_metric(labels, latest.count)
            families["bin_expected"].add_metric(labels, latest.expected)
            families["bin_evidence"].add_metric(labels, latest.evidence)
            families["bin_lag_seconds"].add_metric(labels, (now - latest.time).total_seconds())
    yield from families.values()


def _of_feeds(backend: Backend) -> Iterator[Metric]:
    state = GaugeMetricFamily(
        _named("feed_state"), "1 for the state that a source is in", labels=("source", "state")
    )
    lag = GaugeMetricFamily(
        _named("feed_lag_seconds"), "Age of the end of what a source observed", labels=("source",)
    )
    now = backend.now()
    for feed in backend.store.feeds():
        for one in SourceState:
            state.add_metric([_label(feed.source), one.value], float(feed.state is one))
        if feed.observed_until is not None:
            lag.add_metric([_label(feed.source)], (now - feed.observed_until).total_seconds())
    yield state
    yield lag


def _outbox(backend: Backend) -> Metric:
    family = GaugeMetricFamily(
        _named("outbox_deliveries"), "Messages in the outbox, by status", labels=("status",)
    )
    for status, n in backend.store.outbox().items():
        family.add_metric([status.value], float(n))
    return family


def _decisions(backend: Backend) -> Metric:
    family = CounterMetricFamily(
        _named("decisions"),
        "Decisions to notify somebody of an incident, or not; no receiver: about the incident",
        labels=("reason", "receiver"),
    )
    for (reason, receiver), n in backend.store.decision_counts().items():
        family.add_metric([reason.value, _label(receiver)], float(n))
    return family


def _of_turns(backend: Backend) -> Iterator[Metric]:
    if backend.turn is None:
        return
    report = backend.turn()
    yield CounterMetricFamily(_named("turns"), "Turns taken since the start", report.turns)
    yield GaugeMetricFamily(_named("turn_seconds"), "How long the last turn took", report.seconds)
    if report.ended_at is not None:
        told = "When the last turn ended, seconds since 1970"
        yield GaugeMetricFamily(_named("turn_end_seconds"), told, report.ended_at.timestamp())
    yield from _of_totals(report.totals)


def _of_totals(totals: Totals) -> Iterator[Metric]:
    """Yield how much was taken in since the start, by source."""
    told: Mapping[str, tuple[str, Mapping[str, int]]] = {
        "posts": ("Posts that a source brought, complaints or not", totals.posts),
        "bins": ("Observed bins of services that were judged", totals.bins),
        "late_rows": ("Rows that came too late to be counted", totals.late),
        "source_failures": ("Turns in which a source could not be read", totals.failures),
    }
    for name, (text, numbers) in told.items():
        family = CounterMetricFamily(_named(name), text, labels=("source",))
        for source in sorted(numbers):
            family.add_metric([_label(source)], float(numbers[source]))
        yield family


def _named(name: str) -> str:
    return f"outage_detector_{name}"


def _label(text: str) -> str:
    """Return a label's value; the library escapes quotes and line ends, we what cannot be shown."""
    return plain(text)
