from __future__ import annotations

import numpy as np
import pytest

from detector.detection.calibration import (
    AS_MANY,
    LEAST_DAYS,
    UNSURE_DAYS,
    UNSURE_EVIDENCE,
    YOUNG_DAYS,
    YOUNG_EVIDENCE,
    Base,
    base_threshold,
    end_day,
    threshold_now,
)
from detector.detection.kernels.series_record import DAYS, RECORD
from detector.detection.options import DetectionOptions
from tests.detection.counting import detect, opened, usual


def test_rarer_pages_need_more_evidence() -> None:
    rates = [10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01]
    counting, knowing, days = zip(*(base_threshold(r) for r in rates), strict=True)
    assert list(days) == sorted(days)
    assert list(counting) == sorted(set(counting))
    assert list(knowing) == sorted(set(knowing))
    assert DetectionOptions().max_false_pages_per_week == 0.03


SEVEN = Base(7.0, 7.0, 5.45)


def _after(maxima: list[float], base: Base = SEVEN, density: float = 1.0) -> float:
    records = np.zeros(1, RECORD)
    for highest in maxima:
        records["highest"] = highest
        end_day(records[0], density)
    return threshold_now(records[0], base)


def test_a_calm_past_leaves_the_threshold_alone() -> None:
    assert _after([2.0] * 40) == 7.0


def test_where_posts_are_many_another_limit_counts() -> None:
    base = Base(5.0, 9.0, 5.45)
    calm = [2.0] * 40
    assert _after(calm, base, 0.0) == 5.0
    assert _after(calm, base, AS_MANY / 30) == pytest.approx(7.0)
    assert _after(calm, base, 1e9) == pytest.approx(9.0)


def test_a_past_full_of_evidence_raises_the_threshold_until_it_is_forgotten() -> None:
    assert _after([9.0] * LEAST_DAYS) > 12
    assert _after([9.0] * (LEAST_DAYS - 1)) == _after([2.0] * (LEAST_DAYS - 1))
    assert _after([9.0] * DAYS + [2.0] * DAYS) == 7.0


def test_a_past_with_a_wide_tail_raises_the_threshold_as_far_as_the_tail_says() -> None:
    rng = np.random.default_rng(1)
    narrow = _after(list(np.minimum(rng.gumbel(2.0, 0.5, 40), 6.9)))
    wide = _after(list(rng.gumbel(4.0, 3.0, 40)))
    wider = _after(list(rng.gumbel(4.0, 6.0, 40)))
    assert narrow == 7.0
    assert 15.0 < wide < wider
    assert wide == pytest.approx(4.0 + 3.0 * 5.45, rel=0.5)


def test_the_days_of_a_few_outages_do_not_raise_the_threshold() -> None:
    assert _after(([2.0] * 9 + [60.0]) * 4) == 7.0


def test_a_young_series_must_show_more_day_by_day_less() -> None:
    thresholds = [_after([2.0] * days) for days in range(UNSURE_DAYS + 1)]
    assert thresholds == sorted(set(thresholds), reverse=True)
    assert thresholds[0] == 7.0 + YOUNG_EVIDENCE + UNSURE_EVIDENCE
    assert thresholds[YOUNG_DAYS] < 7.0 + UNSURE_EVIDENCE
    assert thresholds[-1] == 7.0


def test_an_outage_a_week_leaves_the_threshold_alone() -> None:
    assert _after(([2.0] * 6 + [30.0]) * 5) == 7.0


@pytest.mark.parametrize("dispersion", [1.0, 1.5, 3.0])
@pytest.mark.parametrize("level", [0.1, 1.5, 15.0])
def test_calm_series_page_less_than_asked_for(level: float, dispersion: float) -> None:
    counts = usual(70, level=level, dispersion=dispersion, seed=20)
    for asked in (0.1, 1.0):
        step = detect(counts, options=DetectionOptions(max_false_pages_per_week=asked))
        assert opened(step) / 10 <= 2 * asked + 0.1


def test_over_many_weeks_one_false_page_a_week_is_half_to_one() -> None:
    weeks, found = 0, 0
    options = DetectionOptions(max_false_pages_per_week=1.0)
    for seed, (level, dispersion) in enumerate(
        (level, dispersion) for level in (0.1, 1.5, 15.0) for dispersion in (1.0, 1.5, 3.0)
    ):
        counts = usual(140, level=level, dispersion=dispersion, seed=100 + seed)
        found += opened(detect(counts, options=options))
        weeks += 20
    assert 0.5 <= found / weeks <= 1.0
