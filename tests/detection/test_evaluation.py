from __future__ import annotations

import importlib.util
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isnan
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.synthetic import Recipe, generate
from detector.detection.evaluation import evaluate, figures, shares
from detector.detection.truth_matching import claims_of, coverage_of, match, outages_of

JUDGE = Path(__file__).resolve().parents[3] / "shared" / "bench" / "score.py"
ZERO = datetime(2022, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(minute: float) -> str:
    return (ZERO + minute * MINUTE).isoformat()


def incident(start: float, noticed: float | None, end: float | None, **more: Any) -> dict[str, Any]:
    return {
        "service": "a",
        "started_at": at(start),
        "noticed_at": None if noticed is None else at(noticed),
        "ended_at": None if end is None else at(end),
        **more,
    }


TRUTH = pd.DataFrame(
    [("a", at(100), at(160), "mult"), ("a", at(1000), at(1100), "add"), ("a", at(5000), "", "add")],
    columns=["service", "start", "end", "kind"],
)
COUNTS = pd.DataFrame(
    {"time": pd.date_range(ZERO, periods=10080, freq="min"), "service": "a", "count": 1.0}
)
OBSERVED = coverage_of(COUNTS, MINUTE)
FOUND = [
    incident(102, 108, 170, started_at_earliest=at(99), started_at_latest=at(105)),
    incident(130, 135, 140),
    incident(5010, 5020, None, started_at_earliest=at(5005), started_at_latest=at(5015)),
    incident(3000, 3010, 3030),
    incident(900, 910, 1050),
    incident(1090, None, 1101),
]


def test_figures_of_a_case_done_by_hand() -> None:
    e = evaluate(FOUND, TRUTH, OBSERVED)
    assert (e.outages, e.incidents, e.false_alarms, e.early, e.splits) == (3, 5, 1, 1, 1)
    assert e.recall == pytest.approx(2 / 3)
    assert e.precision == pytest.approx(2 / 4)
    assert e.service_weeks == pytest.approx(1.0)
    assert e.false_alarms_per_week == pytest.approx(1.0)
    assert (e.delay_median, e.delay_p90) == (pytest.approx(14.0), pytest.approx(18.8))
    assert e.caught_within == {
        m: pytest.approx(s / 3)
        for m, s in zip((3, 5, 10, 15, 30, 60), (0, 0, 1, 1, 2, 2), strict=True)
    }
    assert (e.start_error_median, e.start_bias_median) == (6.0, 6.0)
    assert (e.interval_coverage, e.interval_width_median) == (0.5, 8.0)
    assert e.end_error_median == 10.0
    on_alert = (170 - 108) + (10080 - 5020) + (3030 - 3010) + (1050 - 910)
    assert e.alert_time == pytest.approx(on_alert / (60 + 100 + 360))
    assert e.alerted_time == pytest.approx((52 + 50 + 340) / (60 + 100 + 360))


def test_nothing_is_known_of_nothing() -> None:
    e = evaluate([], TRUTH.iloc[:0])
    assert e.outages == e.incidents == 0
    unknown = [value for name, value in e.rows() if isinstance(value, float)]
    assert len(unknown) >= 18
    assert all(isnan(value) for value in unknown)


def test_silence_has_recall_zero_and_unknown_precision() -> None:
    e = evaluate([], TRUTH, OBSERVED)
    assert e.recall == 0
    assert isnan(e.precision)
    assert e.false_alarms_per_week == 0
    assert e.caught_within[60] == 0


def test_groups_by_label() -> None:
    m = match(outages_of(TRUTH), claims_of(FOUND, OBSERVED))
    assert {k: str(v) for k, v in shares(m, ["kind"]).items()} == {"add": "1/2", "mult": "1/1"}
    assert figures(m, OBSERVED) == evaluate(FOUND, TRUTH, OBSERVED)


def test_every_figure_has_a_row() -> None:
    names = [name for name, _ in evaluate(FOUND, TRUTH, OBSERVED).rows()]
    assert names[:3] == ["outages", "incidents", "recall"]
    assert "caught_within_10_min" in names
    assert len(names) == len(set(names)) == 25


@pytest.fixture(scope="module")
def judge() -> ModuleType:
    if not JUDGE.exists():
        pytest.skip(f"the benchmark's own scorer is not at hand: no {JUDGE}")
    spec = importlib.util.spec_from_file_location("judge", JUDGE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def guesses(truth: pd.DataFrame, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Incidents around the truth, and some out of the blue: open, split, early, never noticed."""
    found = []
    for row in truth.itertuples():
        start = pd.Timestamp(row.start)
        length = (pd.Timestamp(row.end) - start) / pd.Timedelta("1min")
        for _ in range(int(rng.integers(0, 4))):
            begin = start + pd.Timedelta(minutes=float(rng.integers(-60, int(length) + 40)))
            noticed = begin + pd.Timedelta(minutes=float(rng.integers(0, 60)))
            end = noticed + pd.Timedelta(minutes=float(rng.integers(-10, 400)))
            with_interval = rng.random() < 0.7
            slack = pd.Timedelta(minutes=float(rng.integers(1, 40)))
            found.append(
                {
                    "service": row.service,
                    "started_at": begin.isoformat(),
                    "noticed_at": None if rng.random() < 0.05 else noticed.isoformat(),
                    "ended_at": None if rng.random() < 0.05 else end.isoformat(),
                    "started_at_earliest": (begin - slack).isoformat() if with_interval else None,
                    "started_at_latest": (begin + slack).isoformat() if with_interval else None,
                }
            )
    return found


SAME = {
    "outages": "outages",
    "incidents": "incidents",
    "recall": "recall",
    "precision": "precision",
    "false_alarms": "false_alarms",
    "early": "early",
    "service_weeks": "service_weeks",
    "fa_per_service_week": "false_alarms_per_week",
    "delay_median": "delay_median",
    "delay_p90": "delay_p90",
    "start_err_median": "start_error_median",
    "start_err_p90": "start_error_p90",
    "start_bias_median": "start_bias_median",
    "interval_coverage": "interval_coverage",
    "interval_width_median": "interval_width_median",
    "end_err_median": "end_error_median",
    "splits": "splits",
    "alert_time_over_truth": "alert_time",
    "truth_time_alerted": "alerted_time",
}


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_the_benchmarks_own_scorer(judge: ModuleType, seed: int) -> None:
    track = generate(Recipe(seed, services=9, days=21, outages=6))
    truth = track.truth.copy()
    truth.loc[truth.index[::7], "end"] = None
    found = guesses(track.truth, np.random.default_rng(seed))
    theirs = judge.score(found, truth, track.counts)
    observed = coverage_of(track.counts, MINUTE)
    ours = evaluate(found, truth, observed)
    assert theirs["false_alarms"] + theirs["early"] + theirs["splits"] > 0
    for their_name, our_name in SAME.items():
        digits = 1 if their_name == "service_weeks" else 2 if "err" in their_name else 3
        digits = 2 if their_name.startswith(("delay", "start", "end", "interval_w")) else digits
        assert round(getattr(ours, our_name), digits) == theirs[their_name], their_name
    assert {k: round(v, 3) for k, v in ours.caught_within.items()} == theirs["caught_within"]
    m = match(outages_of(truth), claims_of(found, observed))
    amplitudes = {k: str(v) for k, v in shares(m, ["kind", "amplitude"]).items()}
    assert amplitudes == theirs["recall_by_amplitude"]
    levels = {k: str(v) for k, v in shares(m, ["baseline"]).items()}
    assert levels == theirs["recall_by_level"]


def test_order_of_incidents_changes_nothing() -> None:
    e = evaluate(FOUND, TRUTH, OBSERVED)
    assert evaluate(FOUND[::-1], TRUTH, OBSERVED) == e
    assert replace(e, recall=1.0) != e
