from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.scenery import DAY
from benchmarks.shapes import KINDS, WEIGHTS, shape_of
from benchmarks.synthetic import Recipe, Track, generate

RECIPE = Recipe(seed=7, services=9, days=28)


@pytest.fixture(scope="module")
def track() -> Track:
    return generate(RECIPE)


def dense(track: Track, service: str) -> np.ndarray:
    one = track.counts[track.counts.service == service].set_index("time")["count"]
    times = pd.date_range(RECIPE.start, periods=RECIPE.days * DAY, freq="min")
    return one.reindex(times).to_numpy()


def test_same_recipe_same_track(track: Track) -> None:
    again = generate(RECIPE)
    pd.testing.assert_frame_equal(track.counts, again.counts)
    pd.testing.assert_frame_equal(track.truth, again.truth)
    pd.testing.assert_frame_equal(track.confounders, again.confounders)


def test_another_seed_gives_another_track(track: Track) -> None:
    other = generate(Recipe(seed=8, services=9, days=28))
    assert not other.truth.equals(track.truth)


def test_fewer_services_are_the_same_first_services(track: Track) -> None:
    few = generate(Recipe(seed=7, services=2, days=28))
    known = track.counts[track.counts.service.isin(["svc00", "svc01"])]
    pd.testing.assert_frame_equal(few.counts, known.reset_index(drop=True))


def test_nothing_breaks_in_the_quiet_days_and_every_outage_lasts_15_min_to_8_h_or_fades(
    track: Track,
) -> None:
    start, end = pd.to_datetime(track.truth.start), pd.to_datetime(track.truth.end)
    assert (start >= pd.Timestamp(RECIPE.start) + pd.Timedelta(days=14)).all()
    minutes = (end - start).dt.total_seconds() / 60
    assert minutes.between(5, 480).all()
    assert len(track.truth) >= 2 * RECIPE.services


def test_mean_and_dispersion_are_as_told_where_nothing_happens(track: Track) -> None:
    for service, rate in track.rates.items():
        counts, quiet = dense(track, service), np.ones(len(rate), dtype=bool)
        start = pd.Timestamp(RECIPE.start)
        spans = pd.concat([track.truth, track.confounders[track.confounders.kind != "dst"]])
        for row in spans[spans.service == service].itertuples():
            a, b = ((pd.Timestamp(t) - start) // pd.Timedelta("1min") for t in (row.start, row.end))
            quiet[a:b] = False
        x, mu = counts[quiet], rate[quiet]
        assert not np.isnan(x).any()
        error = np.sqrt(track.phi[service] / mu.sum())
        assert abs(x.sum() / mu.sum() - 1) < 4 * error
        dispersion = np.sum((x - mu) ** 2) / mu.sum()
        assert dispersion == pytest.approx(track.phi[service], rel=0.15)


def test_an_outage_adds_its_amplitude(track: Track) -> None:
    steps = track.truth[track.truth["shape"] == "step"]
    assert len(steps)
    for row in steps.itertuples():
        a, b = (
            int((pd.Timestamp(t) - pd.Timestamp(RECIPE.start)) / pd.Timedelta("1min"))
            for t in (row.start, row.end)
        )
        base = track.rates[row.service][a]
        added = row.amplitude if row.kind == "add" else (row.amplitude - 1) * base
        mean = track.rates[row.service][a:b] + added
        x = dense(track, row.service)[a:b]
        seen = ~np.isnan(x)
        error = np.sqrt(row.phi * mean[seen].sum())
        assert abs((x - mean)[seen].sum()) < 5 * error + 0.1 * mean[seen].sum()


def test_a_dead_source_has_no_rows(track: Track) -> None:
    dead = track.confounders[track.confounders.kind == "dead"]
    assert len(dead) >= RECIPE.services
    for row in dead.itertuples():
        rows = track.counts[track.counts.service == row.service]
        inside = rows.time.between(row.start, row.end, inclusive="left")
        assert not inside.any()


def test_a_null_track_has_no_outage_but_all_confounders() -> None:
    null = generate(Recipe(seed=3, services=30, days=28, outages=0))
    assert null.truth.empty
    assert {"weekly", "step40", "dst", "dead", "burst"} <= set(null.confounders.kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_shape_starts_above_zero_peaks_at_one_and_fits(kind: str) -> None:
    for seed in range(30):
        shape = shape_of(kind, 60, np.random.default_rng(seed))
        assert 5 <= len(shape) <= 60
        assert shape[0] > 0
        assert shape.min() >= 0
        assert shape.max() == pytest.approx(1.0)
        assert shape[-1] > 0.05


def test_weights_are_a_distribution() -> None:
    assert sum(WEIGHTS) == pytest.approx(1.0)
    assert len(WEIGHTS) == len(KINDS)
