"""One confounder at a time: the false alarms that each causes, without its guard and with it.

Every service of a track has the one confounder and no other, and there is no outage, so an alarm
while it goes on is caused by it. A guard is removed in a process of its own, because kernels are
compiled with their constants, and that process has a kernel cache of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks import ours, tables
from benchmarks.baseline import Expectation
from benchmarks.confounding import NONE, blame
from benchmarks.methods import Rival
from benchmarks.running import Prepared, claims, prepare, tuned
from benchmarks.synthetic import Recipe, Track, generate
from benchmarks.tracks import dense
from detector.detection.options import DetectionOptions
from detector.detection.truth_matching import Claim
from detector.model.series import Floats

SEEDS = (21, 22, 23)
UNGUARDED = "outage-detector without the guard"
CALM = "calm"
"""A track with no confounder at all."""
GUARDS: Mapping[str, tuple[str, Mapping[str, float]]] = {
    "burst": ("what rests on three bins pays for it", {"kernels.explanations.BURST_COST": 1e9}),
    "weekly": (
        "what recurs weekly is expected",
        {"baseline.recurrence.BUMP": 0.0, "baseline.recurrence.UNSEEN_SPREAD": 0.0},
    ),
    "step40": (
        "a level that moves a little is no outage",
        {"kernels.explanations.MOVED_COST": 1e9},
    ),
    "dst": ("the clock may have moved", {"baseline.clock_shift.MOVE": 0.0}),
    "zeros": ("a long run of zeros is not observed", {"baseline.level.DEAD_EVENTS": 1e18}),
    "dead": ("what is not observed is not zero", {}),
}
"""Per kind of confounder: its guard in words, and the constants that remove it."""


@dataclass(frozen=True, slots=True)
class Caused:
    """False alarms of one method on the track of one confounder."""

    during: int
    elsewhere: int

    def __str__(self) -> str:
        return f"{self.during} + {self.elsewhere}"


@dataclass(frozen=True, slots=True)
class Alone:
    """One confounder: how often it happened, and the alarms of each method, by its name."""

    kind: str
    happened: int
    alarms: Mapping[str, Caused]


def one_at_a_time(
    rivals: Sequence[Rival], asked: float, *, services: int, days: int
) -> tuple[list[Alone], float]:
    """Return what each confounder causes, the calm track first, and the service-weeks of a track.

    Every rival has the lowest threshold that keeps to ``asked`` on the calm track.
    """
    calm = [one for t in tracks(CALM, services, days) for one in prepare(t)]
    thresholds = {r.name: tuned(r, calm, asked) for r in rivals}
    weeks = sum(int(np.sum(~np.isnan(s.counts))) * s.width for s in calm) / 604800
    found = []
    for kind in (CALM, *GUARDS):
        alarms = {r.name: Caused(0, 0) for r in rivals}
        happened, mine = 0, Caused(0, 0)
        other = None if kind == CALM else _begin_unguarded(kind, asked, services, days)
        for track in tracks(kind, services, days):
            ready = prepare(track)
            happened += len(track.confounders)
            mine = _added(mine, _caused(ours.claims(ready, _options(asked)), track))
            for r in rivals:
                said = claims(r, thresholds[r.name], ready)
                alarms[r.name] = _added(alarms[r.name], _caused(said, track))
        if other is not None:
            alarms[UNGUARDED] = _end_unguarded(other)
        found.append(Alone(kind, happened, {**alarms, ours.NAME: mine}))
    return found, weeks


def section(found: Sequence[Alone], weeks: float, asked: float) -> str:
    """Return the section about false alarms with one confounder on at a time."""
    methods = list(dict.fromkeys(name for a in found[1:] for name in a.alarms))
    rows = [
        [
            a.kind if a.kind == CALM else f"{a.kind}: {GUARDS[a.kind][0]}",
            str(a.happened),
            *[str(a.alarms.get(name, "")) for name in methods],
        ]
        for a in found
    ]
    return "\n".join(
        [
            "## One confounder at a time: before and after",
            "",
            "Generated tracks without outages on which every service has the one confounder and",
            f"no other ({len(SEEDS)} seeds, {weeks:.0f} service-weeks each). Cells: false alarms",
            "while it went on + the others. The FOCuS rivals, which know only the seasonal",
            f"baseline, have the lowest threshold with at most {asked:g} false alarms per",
            f"service-week on the calm track; we are asked for {asked:g}. *Without the guard*:",
            "ours, but for what the first column names (a dead source: its missing bins read as",
            "zero).",
            "",
            tables.table(["confounder: guard", "happened", *methods], rows),
        ]
    )


def tracks(kind: str, services: int, days: int) -> list[Track]:
    """Return the tracks on which every service has ``kind`` and nothing else."""
    only = frozenset({kind} & set(GUARDS))
    return [generate(Recipe(seed, services, days, outages=0, only=only)) for seed in SEEDS]


def unguarded(kind: str, asked: float, services: int, days: int) -> Caused:
    """Return our alarms without the guard against ``kind``; for a process that did not detect yet.

    Raises
    ------
    KeyError
        If there is no guard against ``kind``.
    """
    for name, value in GUARDS[kind][1].items():
        module, constant = name.rsplit(".", 1)
        setattr(import_module(f"detector.detection.{module}"), constant, value)
    caused = Caused(0, 0)
    for track in tracks(kind, services, days):
        said = ours.claims([_ready(one) for one in dense(track.counts)], _options(asked))
        caused = _added(caused, _caused(said, track))
    return caused


def _ready(one: tuple[str, int, int, Floats]) -> Prepared:
    """Return a service; what was not observed is taken for zero (only a dead source has such)."""
    name, start, width, counts = one
    nothing = Expectation(np.empty(0), np.empty(0))
    return Prepared(name, start, width, np.nan_to_num(counts), nothing, None)


def _begin_unguarded(
    kind: str, asked: float, services: int, days: int
) -> tuple[subprocess.Popen[str], TemporaryDirectory[str]]:
    """Start a process that counts without the guard, and the folder of its kernels."""
    command = [sys.executable, "-m", "benchmarks.alone", kind, str(asked), str(services), str(days)]
    cache = TemporaryDirectory()
    # what is compiled with other constants must not be found by anyone else
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache.name}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment), cache


def _end_unguarded(other: tuple[subprocess.Popen[str], TemporaryDirectory[str]]) -> Caused:
    process, cache = other
    said, _ = process.communicate()
    cache.cleanup()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return Caused(*json.loads(said))


def _options(asked: float) -> DetectionOptions:
    return DetectionOptions(max_false_pages_per_week=asked)


def _caused(said: Sequence[Claim], track: Track) -> Caused:
    elsewhere = blame(said, track.confounders)[NONE]
    return Caused(len(said) - elsewhere, elsewhere)


def _added(a: Caused, b: Caused) -> Caused:
    return Caused(a.during + b.during, a.elsewhere + b.elsewhere)


if __name__ == "__main__":
    kind, asked, services, days = sys.argv[1:]
    found = unguarded(kind, float(asked), int(services), int(days))
    print(json.dumps([found.during, found.elsewhere]))
