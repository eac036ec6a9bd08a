"""What `import detector` offers, on small tables."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
import ruptures

import detector
from detector.errors import InputError
from detector.report.analysis import Analysis
from tests.laws.stories import WIDTH, counts


@pytest.fixture(scope="module")
def found() -> Analysis:
    return detector.analyze(counts(), catalogue=False)


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    days = ("12", "13", "14")
    rows = [("WeChat", f"2025-03-{d}T05:00:00Z", f"2025-03-{d}T06:30:00Z") for d in days]
    rows.append(("WeChat", "2025-03-07T05:00:00Z", "2025-03-07T05:30:00Z"))
    return pd.DataFrame(rows, columns=["service", "start", "end"])


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, detector; print(len({'pandas', 'numpy', 'numba'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


def test_every_name_that_is_offered_is_there_and_no_other() -> None:
    assert all(callable(getattr(detector, name)) for name in detector.__all__)
    assert set(detector.__all__) <= set(dir(detector))
    with pytest.raises(AttributeError, match="no attribute 'anylize'"):
        detector.anylize  # noqa: B018


def test_a_table_of_incidents_has_the_columns_of_the_interface(found: Analysis) -> None:
    table = found.table()
    assert len(table) == len(found.incidents) == 6
    assert (table["noticed_at"] > table["started_at"]).all()
    assert str(table["started_at"].dt.tz) == "UTC"


def test_a_file_and_the_same_table_in_memory_show_the_same(found: Analysis, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    rows = counts()
    rows.assign(time=rows["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")).to_csv(path, index=False)
    assert detector.analyze(path, catalogue=False).incidents == found.incidents
    read = detector.read(path)
    assert detector.analyze(read, catalogue=False).incidents == found.incidents


def test_replay_says_what_the_live_path_would_have_said(found: Analysis) -> None:
    history = detector.replay(counts())
    assert {i.noticed_at for i in history.incidents.values()} == {
        i.noticed_at for i in found.incidents
    }


def test_truth_is_compared_incident_by_incident_and_what_was_missed_is_named(
    found: Analysis, truth: pd.DataFrame
) -> None:
    page = found.against(truth).page()
    assert "Documented outages without an incident" in page
    assert "WeChat, Fri 2025-03-07 05:00" in page
    assert "75%" in page
    assert "Known outages" not in found.page()


def test_a_figure_shows_itself_and_is_short_when_printed(found: Analysis) -> None:
    figure = found.figure(1)
    assert figure._repr_html_().startswith("<style>")
    assert len(repr(figure)) < 60


def test_every_incident_is_ranked_in_its_service_s_own_history(found: Analysis) -> None:
    from zoneinfo import ZoneInfo

    stories = found.report(ZoneInfo("UTC")).stories
    standings = [s.standing for s in stories if s.incident.service == "QQ"]
    assert sorted(s.rank for s in standings if s) == [1, 2, 3]
    for standing in standings:
        assert standing is not None
        assert standing.ordinary is not None
        assert standing.busiest > 2 * standing.ordinary
        assert standing.days == pytest.approx(12)


def test_the_live_path_is_told_apart_from_hindsight(found: Analysis) -> None:
    seen = tuple(replace(one, was_noticed=False) for one in found.review.incidents)
    blind = replace(found, review=found.review._replace(incidents=seen))
    assert "the live detector would not have noticed it" in blind.page()


def test_documented_outages_are_found_by_any_name_of_their_service() -> None:
    hours = pd.date_range("2013-07-20", "2013-07-23", freq=WIDTH, tz="UTC")
    rows = pd.DataFrame({"time": hours, "service": "微信", "count": 10.0})
    surge = (hours >= "2013-07-21T23:30Z") & (hours < "2013-07-22T06:20Z")
    rows.loc[surge, "count"] = 400.0
    found = detector.analyze(rows)
    assert len(found.incidents) == 1
    page = found.page(zone="Asia/Shanghai")
    assert "Road works had cut the cables." in page
    assert "Road works" not in detector.analyze(rows, catalogue=False).page()


def test_a_wrong_table_is_explained_by_row() -> None:
    rows = counts().head(50).astype({"count": "object"})
    rows.loc[7, "count"] = "many"
    with pytest.raises(InputError, match="line 8, column 'count'"):
        detector.analyze(rows)
    with pytest.raises(InputError, match="neither a counts table"):
        detector.analyze(pd.DataFrame({"when": []}))


def test_a_table_without_rows_gives_a_report_of_nothing() -> None:
    found = detector.analyze(counts().head(0))
    assert found.incidents == ()
    assert "No outage found" in found.page()
    assert found.table().empty


def a_series() -> pd.Series:
    """Two weeks of minutes, fourfold for an hour on the tenth day."""
    times = pd.date_range("2024-03-04", periods=14 * 1440, freq="1min", tz="UTC")
    rate = np.full(len(times), 3.0)
    rate[9 * 1440 + 600 : 9 * 1440 + 660] *= 4
    return pd.Series(np.random.default_rng(0).poisson(rate), index=times)


@pytest.mark.parametrize(
    ("search", "penalty"),
    [(None, None), (ruptures.KernelCPD("linear", min_size=2), 14.0)],
    ids=["our own search", "KernelCPD"],
)
def test_a_series_is_segmented_as_the_command_does(search: object, penalty: float | None) -> None:
    series = a_series()
    found = detector.segment(series, search=search, penalty=penalty)
    (one,) = found.incidents
    assert abs(one.onset.at - series.index[9 * 1440 + 600]) <= pd.Timedelta("2min")
    table = series.rename_axis("time").rename("count").reset_index().assign(service="series")
    known = detector.analyze(table, catalogue=False, search=search, penalty=penalty)
    (incident,) = known.incidents
    assert (incident.onset, incident.ended_at) == (one.onset, one.ended_at)


@pytest.mark.parametrize("mode", ["hindsight", "live"])
def test_a_detector_gives_the_outages_as_a_table(mode: Literal["hindsight", "live"]) -> None:
    table = detector.OutageDetector(mode=mode).detect(a_series())
    (row,) = table.itertuples()
    assert abs(row.started_at - pd.Timestamp("2024-03-13T10:00Z")) <= pd.Timedelta("3min")
    assert abs(row.ended_at - pd.Timestamp("2024-03-13T11:00Z")) <= pd.Timedelta("5min")
    assert pd.isna(row.noticed_at) == (mode == "hindsight")
    assert pd.isna(row.noise_probability) == (mode == "live")


def test_a_detector_refuses_what_it_cannot_use() -> None:
    with pytest.raises(ValueError, match="mode must be 'hindsight' or 'live'"):
        detector.OutageDetector(mode="later")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="DatetimeIndex"):
        detector.segment(pd.Series([1.0, 2.0]))
    with pytest.raises(InputError, match="negative"):
        detector.segment(-1.0 * a_series())
    with pytest.raises(TypeError, match="of ruptures"):
        detector.segment(a_series(), search="pelt")


def test_a_series_without_a_row_has_no_outage() -> None:
    empty = pd.Series([], index=pd.DatetimeIndex([], tz="UTC"), dtype="float64")
    assert detector.segment(empty).incidents == ()
    assert detector.OutageDetector().detect(empty).empty
