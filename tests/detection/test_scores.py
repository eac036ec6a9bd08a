from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.detection.scores import THRESHOLD, WINDOWS, score_series, score_table

SHARED = Path(__file__).resolve().parents[3] / "shared"
FIVE_MINUTES = 300.0
DAY_ROWS = 288


def series(days: int = 12, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    seconds = 1.7e9 + 173.0 + FIVE_MINUTES * np.arange(days * DAY_ROWS)
    rate = 8 + 5 * np.sin(2 * np.pi * np.arange(len(seconds)) / DAY_ROWS)
    return seconds, rng.negative_binomial(rate / 0.5, 1 / 1.5).astype(float)


def test_a_surge_scores_when_it_begins_and_then_falls_silent() -> None:
    seconds, counts = series()
    at = 9 * DAY_ROWS
    counts[at : at + 60] += 80
    score = score_series(seconds, counts, width=FIVE_MINUTES).score
    loud = np.flatnonzero(score >= THRESHOLD)
    during = loud[(loud >= at) & (loud < at + 60)]
    assert at <= during[0] <= at + 1
    assert during[-1] < at + 8
    assert len(loud[loud < at]) <= 3


def test_a_quiet_series_seldom_reaches_the_threshold() -> None:
    rows = [score_series(*series(28, seed), width=FIVE_MINUTES).score for seed in range(8)]
    episodes = sum(
        int(np.sum(np.diff(np.flatnonzero(s >= THRESHOLD), prepend=-999) > DAY_ROWS)) for s in rows
    )
    assert episodes <= 8 * 4 * 1.5, "a week's event should come about once a week"


def test_wild_series_must_burst_more_wildly() -> None:
    seconds, tame = series()
    wild = tame.copy()
    wild[100::400] += 60
    for counts in (tame, wild):
        counts[10 * DAY_ROWS + 7] += 60
    said = [score_series(seconds, c, width=FIVE_MINUTES).score for c in (tame, wild)]
    late = slice(10 * DAY_ROWS + 7, 10 * DAY_ROWS + 9)
    assert said[0][late].max() >= THRESHOLD
    assert said[1][late].max() < said[0][late].max()


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 6 * DAY_ROWS - 1), st.integers(0, 5))
def test_what_is_said_of_a_row_depends_on_no_later_row(cut: int, seed: int) -> None:
    seconds, counts = series(6, seed)
    counts[seed::37] = np.nan
    counts[4 * DAY_ROWS : 4 * DAY_ROWS + 9] += 50
    whole = score_series(seconds, counts, width=FIVE_MINUTES)
    part = score_series(seconds[:cut], counts[:cut], width=FIVE_MINUTES)
    for name in ("expected", "evidence", "score"):
        np.testing.assert_array_equal(getattr(whole, name)[:cut], getattr(part, name))


def test_evidence_is_the_largest_ratio_over_the_windows() -> None:
    seconds, counts = series(3, 4)
    counts[[50, 51, 300]] = np.nan
    seconds[400:] += 7200
    said = score_series(seconds, counts, width=FIVE_MINUTES)
    for t in range(0, len(counts), 11):
        values = []
        for window in WINDOWS:
            inside = (seconds > seconds[t] - window) & (seconds <= seconds[t]) & ~np.isnan(counts)
            x, lam = counts[inside].sum(), said.expected[inside].sum()
            values.append(x * np.log(x / lam) - x + lam if x > lam else 0.0)
        if np.isnan(counts[t]):
            assert np.isnan(said.evidence[t])
        else:
            assert said.evidence[t] == pytest.approx(max(values), abs=1e-9)


def test_unobserved_rows_score_zero_and_make_no_evidence() -> None:
    seconds, counts = series()
    counts[9 * DAY_ROWS :] = np.nan
    said = score_series(seconds, counts, width=FIVE_MINUTES)
    assert np.isnan(said.evidence[9 * DAY_ROWS :]).all()
    assert (said.score[9 * DAY_ROWS :] == 0).all()
    assert np.isfinite(said.expected).all()


@pytest.mark.parametrize(
    ("width", "rate"),
    [(60.0, 0.05), (60.0, 3.0), (900.0, 40.0), (3600.0, 10_000.0), (86400.0, 5.0)],
)
def test_any_width_and_volume_gives_scores_between_zero_and_one(width: float, rate: float) -> None:
    counts = np.random.default_rng(1).poisson(rate, 3000).astype(float)
    counts[2500:2510] += 20 * rate + 5
    said = score_series(width * np.arange(3000), counts, width=width)
    assert ((said.score >= 0) & (said.score <= 1)).all()
    assert (said.expected > 0).all()
    assert said.score[2500:2510].max() > 0.3


def test_a_table_keeps_its_rows_times_and_order() -> None:
    seconds, counts = series(4)
    times = pd.to_datetime(seconds, unit="s", utc=True)
    one = pd.DataFrame({"time": times, "service": "b", "count": counts})
    two = one.assign(service="a", count=counts[::-1])
    table = pd.concat([one, two]).sample(frac=1.0, random_state=3)
    said = score_table(table)
    assert list(said.columns) == ["time", "service", "count", "expected", "evidence", "score"]
    pd.testing.assert_frame_equal(said[["time", "service", "count"]], table.reset_index(drop=True))
    in_order = said[said.service == "b"].sort_values("time")
    np.testing.assert_array_equal(
        in_order.score, score_series(seconds, counts, width=FIVE_MINUTES).score
    )


def test_rows_of_one_time_share_what_the_later_row_says() -> None:
    seconds, counts = series(4)
    times = pd.to_datetime(seconds, unit="s", utc=True)
    table = pd.DataFrame({"time": times, "service": "a", "count": counts})
    wrong = table.iloc[[500]].assign(count=5000.0)
    said = score_table(pd.concat([table.iloc[:500], wrong, table.iloc[500:]]))
    clean = score_table(table)
    np.testing.assert_array_equal(said.score.drop(index=500).to_numpy(), clean.score.to_numpy())
    assert said.score[500] == clean.score[500]


def test_an_empty_table_gives_an_empty_table() -> None:
    table = pd.DataFrame(
        {
            "time": pd.Series([], dtype="datetime64[us, UTC]"),
            "service": pd.Series([], dtype="str"),
            "count": pd.Series([], dtype="float64"),
        }
    )
    assert score_table(table).empty


def test_reaches_the_promised_mark_on_labelled_tweet_volumes(tmp_path: Path) -> None:
    folder, judge = SHARED / "data" / "nab_tweets", SHARED / "bench" / "nab_score.py"
    if not (folder.exists() and judge.exists()):
        pytest.skip(f"labelled tweet volumes are not at hand: no {folder}")
    names = pd.read_csv(folder / "windows.csv").service.unique()
    counts = pd.concat([pd.read_csv(folder / f"{n}.csv", parse_dates=["time"]) for n in names])
    score_table(counts).to_csv(tmp_path / "scores.csv", index=False)
    command = [sys.executable, judge, folder, tmp_path / "scores.csv", "--threshold", THRESHOLD]
    said = subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True)
    assert json.loads(said.stdout)["standard"]["score"] >= 84
