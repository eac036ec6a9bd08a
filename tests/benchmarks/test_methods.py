from __future__ import annotations

import numpy as np
import pytest

from benchmarks.baseline import WARM_UP_DAYS, expect
from benchmarks.methods import RIVALS, Rival
from benchmarks.methods.focus import search
from benchmarks.methods.recovery import end_of
from benchmarks.running import alarms_per_week, claims, prepare, tuned
from benchmarks.synthetic import Recipe, generate

DAY = 1440
RIVAL = pytest.mark.parametrize("rival", RIVALS, ids=lambda r: r.name)


def steady(mean: float, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    counts = np.random.default_rng(seed).poisson(mean, n).astype(float)
    return counts, np.full(n, mean), np.ones(n)


@RIVAL
def test_finds_a_tenfold_surge_at_its_start_and_not_before(rival: Rival) -> None:
    counts, mean, phi = steady(2.0, 2000)
    counts[1000:1200] *= 10
    middle = float(np.sqrt(rival.thresholds[0] * rival.thresholds[1]))
    alarm, start = rival.first_alarm(counts, mean, phi, 0, middle)
    assert 1000 <= alarm < 1030
    assert abs(start - 1000) <= 20


@RIVAL
def test_uses_nothing_after_the_alarm(rival: Rival) -> None:
    counts, mean, phi = steady(2.0, 2000)
    counts[1000:1200] *= 10
    found = rival.first_alarm(counts, mean, phi, 0, 8.0)
    changed = counts.copy()
    changed[found[0] + 1 :] = 0.0
    assert found[0] > 0
    assert rival.first_alarm(changed, mean, phi, 0, 8.0) == found


@RIVAL
def test_says_nothing_when_nothing_is_observed(rival: Rival) -> None:
    counts, mean, phi = steady(2.0, 2000)
    nothing = np.full(2000, np.nan)
    low = rival.thresholds[0]
    assert rival.first_alarm(nothing, mean, phi, 0, low) == (-1, -1)
    assert rival.first_alarm(counts, nothing, phi, 0, low) == (-1, -1)


@pytest.mark.parametrize("seed", range(5))
def test_focus_equals_brute_force_over_all_starts(seed: int) -> None:
    counts, mean, phi = steady(1.5, 300, seed)
    counts[150:] += 1

    def evidence(t: int) -> tuple[float, int]:
        values = []
        for s in range(t + 1):
            x, lam = counts[s : t + 1].sum(), mean[s : t + 1].sum()
            values.append(x * np.log(x / lam) - x + lam if x > lam else 0.0)
        return max(values), int(np.argmax(values))

    slow = next((t, evidence(t)[1]) for t in range(300) if evidence(t)[0] >= 12.0)
    assert search(counts, mean, phi, 0, 12.0, 1.0, 1e9) == slow


def test_an_incident_ends_when_the_surge_does() -> None:
    counts, mean, phi = steady(5.0, 1000)
    counts[100:300] *= 4
    end, known = end_of(counts, mean, phi, 105)
    assert abs(end - 300) <= 10
    assert end <= known <= 400


def test_an_incident_that_never_ends_lasts_to_the_end() -> None:
    counts, mean, phi = steady(5.0, 500)
    counts[100:] *= 4
    assert end_of(counts, mean, phi, 105) == (500, 500)


def test_the_baseline_knows_the_rate_and_looks_only_back() -> None:
    track = generate(Recipe(5, services=3, days=21, outages=0))
    one = prepare(track)[2]
    assert one.true is not None
    late = slice(WARM_UP_DAYS * DAY, 14 * DAY)
    error = np.log(one.given.mean[late] / one.true.mean[late])
    assert np.std(error) < 0.15
    changed = one.counts.copy()
    changed[14 * DAY + 100 :] *= 7
    again = expect(changed, DAY)
    np.testing.assert_array_equal(again.mean[: 14 * DAY], one.given.mean[: 14 * DAY])
    np.testing.assert_array_equal(again.phi[: 14 * DAY], one.given.phi[: 14 * DAY])


def test_tuning_keeps_the_promise_and_does_not_waste_it() -> None:
    null = prepare(generate(Recipe(6, services=6, days=21, outages=0)))
    rival = RIVALS[-2]
    threshold = tuned(rival, null, 1.0)
    assert alarms_per_week(rival, threshold, null) <= 1.0
    assert alarms_per_week(rival, threshold * 0.9, null) > 0.5
    assert all(c.noticed > c.start for c in claims(rival, threshold, null))
