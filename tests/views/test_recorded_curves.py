"""Curves out of the store: laid out on their bins, long ones out of hours that keep the peaks."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.model.times import from_seconds
from detector.views.curve import Curve, columns
from detector.views.day_strips import COLUMN, COLUMNS, DayStrips
from detector.views.recorded_curves import recorded_curves, unmelted, width_of
from detector.web.pages.charts import table
from tests.web.house import MINUTE, NOW, counts, house

START = from_seconds(1_700_000_000 // 3600 * 3600)
HOUR = 3600.0


def melted(curve: Curve) -> pd.DataFrame:
    """What the database makes of bins: hours with their highest, lowest, total and number."""
    left = curve.start.timestamp() + 60.0 * np.arange(len(curve.counts))
    frame = pd.DataFrame({"time": left // HOUR * HOUR, "count": curve.counts})
    frame = frame.dropna()
    found = frame.groupby("time")["count"].agg(["max", "min", "sum", "count"]).reset_index()
    found.columns = pd.Index(["time", "count", "low", "total", "bins"])
    found["time"] = pd.to_datetime(found["time"], unit="s", utc=True)
    return found.assign(expected=1.0)


@given(st.lists(st.one_of(st.integers(0, 50), st.none()), min_size=61, max_size=400))
def test_hours_unmelted_have_the_same_columns_as_the_bins(values: list[int | None]) -> None:
    bins = np.array([np.nan if v is None else float(v) for v in values])
    whole = np.concatenate([bins, np.full(-len(bins) % 60, np.nan)])
    curve = Curve(START, MINUTE, whole, np.ones(len(whole)))
    again = unmelted(melted(curve), START, curve.end, like=curve)
    before, after = columns(curve, most=len(whole) // 60), columns(again, most=len(whole) // 60)
    np.testing.assert_allclose(after.high, before.high)
    np.testing.assert_allclose(after.low, before.low)
    np.testing.assert_allclose(after.mean, before.mean)
    np.testing.assert_allclose(after.seen, before.seen)


def test_bins_without_a_row_are_not_observed(tmp_path: Path) -> None:
    rows = counts("WeChat")
    home = house(tmp_path, counts=rows[(rows.index < 600) | (rows.index >= 660)])
    (curve,) = recorded_curves(home.backend.store, "WeChat", NOW - timedelta(days=1), NOW).values()
    assert curve.width == MINUTE
    assert np.isnan(curve.counts).sum() == 60
    assert np.nansum(curve.counts == 0) == 0
    gap = [row for row in table(curve, most=24) if row.seen == 0]
    assert len(gap) == 1
    home.close()


def test_long_spans_keep_the_peak_and_what_was_not_observed(tmp_path: Path) -> None:
    rows = counts("WeChat")
    rows.loc[700, "count"] = 99.0
    home = house(tmp_path, counts=rows)
    (curve,) = recorded_curves(home.backend.store, "WeChat", NOW - timedelta(days=30), NOW).values()
    assert np.nanmax(curve.counts) == 99.0
    assert np.nanmean(curve.counts) == pytest.approx(rows["count"].mean())
    assert np.isnan(curve.counts).mean() == pytest.approx(29 / 30, abs=0.01)
    home.close()


@pytest.mark.parametrize(
    ("times", "width"),
    [([], 60.0), ([0.0], 60.0), ([0.0, 300.0, 600.0, 6000.0], 300.0)],
    ids=["no bin", "one bin", "a gap between"],
)
def test_the_width_is_the_commonest_distance(times: list[float], width: float) -> None:
    assert width_of(np.array(times)) == width


def test_strips_are_a_day_of_every_service_and_keep_up(tmp_path: Path) -> None:
    home = house(tmp_path)
    strips = DayStrips()
    first = strips.of(home.backend)
    assert set(first) == {"WeChat", "QQ"}
    (strip,) = first["WeChat"]
    assert strip.high.shape == (COLUMNS,)
    assert strip.high[-2] == 40.0
    assert strip.start + COLUMNS * COLUMN == NOW + COLUMN
    late = counts("WeChat").iloc[[-1]].assign(count=77.0)
    home.commit(counts=late)
    (strip,) = strips.of(home.backend)["WeChat"]
    assert strip.high[-2] == 77.0
    home.close()
