"""What is asked for is delivered: half of it to all of it, where nothing is out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

from benchmarks.running import Prepared
from benchmarks.wishes import granted, quiet

SURE = 0.005
"""Chance that a rate within the bounds is taken for one outside, per figure."""


@pytest.fixture(scope="module")
def services() -> list[Prepared]:
    """Three levels, three dispersions, 540 service-weeks with all that is no outage."""
    return quiet((31, 32, 33), services=36, days=35)


@pytest.mark.parametrize(("asked", "least"), [(0.1, 1 / 2), (0.25, 1 / 2), (1.0, 1 / 3)])
def test_half_of_what_was_asked_for_to_all_of_it_is_delivered(
    asked: float, least: float, services: list[Prepared]
) -> None:
    """Who asks for many gets a third at least: the tail of the past is on the careful side."""
    found = granted(asked, services)
    for axes in ((0, 1), 0, 1):
        alarms, weeks = found.alarms.sum(axis=axes), found.weeks.sum(axis=axes)
        assert np.all(alarms >= poisson.ppf(SURE, least * asked * weeks))
        assert np.all(alarms <= poisson.ppf(1 - SURE, asked * weeks))
