"""``/metrics`` for Prometheus, read from the store when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from detector.model.health import SourceState
from detector.model.plain_text import plain
from detector.model.token import Scope
from detector.pipeline.run import Totals
from detector.pipeline.schedule import JobCounts
from detector.views.services import services
from detector.web.access import needs
from detector.web.api.shapes import problems
from detector.web.backend import AskedBackend, Backend

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    dependencies=[needs(Scope.READ)],
    responses={**problems(), 200: {"content": {"text/plain": {}}, "description": "Metrics"}},
    response_class=Response,
)
def metrics(backend: AskedBackend) -> Response:
    """Return services, sources, outbox and runs as Prometheus reads them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Metrics(backend))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Metrics:
    """What the store says now; `collect` is what prometheus_client calls."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        yield from _of_services(self._backend)
        yield from _of_sources(self._backend)
        yield _outbox(self._backend)
        yield _decisions(self._backend)
        yield from _of_runs(self._backend)


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


def _of_sources(backend: Backend) -> Iterator[Metric]:
    now, found = backend.now(), backend.store.source_health()
    states = [
        ([_label(one.source), state.value], float(one.state is state))
        for one in found
        for state in SourceState
    ]
    lags = [
        ([_label(one.source)], (now - one.observed_until).total_seconds())
        for one in found
        if one.observed_until is not None
    ]
    text = "1 for the state that a source is in"
    yield from _gauges(("source_state", "feed_state"), text, ("source", "state"), states)
    text = "Age of the end of what a source observed"
    yield from _gauges(("source_lag_seconds", "feed_lag_seconds"), text, ("source",), lags)


def _outbox(backend: Backend) -> Metric:
    family = GaugeMetricFamily(
        _named("outbox_deliveries"), "Notifications in the outbox, by status", labels=("status",)
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


def _of_runs(backend: Backend) -> Iterator[Metric]:
    if backend.last_run is None:
        return
    report = backend.last_run()
    for name in ("runs", "turns"):
        yield CounterMetricFamily(_named(name), "Runs since the start", report.runs)
    text = "How long the last run took"
    yield from _gauges(("run_seconds", "turn_seconds"), text, (), [([], report.seconds)])
    if report.ended_at is not None:
        text, ended = "When the last run ended, seconds since 1970", report.ended_at.timestamp()
        yield from _gauges(("run_end_seconds", "turn_end_seconds"), text, (), [([], ended)])
    yield from _of_totals(report.totals)
    yield _of_jobs(report.jobs)


def _of_jobs(jobs: JobCounts) -> Metric:
    family = CounterMetricFamily(
        _named("job_runs"), "Scheduled jobs by what became of them", labels=("job", "outcome")
    )
    for (job, outcome), n in sorted(jobs.runs.items()):
        family.add_metric([job, outcome.value], float(n))
    return family


def _gauges(
    names: Sequence[str],
    text: str,
    labels: Sequence[str],
    rows: Sequence[tuple[Sequence[str], float]],
) -> Iterator[Metric]:
    """Yield a gauge under each of its names: the first, and those that it had before."""
    for name in names:
        family = GaugeMetricFamily(_named(name), text, labels=labels)
        for values, number in rows:
            family.add_metric(values, number)
        yield family


def _of_totals(totals: Totals) -> Iterator[Metric]:
    """Yield how much was taken in since the start, by source."""
    counters: Mapping[str, tuple[str, Mapping[str, int]]] = {
        "posts": ("Posts that a source brought, complaints or not", totals.posts),
        "bins": ("Observed bins of services that were judged", totals.bins),
        "late_rows": ("Rows that came too late to be counted", totals.late),
        "source_failures": ("Runs in which a source could not be read", totals.failures),
    }
    for name, (text, numbers) in counters.items():
        family = CounterMetricFamily(_named(name), text, labels=("source",))
        for source in sorted(numbers):
            family.add_metric([_label(source)], float(numbers[source]))
        yield family


def _named(name: str) -> str:
    return f"outage_detector_{name}"


def _label(text: str) -> str:
    """Return a label's value; the library escapes quotes and line ends, we what cannot be shown."""
    return plain(text)
