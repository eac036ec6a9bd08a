"""Markdown tables of results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isnan

from benchmarks.trial import Result
from detector.detection.evaluation import shares


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; the first column is text, the others are figures."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def number(value: float, digits: int = 2) -> str:
    """Return ``value`` with ``digits`` decimals, a dash for what cannot be known."""
    return "–" if isnan(value) else f"{value:.{digits}f}"


HEAD = (
    "method",
    "recall",
    "precision",
    "false alarms per service-week on null",
    "delay median / p90",
    "caught within 10 / 30",
    "start error median / p90",
    "interval coverage, width",
    "end error median",
    "splits",
    "alert time / outage time",
)


def overall(results: Sequence[Result]) -> str:
    """Return the table of all methods; delays, errors and widths in minutes."""
    return table(HEAD, (_overall_row(r) for r in results))


def _overall_row(r: Result) -> list[str]:
    f = r.figures
    interval = f"{number(f.interval_coverage)}, {number(f.interval_width_median, 0)}"
    return [
        r.method,
        number(f.recall, 3),
        number(f.precision, 3),
        number(r.false_alarms_per_week, 3),
        f"{number(f.delay_median, 0)} / {number(f.delay_p90, 0)}",
        f"{number(f.caught_within[10])} / {number(f.caught_within[30])}",
        f"{number(f.start_error_median, 1)} / {number(f.start_error_p90, 1)}",
        "none" if isnan(f.interval_coverage) else interval,
        number(f.end_error_median, 1),
        str(f.splits),
        number(f.alert_time),
    ]


def bursty(results: Sequence[Result]) -> str:
    """Return the table for a track that is its own null."""
    head = (
        "method",
        "recall",
        "precision",
        "false alarms per service-week",
        "delay median",
        "caught within 10 / 30",
        "start error median",
    )
    return table(head, (_bursty_row(r) for r in results))


def _bursty_row(r: Result) -> list[str]:
    f = r.figures
    return [
        r.method,
        number(f.recall),
        number(f.precision),
        number(f.false_alarms_per_week),
        number(f.delay_median, 0),
        f"{number(f.caught_within[10])} / {number(f.caught_within[30])}",
        number(f.start_error_median, 1),
    ]


def by_label(results: Sequence[Result], label: str) -> str:
    """Return caught of all outages per group of ``label`` ("size", "baseline", "shape")."""
    if not results:
        return ""
    groups = list(shares(results[0].matching, [label]))
    groups.sort(key=_natural)
    rows = []
    for r in results:
        found = shares(r.matching, [label])
        rows.append([r.method, *[str(found[g]) for g in groups]])
    return table(["method", *groups], rows)


def _natural(name: str) -> tuple[str, float, str]:
    digits = name.lstrip("+x")
    is_number = digits.replace(".", "", 1).isdigit()
    return (
        (name[0] if is_number and not name[0].isdigit() else "", float(digits), "")
        if (is_number)
        else ("~", 0.0, name)
    )


def blames(results: Sequence[tuple[str, dict[str, int], str]], kinds: Sequence[str]) -> str:
    """Return false alarms per confounder and method; the third entry is how many came early."""
    return table(
        ["method", *kinds, "all", "of these in the first week"],
        (
            [name, *[str(found.get(k, 0)) for k in kinds], str(sum(found.values())), early]
            for name, found, early in results
        ),
    )
