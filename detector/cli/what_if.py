"""replay --against, power: what other settings, or smaller outages, would have come to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from math import isfinite
from pathlib import Path
from typing import Any

from detector.cli.history import history_settings, history_source
from detector.cli.output import (
    print_table,
    progress,
    require_writable,
    settings_and_base,
    write_text,
)
from detector.config import read_settings
from detector.detection.power import Power, power_card
from detector.errors import ConfigError, InputError
from detector.fields import parse_duration
from detector.model.documents import incident_to_dict
from detector.model.incident import Incident
from detector.model.series import CountSeries
from detector.pipeline.backtest import Comparison, compare
from detector.pipeline.hindsight_analysis import review
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.replay import (
    History,
    replay,
    replay_counts,
    series_of,
    stored_counts,
)
from detector.pipeline.setup import build_plan, build_policy, store_location
from detector.pipeline.traces import CountTrace
from detector.store.queries import open_viewer


@dataclass(frozen=True, slots=True)
class Past:
    """Where the history is that a question is asked of.

    Attributes
    ----------
    path : a table; None: what the store of the configuration has.
    config : the settings, None: those in use.
    width, gaps : of the table.
    """

    path: Path | None
    config: Path | None
    width: str | None = None
    gaps: Path | None = None


def compare_settings(past: Past, against: Path, *, out: Path | None) -> None:
    """Print which incidents ``past.config`` gains, loses and moves, compared with ``against``."""
    old, new = read_settings(against), history_settings(past.config)
    if out is not None:
        require_writable(out)
    before, after = _replayed(past, [build_plan(old), build_plan(new)])
    both = old.receivers and new.receivers
    found = compare(before, after, (build_policy(old), build_policy(new)) if both else None)
    print_table(("", "service", "started (UTC)", "noticed", "severity"), list(_rows(found)))
    print(
        f"{len(found.gained)} gained, {len(found.lost)} lost, {len(found.moved)} moved, "
        f"{found.same} alike, in {found.weeks:,.1f} service-weeks"
    )
    for line in _pages(found):
        print(line)
    if out is not None:
        write_text(out, json.dumps(_document(found), ensure_ascii=False, indent=1) + "\n")


def _replayed(past: Past, plans: Sequence[PipelinePlan]) -> list[History]:
    """Return what each of ``plans`` says over the same history."""
    with progress("replaying", "bins") as advance:
        if past.path is None:
            counts = stored_counts_of(past.config)
            return [replay_counts(counts, plan, progress=advance) for plan in plans]
        return [
            replay(
                history_source(past.path, width=past.width, gaps=past.gaps), plan, progress=advance
            )
            for plan in plans
        ]


def stored_counts_of(config: Path | None) -> Any:
    """Return the counts in the store that ``config`` names. Raises `InputError` without any."""
    settings, base, _ = settings_and_base(config)
    with closing(open_viewer(store_location(settings, base=base))) as store:
        counts = stored_counts(store)
    if counts.empty:
        raise InputError("the store has no counts yet; name a table to replay")
    return counts


def _rows(found: Comparison) -> Iterator[tuple[str, ...]]:
    for incident in found.gained:
        yield ("gained", *_cells(incident))
    for incident in found.lost:
        yield ("lost", *_cells(incident))
    for moved in found.moved:
        old, new = moved.before, moved.after
        yield (
            "moved",
            new.service,
            f"{new.onset.at:%Y-%m-%d %H:%M}",
            _arrow(f"{old.noticed_at:%H:%M}", f"{new.noticed_at:%H:%M}"),
            _arrow(old.severity.label, new.severity.label),
        )


def _pages(found: Comparison) -> Iterator[str]:
    """Yield how often people are woken, and what was counted."""
    if not found.pages:
        rates = f"{_rate(found.rate_before)} before, {_rate(found.rate_after)} now"
        yield f"pages per service-week: {rates}"
        yield "(all there is to tell: not both settings name receivers)"
        return
    for told in found.pages:
        before, after = _rate(found.rate(told.before)), _rate(found.rate(told.after))
        yield f"pages per service-week to {told.receiver}: {before} before, {after} now"
    yield "(as routed, with quiet hours, echoes and reminders; ends are not counted)"


def _cells(incident: Incident) -> tuple[str, ...]:
    return (
        incident.service,
        f"{incident.onset.at:%Y-%m-%d %H:%M}",
        f"{incident.noticed_at:%H:%M}",
        incident.severity.label,
    )


def _arrow(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"


def _rate(rate: float) -> str:
    return f"{rate:.3f}" if isfinite(rate) else "unknown"


def _document(found: Comparison) -> dict[str, Any]:
    return {
        "gained": [incident_to_dict(i) for i in found.gained],
        "lost": [incident_to_dict(i) for i in found.lost],
        "moved": [
            {"before": incident_to_dict(m.before), "after": incident_to_dict(m.after)}
            for m in found.moved
        ],
        "alike": found.same,
        "service_weeks": round(found.weeks, 4),
        "pages_before": found.pages_before,
        "pages_after": found.pages_after,
        "receivers": {p.receiver: {"before": p.before, "after": p.after} for p in found.pages},
    }


def print_power(past: Past, *, within: Sequence[str], probability: float, as_json: bool) -> None:
    """Print, per series, the smallest surge that is noticed in time."""
    spans = [_within(text) for text in within]
    plan = build_plan(history_settings(past.config))
    series = _series(past, plan)
    cards: list[tuple[CountSeries, Power]] = []
    with progress("trying surges", "series") as advance:
        for number, one in enumerate(series, 1):
            options = plan.options_for(one.key.service)
            card = power_card(one, options, within=spans, probability=probability)
            cards += [(one, power) for power in card]
            advance(number)
    if as_json:
        print(json.dumps([_power_to_dict(*card) for card in cards], ensure_ascii=False))
        return
    columns = ("service", "source", "within", "smallest surge", "times the usual", "tried")
    print_table(columns, [_power_row(*card) for card in cards])
    print(f"noticed in time with a probability of {probability:.0%}")


def _series(past: Past, plan: PipelinePlan) -> list[CountSeries]:
    if past.path is None:
        return list(series_of(stored_counts_of(past.config)))
    source = history_source(past.path, width=past.width, gaps=past.gaps)
    with progress("reading", "bins") as advance:
        traces = review(source, plan, progress=advance).traces
    return [
        CountSeries(trace.key, trace.whole.start, trace.width, trace.whole.counts)
        for trace in traces
        if isinstance(trace, CountTrace)
    ]


def _within(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ConfigError(f"--within: {error}") from None


def _power_row(series: CountSeries, power: Power) -> tuple[str, ...]:
    minutes = f"{power.within.total_seconds() / 60:g} min"
    size = power.posts_per_bin
    if not isfinite(size):
        surge, times = ("none is", "") if power.trials else ("too short a history", "")
    else:
        per_hour = size * (timedelta(hours=1) / series.width)
        surge, times = f"{per_hour:,.3g} more an hour", f"{power.times_expected:.2g}"
    return (*series.key, minutes, surge, times, str(power.trials))


def _power_to_dict(series: CountSeries, power: Power) -> dict[str, Any]:
    known = isfinite(power.posts_per_bin)
    return {
        "service": series.key.service,
        "source": series.key.source,
        "within_seconds": power.within.total_seconds(),
        "probability": power.probability,
        "posts_per_bin": round(power.posts_per_bin, 4) if known else None,
        "times_expected": round(power.times_expected, 3) if known else None,
        "width_seconds": series.width.total_seconds(),
        "trials": power.trials,
    }
