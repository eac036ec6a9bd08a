"""``python -m benchmarks.weathering``: ours and the strongest rival in the worlds of `worlds`.

The rival, three windows in a row, gets the threshold that keeps it to `TOLERATED` false alarms on
services that behave, as everywhere. It begins after its warm-up, so of the first hours it says
nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks import ours, running
from benchmarks.baseline import expect
from benchmarks.methods import RIVALS, Rival
from benchmarks.running import Prepared
from benchmarks.tables import number, table
from benchmarks.worlds import START, WORLDS, Line, World, drawn, each, usual
from detector.detection.options import DetectionOptions
from detector.detection.truth_matching import Claim

#: Seed of the page; those that rules were chosen on are others.
SEED = 11
#: Minutes after its end within which an outage is still found, and around it an alarm is no false.
GRACE = 15.0
INTRODUCTION = """Worlds of `benchmarks/worlds.py` (seed {seed}; `python -m benchmarks.weathering`
for another), judged by the live path alone, {asked:g} false pages a week asked for. *Found* is the
share of outages noticed before a quarter of an hour after their end. The rival, three windows in a
row, is the strongest of those above; on services that behave it is allowed 0.25 a week."""
HEAD = (
    "world",
    "found",
    "false a week",
    "delay, min",
    "start off, min",
    "covered",
    "end off, min",
    "3 in a row: found",
    "false a week",
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one method does in one world; None where there is nothing to measure.

    Attributes
    ----------
    found : share of outages noticed before `GRACE` after their end.
    false_per_week : alarms near no outage, per observed service-week.
    delay, start_error, end_error : medians, minutes; an end that is never told is ten days off.
    covered : share of true starts in the 90 % interval.
    """

    found: float | None
    false_per_week: float
    delay: float | None = None
    start_error: float | None = None
    covered: float | None = None
    end_error: float | None = None


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.weathering", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help="another seed, other worlds")
    parser.add_argument("--only", default="", help="names of worlds, with commas between")
    given = parser.parse_args(argv)
    only = [name.strip() for name in given.only.split(",") if name.strip()]
    print(section(given.seed, [w for w in WORLDS if not only or w.name in only]))


def section(seed: int = SEED, worlds: Sequence[World] = WORLDS) -> str:
    """Return the section of the page."""
    rival = next(r for r in RIVALS if "3 in a row" in r.name)
    threshold = running.tuned(rival, _quiet(seed))
    rows = [_row(world, seed, rival, threshold) for world in worlds]
    return "\n".join(
        [
            "## Weeks that are unlike the others",
            "",
            INTRODUCTION.format(seed=seed, asked=DetectionOptions().max_false_pages_per_week),
            "",
            table(HEAD, rows),
        ]
    )


def _quiet(seed: int) -> list[Prepared]:
    rng = np.random.default_rng([seed, 0])
    lines = [Line(n, drawn(rng, usual(rng, lv, 35))) for n, lv in each((0.1, 1.5, 15.0), 4)]
    return [prepared(line, 60) for line in lines]


def prepared(line: Line, width: int) -> Prepared:
    """Return ``line`` as the methods take it."""
    expected = expect(line.counts, 86400 // width)
    return Prepared(line.name, START, width, line.counts, expected, None)


def _row(world: World, seed: int, rival: Rival, threshold: float) -> tuple[str, ...]:
    lines = world.lines(seed)
    services = [prepared(line, world.width) for line in lines]
    mine = judged(ours.claims(services, DetectionOptions()), lines, world.width)
    other = judged(running.claims(rival, threshold, services), lines, world.width)
    return (
        world.about,
        _said(mine.found, 2),
        number(mine.false_per_week, 3),
        _said(mine.delay, 1),
        _said(mine.start_error, 1),
        _said(mine.covered, 2),
        _said(mine.end_error, 1),
        _said(other.found, 2),
        number(other.false_per_week, 3),
    )


def _said(value: float | None, digits: int) -> str:
    return "–" if value is None else number(value, digits)


def judged(claims: Sequence[Claim], lines: Sequence[Line], width: int) -> Figures:
    """Return how ``claims`` compare with the outages of ``lines``."""
    hits: list[tuple[float, float, Claim]] = []
    near_one: set[int] = set()
    outages = 0
    for line in lines:
        own = [c for c in claims if c.service == line.name]
        for span in line.outages:
            outages += 1
            start, end = START + span.first * width, START + span.end * width
            grace = 60.0 * GRACE
            near = [c for c in own if c.start <= end + grace and _end(c) >= start - grace]
            near_one |= {id(c) for c in near}
            told = [c for c in near if start - 60.0 <= c.noticed <= end + grace]
            if told:
                hits.append((start, end, min(told, key=lambda c: c.noticed)))
    weeks = sum(float(np.isfinite(line.counts).sum()) for line in lines) * width / 604800
    false = sum(id(c) not in near_one for c in claims) / weeks
    if not outages:
        return Figures(None, false)
    return Figures(
        len(hits) / outages,
        false,
        _median([(c.noticed - start) / 60 for start, _, c in hits]),
        _median([abs(c.start - start) / 60 for start, _, c in hits]),
        _share([c.earliest <= start <= c.latest for start, _, c in hits]),
        _median([min(abs(_end(c) - end) / 60, 14400.0) for _, end, c in hits]),
    )


def _end(claim: Claim) -> float:
    return np.inf if claim.is_open else claim.end


def _median(values: list[float]) -> float | None:
    return float(np.median(values)) if values else None


def _share(values: list[bool]) -> float | None:
    return float(np.mean(values)) if values else None


if __name__ == "__main__":
    main()
