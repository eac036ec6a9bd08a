from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.labelled import SHARED, judge


def test_nothing_is_said_where_nothing_is_at_hand(tmp_path: Path) -> None:
    assert judge(tmp_path) is None


def test_scores_of_labelled_volumes() -> None:
    found = judge()
    if found is None:
        pytest.skip(f"labelled tweet volumes are not at hand: no {SHARED}/data/nab_tweets")
    assert found.best["standard"] >= found.fixed["standard"] >= 84
    assert found.held_out >= 75
    assert len(found.per_series) == 5
