"""``python -m benchmarks``: run everything and write ``docs/benchmarks.md``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import (
    alone,
    curve,
    hindsight,
    labelled,
    page,
    report,
    speed,
    tables,
    weathering,
    wishes,
)
from benchmarks.methods import RIVALS, Rival
from benchmarks.running import TOLERATED
from benchmarks.tracks import generated, recorded
from benchmarks.trial import LOOSENED, RATES, Arena, Result, arena, run_matched, run_ours, run_rival
from detector.detection.options import DetectionOptions

ROOT = Path(__file__).resolve().parents[1]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmarks and write the page and its picture."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder to write into")
    parser.add_argument("--quick", action="store_true", help="a smoke test: few, short series")
    given = parser.parse_args(argv)
    given.out.mkdir(parents=True, exist_ok=True)
    text = pages(given.out, quick=given.quick)
    (given.out / "benchmarks.md").write_text(text, encoding="utf-8")


def pages(out: Path, *, quick: bool) -> str:
    """Return the page; pictures are written into ``out``."""
    rivals = RIVALS[-2:] if quick else RIVALS
    arenas = _arenas(quick=quick)
    parts = [page.head(datetime.now(UTC).date(), TOLERATED)]
    for a in arenas:
        results = _results(a, rivals)
        parts.append(report.section(a, results))
        if "kind" in a.null.confounders and "start" in a.null.confounders:
            parts.append(report.confounders(a, results))
        if a is arenas[0] or not quick:
            parts.append(_curve(a, rivals, out))
    if not quick:
        parts.append(_alone())
    parts.append(_wishes(quick=quick))
    if not quick:
        parts.append(weathering.section())
    five = None if quick else recorded("five")
    if five is not None:
        parts.append(_bursty(arena("Development track `five`", five, five), rivals, out))
    parts.append(report.retrospective([row for a in arenas for row in hindsight.rows(a)]))
    parts.append(report.scores(None if quick else labelled.judge()))
    parts.append(_speed(quick=quick))
    parts += [page.DID_NOT_HELP, page.foot()]
    return "\n".join(parts)


def _arenas(*, quick: bool) -> list[Arena]:
    """Return the pairs of tracks that are at hand; recorded ones first."""
    if quick:
        return [arena("Generated tracks, short", *generated(services=6, days=21))]
    found = []
    minute, null = recorded("minute"), recorded("null")
    if minute is not None and null is not None:
        found.append(arena("Development tracks `minute` and `null`", minute, null))
    found.append(arena("Generated tracks", *generated()))
    return found


def _results(a: Arena, rivals: Sequence[Rival]) -> list[Result]:
    known = bool(a.track.rates)
    return [run_ours(a), *[run_rival(a, r) for r in rivals if known or not r.is_oracle]]


def _wishes(*, quick: bool) -> str:
    seeds, services = (wishes.SEEDS[:1], 9) if quick else (wishes.SEEDS, 36)
    quiet = wishes.quiet(seeds, services=services, days=35)
    return report.wishes([wishes.granted(asked, quiet) for asked in RATES])


def _alone() -> str:
    asked = DetectionOptions().max_false_pages_per_week
    rivals = [r for r in RIVALS if "FOCuS" in r.name and not r.is_oracle]
    found, weeks = alone.one_at_a_time(rivals, asked, services=18, days=35)
    return alone.section(found, weeks, asked)


def _bursty(a: Arena, rivals: Sequence[Rival], out: Path) -> str:
    wishes = [run_ours(a, asked) for asked in RATES]
    named = [
        replace(r, method=f"{r.method}, asked for {asked:g} a week")
        for r, asked in zip(wishes, RATES, strict=True)
    ]
    most = run_ours(a).matching.false
    others = [run_matched(a, r, len(most)) for r in rivals if not r.is_oracle]
    points: dict[str, list[tuple[float, float, float]]] = {}
    for asked in LOOSENED:
        mine = run_ours(a, asked)
        false = len(mine.matching.false)
        for r in [mine, *[run_matched(a, r, false) for r in rivals if not r.is_oracle]]:
            f = r.figures
            point = (f.false_alarms_per_week, f.precision, f.recall)
            points.setdefault(r.method, []).append(point)
    picture = out / "benchmarks-five.svg"
    lines = {name: [(m, r) for m, _, r in found] for name, found in points.items()}
    picture.write_text(curve.svg(lines, "Development track five", "the track"), encoding="utf-8")
    return report.bursty(a, [*named, *others], points, picture)


def _curve(a: Arena, rivals: Sequence[Rival], out: Path) -> str:
    """Return the table of the curve; its picture is written into ``out``."""
    points: dict[str, list[tuple[float, float, float]]] = {}
    for asked in RATES:
        results = [run_ours(a, asked)]
        results += [run_rival(a, r, asked) for r in rivals if a.track.rates or not r.is_oracle]
        for r in results:
            measured = r.false_alarms_per_week
            points.setdefault(r.method, []).append((asked, measured, r.figures.recall))
    kind = "generated" if a.track.rates else "recorded"
    picture = out / f"benchmarks-{kind}-{a.busy[0].width}s.svg"
    lines = {name: [(m, r) for _, m, r in found] for name, found in points.items()}
    picture.write_text(curve.svg(lines, a.name.replace("`", "")), encoding="utf-8")
    return report.curve(points, picture)


def _speed(*, quick: bool) -> str:
    lengths = speed.LENGTHS[:2] if quick else speed.LENGTHS
    growths = [
        speed.growth("replay core (`live.update`)", speed.whole, lengths),
        speed.growth("`analyze` core", speed.analyze, lengths),
    ]
    held = tables.number(speed.peak_megabytes(), 0)
    hot, slow = speed.saved_bytes()
    states = speed.states_of(1000 if quick else 10_000)
    extra = (
        f"{len(states):,} services take one more bin each in "
        f"{1000 * speed.one_bin_together(states):.0f} ms as a fleet (`fleet.update`), in "
        f"{1000 * speed.one_bin_each(states):.0f} ms by a call each (`live.update`). "
        f"A process that analyses a year of minutes holds {held} MB at most. "
        f"A turn of the live pipeline writes {hot / 1000:.0f} kB per series, "
        f"and {slow / 1000:.0f} kB more once a day."
    )
    return report.speed(growths, extra)


if __name__ == "__main__":
    main()
