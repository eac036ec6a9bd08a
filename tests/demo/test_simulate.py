"""The scenarios are reproducible and say what is documented."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from detector.demo.reconstruction import Scenario, parse_scenario
from detector.demo.simulate import simulate
from detector.errors import InputError
from detector.model.known_outages import parse_catalogue

FOLDER = Path(__file__).parents[2] / "data" / "scenarios"
TEMPLATES = (FOLDER.parent / "templates.toml").read_text(encoding="utf-8")
NAMES = sorted(p.stem for p in FOLDER.glob("*.toml"))
OUTAGE_WORDS = ("doubt", "complaint", "feeling")


def scenario(name: str) -> Scenario:
    return parse_scenario((FOLDER / f"{name}.toml").read_text(encoding="utf-8"), TEMPLATES)


@pytest.fixture(scope="module")
def drawn() -> dict[str, pd.DataFrame]:
    return {name: simulate(scenario(name), labelled=True) for name in NAMES}


def complaints(posts: pd.DataFrame) -> pd.DataFrame:
    return posts[posts["stream"].isin(OUTAGE_WORDS)]


def between(posts: pd.DataFrame, left: str, right: str) -> pd.DataFrame:
    zone = "Asia/Shanghai"
    return posts[
        (posts["time"] >= pd.Timestamp(left, tz=zone))
        & (posts["time"] < pd.Timestamp(right, tz=zone))
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_says_that_it_is_a_reconstruction(name: str) -> None:
    text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    assert text.startswith("# A RECONSTRUCTION")


@pytest.mark.parametrize("name", NAMES)
def test_posts_are_whole_ordered_and_inside_the_span(
    name: str, drawn: dict[str, pd.DataFrame]
) -> None:
    posts, what = drawn[name], scenario(name)
    assert posts["time"].is_monotonic_increasing
    assert str(posts["time"].dt.tz) == "UTC"
    assert what.start <= posts["time"].iloc[0] <= posts["time"].iloc[-1] < what.end
    assert posts["id"].is_unique
    assert posts["text"].str.len().min() > 0
    assert not posts["text"].str.contains(r"[{}]").any()
    assert not posts.isna().any(axis=None)


@pytest.mark.parametrize("name", NAMES)
def test_there_is_a_month_before_and_a_day_after(name: str) -> None:
    what = scenario(name)
    start = what.truth.start or pd.Timestamp("2019-06-13", tz="Asia/Shanghai")
    assert start - what.start >= pd.Timedelta(days=28)
    assert what.end - (what.truth.end or start) >= pd.Timedelta(days=1)


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_keeps_to_the_catalogue(name: str) -> None:
    what = scenario(name)
    text = (FOLDER.parent / "outages.toml").read_text(encoding="utf-8")
    (known,) = (outage for outage in parse_catalogue(text) if outage.key == what.catalogue)
    assert what.truth.outage == known.is_outage
    assert set(what.truth.components_not_hit) == set(known.components_not_hit)
    if what.truth.start is not None:
        assert set(what.truth.components) == set(known.components_hit)
        assert known.start_earliest <= what.truth.start
        assert what.truth.start - known.start_latest < pd.Timedelta(days=1)


def test_the_same_seed_gives_the_same_posts_and_another_seed_others() -> None:
    what = scenario(NAMES[0])
    first = simulate(what)
    pd.testing.assert_frame_equal(first, simulate(what))
    assert not first["text"].equals(simulate(what, seed=what.seed + 1)["text"])


def test_a_stream_more_or_less_changes_no_other_stream() -> None:
    what = scenario(NAMES[0])
    fewer = replace(what, streams=what.streams[1:])
    whole, part = (simulate(w, labelled=True).drop(columns="id") for w in (what, fewer))
    whole = whole[whole["stream"] != what.streams[0].name].reset_index(drop=True)
    pd.testing.assert_frame_equal(whole, part)


def test_the_stream_is_told_only_when_asked() -> None:
    assert list(simulate(scenario(NAMES[0])).columns) == [
        "time",
        "id",
        "author",
        "text",
        "lang",
        "region",
        "platform",
    ]


def test_2013_ramps_between_half_past_seven_and_eight(drawn: dict[str, pd.DataFrame]) -> None:
    said = complaints(drawn["wechat-2013-07-22"])
    assert said["time"].min() >= pd.Timestamp("2013-07-22 07:30", tz="Asia/Shanghai")
    ramp = between(said, "2013-07-22 07:30", "2013-07-22 08:00")
    later = between(said, "2013-07-22 09:00", "2013-07-22 09:30")
    assert 5 < len(ramp) < len(later) / 2


def test_2013_speaks_from_six_provinces_and_the_operator_at_its_times(
    drawn: dict[str, pd.DataFrame],
) -> None:
    posts = drawn["wechat-2013-07-22"]
    shown = complaints(posts)["region"].str.split(" ").str[0].value_counts()
    assert set(shown.drop("").head(6).index) == {"北京", "广东", "浙江", "山东", "黑龙江", "河南"}
    spoken = posts.loc[posts["author"] == "operator", "time"].dt.tz_convert("Asia/Shanghai")
    assert [f"{t:%H:%M}" for t in spoken] == ["09:26", "11:00", "12:20", "14:25"]


def test_2014_pauses_and_comes_back_in_shanghai(drawn: dict[str, pd.DataFrame]) -> None:
    said = complaints(drawn["wechat-2014-10-20"])
    day = "2014-10-20"
    first, pause, second = (
        len(between(said, f"{day} {left}", f"{day} {right}"))
        for left, right in (("17:10", "17:25"), ("17:52", "18:07"), ("18:15", "18:30"))
    )
    assert pause < first / 2
    assert pause < second / 2
    assert said["time"].max() < pd.Timestamp(f"{day} 19:31", tz="Asia/Shanghai")
    assert (said["region"].str.contains("上海|Shanghai")).mean() > 0.4


def test_2015_is_on_iphones_for_more_than_a_day(drawn: dict[str, pd.DataFrame]) -> None:
    said = complaints(drawn["wechat-2015-09-13"])
    assert said["time"].max() - said["time"].min() > pd.Timedelta(days=1)
    shown = said.loc[said["platform"] != "", "platform"]
    assert shown.str.contains("iPhone|iPad").mean() > 0.9


def test_2019_flags_have_no_outage_complaint(drawn: dict[str, pd.DataFrame]) -> None:
    assert complaints(drawn["wechat-2019-06-13-flags"]).empty
    assert scenario("wechat-2019-06-13-flags").truth.outage is False


def test_chatter_follows_the_local_clock(drawn: dict[str, pd.DataFrame]) -> None:
    posts = drawn[NAMES[0]]
    local = posts.loc[posts["stream"] == "chatter", "time"].dt.tz_convert("Asia/Shanghai")
    per_hour = local.dt.hour.value_counts()
    assert per_hour[4] < per_hour[21] / 8


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("per_day = 350", "per_dey = 1150", "per_dey", id="a misspelt key"),
        pytest.param(
            "say = { chatter = 1 }", "say = { chater = 1 }", "chater", id="no such symbol"
        ),
        pytest.param('"Asia/Shanghai"', '"Asia/Sanghai"', "time_zone", id="no such time zone"),
        pytest.param("outage = true", "outage = false", "truth.start", id="no outage but a start"),
        pytest.param("[truth]", "[truth", "not valid TOML", id="not TOML"),
        pytest.param(
            "reconstruction = true", "reconstruction = false", "reconstruction", id="a recording"
        ),
        pytest.param('"北京" = 0.19', '"京" = 0.19', "'京' is none of", id="no such region"),
        pytest.param('"2013-07-22 07:40"', '"2013-07-22 07:20"', "ascend", id="curve goes back"),
        pytest.param('"2013-07-22 07:40"', '"soon"', "local times as", id="curve time is no time"),
        pytest.param(
            'name = "unrelated"', 'name = "chatter"', "different names", id="a name twice"
        ),
        pytest.param("per_day = 350", "", "either per_day or curve", id="no volume"),
        pytest.param(
            'react = ["坐等"', 'react = ["{react}"', "back to themselves", id="endless text"
        ),
        pytest.param(
            'react = ["坐等"', 'react = ["{reakt}"', "reakt", id="unknown symbol in a text"
        ),
    ],
)
def test_a_wrong_scenario_is_refused_and_says_where(old: str, new: str, message: str) -> None:
    text = (FOLDER / "wechat-2013-07-22.toml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(InputError, match=message):
        parse_scenario(text.replace(old, new, 1), TEMPLATES)
