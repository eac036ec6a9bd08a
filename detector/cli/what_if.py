"""replay --against, power: what other settings would have sent, how small a surge is noticed."""

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
from detector.cli.language import reader
from detector.cli.output import (
    heads,
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
from detector.pipeline.replay import History, replay, replay_counts, series_of, stored_counts
from detector.pipeline.setup import build_plan, build_policy, store_location
from detector.pipeline.traces import CountTrace
from detector.store.queries import open_viewer
from detector.text.phrasing import Phrasing


@dataclass(frozen=True, slots=True)
class Past:
    """The history that a question is about.

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
    say = reader()
    before, after = _replayed(past, [build_plan(old), build_plan(new)], say)
    both = old.receivers and new.receivers
    found = compare(before, after, (build_policy(old), build_policy(new)) if both else None)
    columns = heads(say, "compare.change", "service", "started", "noticed", "severity")
    print_table(columns, list(_rows(found, say)))
    print(_totals(found, say))
    for line in _pages(found, say):
        print(line)
    if out is not None:
        write_text(out, json.dumps(_document(found), ensure_ascii=False, indent=1) + "\n")


def _replayed(past: Past, plans: Sequence[PipelinePlan], say: Phrasing) -> list[History]:
    """Return what each of ``plans`` makes of the same history."""
    with progress(say, "replaying", "bins") as advance:
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


def _rows(found: Comparison, say: Phrasing) -> Iterator[tuple[str, ...]]:
    for change, incidents in (("gained", found.gained), ("lost", found.lost)):
        for incident in incidents:
            yield (say.texts(f"command.compare.{change}"), *_cells(incident, say))
    for moved in found.moved:
        old, new = (_cells(incident, say) for incident in (moved.before, moved.after))
        service, started, *_ = new
        pairs = zip(old[2:], new[2:], strict=True)
        change = say.texts("command.compare.moved")
        yield (change, service, started, *(_arrow(before, after) for before, after in pairs))


def _totals(found: Comparison, say: Phrasing) -> str:
    number = say.format.number
    return say.texts(
        "command.compare.totals",
        gained=number(len(found.gained)),
        lost=number(len(found.lost)),
        moved=number(len(found.moved)),
        same=number(found.same),
        weeks=number(found.weeks, digits=1),
    )


def _pages(found: Comparison, say: Phrasing) -> Iterator[str]:
    """Yield how often people are paged, and what was counted."""
    if not found.pages:
        before, after = _rate(found.rate_before, say), _rate(found.rate_after, say)
        yield say.texts("command.compare.rates", before=before, after=after)
        yield say.texts("command.compare.rates_only")
        return
    for pages in found.pages:
        before, after = (_rate(found.rate(n), say) for n in (pages.before, pages.after))
        yield say.texts(
            "command.compare.rates_to", receiver=pages.receiver, before=before, after=after
        )
    yield say.texts("command.compare.rates_note")


def _cells(incident: Incident, say: Phrasing) -> tuple[str, ...]:
    """Return service, start, notice and severity."""
    start = incident.onset.at
    return (
        incident.service,
        say.format.instant(start),
        say.format.relative(incident.noticed_at, start),
        say.severity(incident.severity.label),
    )


def _arrow(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"


def _rate(rate: float, say: Phrasing) -> str:
    return say.format.number(rate, digits=3) if isfinite(rate) else say.texts("report.unknown")


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
    say = reader()
    series = _series(past, plan, say)
    cards: list[tuple[CountSeries, Power]] = []
    with progress(say, "trying", "series") as advance:
        for number, one in enumerate(series, 1):
            options = plan.options_for(one.key.service)
            card = power_card(one, options, within=spans, probability=probability)
            cards += [(one, power) for power in card]
            advance(number)
    if as_json:
        print(json.dumps([_power_to_dict(*card) for card in cards], ensure_ascii=False))
        return
    own = ("within", "smallest", "times", "tried")
    columns = heads(say, "service", "source", *(f"power.{key}" for key in own))
    print_table(columns, [_power_row(*card, say) for card in cards])
    print(say.texts("command.power.probability", share=say.format.percent(probability)))


def _series(past: Past, plan: PipelinePlan, say: Phrasing) -> list[CountSeries]:
    if past.path is None:
        return list(series_of(stored_counts_of(past.config)))
    source = history_source(past.path, width=past.width, gaps=past.gaps)
    with progress(say, "reading", "bins") as advance:
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


def _power_row(series: CountSeries, power: Power, say: Phrasing) -> tuple[str, ...]:
    within = say.format.duration(power.within)
    surge, times = _smallest(series, power, say), ""
    if isfinite(power.posts_per_bin):
        times = say.format.number(power.times_expected)
    return (*series.key, within, surge, times, say.format.number(power.trials))


def _smallest(series: CountSeries, power: Power, say: Phrasing) -> str:
    """Return how large the smallest surge is that is noticed in time, in posts an hour."""
    if not isfinite(power.posts_per_bin):
        return say.texts("command.power.none" if power.trials else "command.power.short")
    per_hour = power.posts_per_bin * (timedelta(hours=1) / series.width)
    return say.texts("command.power.more", count=say.format.number(per_hour))


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
