from __future__ import annotations

from math import nan
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from benchmarks import ours, tables
from benchmarks.confounding import NONE, blame
from benchmarks.curve import svg
from benchmarks.methods import RIVALS
from benchmarks.speed import Growth, history
from benchmarks.synthetic import Recipe, generate
from benchmarks.trial import arena, run_matched, run_ours, run_rival
from benchmarks.wishes import granted, quiet
from detector.detection.truth_matching import Claim


def claim(minute: float, service: str = "a") -> Claim:
    at = pd.Timestamp("2024-01-01T00:00Z").timestamp() + 60 * minute
    return Claim(service, at, at, at + 60, False, nan, nan)


CONFOUNDERS = pd.DataFrame(
    [
        ("a", "weekly", "2024-01-01T01:00:00Z", "2024-01-01T02:00:00Z"),
        ("a", "burst", "2024-01-01T01:30:00Z", "2024-01-01T01:32:00Z"),
        ("b", "dead", "2024-01-01T01:00:00Z", "2024-01-01T02:00:00Z"),
    ],
    columns=["service", "kind", "start", "end"],
)


@pytest.mark.parametrize(
    ("alarm", "cause"),
    [
        pytest.param(claim(70), "weekly", id="inside the bump"),
        pytest.param(claim(149), "weekly", id="within half an hour of it"),
        pytest.param(claim(151), NONE, id="later"),
        pytest.param(claim(95), "burst", id="a burst within the bump is blamed first"),
        pytest.param(claim(70, "b"), "dead", id="another service has its own"),
        pytest.param(claim(70, "c"), NONE, id="nothing known of the service"),
    ],
)
def test_alarms_are_put_down_to_what_was_going_on(alarm: Claim, cause: str) -> None:
    assert blame([alarm], CONFOUNDERS) == {cause: 1}


def test_a_table_is_markdown_and_unknown_is_a_dash() -> None:
    text = tables.table(["method", "recall"], [["ours", tables.number(nan)]])
    assert text == "| method | recall |\n| --- | ---: |\n| ours | – |\n"


def test_a_picture_is_well_formed_and_holds_every_method() -> None:
    picture = svg({"a & b": [(0.0, 0.9), (0.3, 0.95)], "c": [(1.0, 0.5)]}, "curves <of> two")
    root = ET.fromstring(picture)
    texts = [e.text for e in root.iter() if e.text]
    assert {"a & b", "c", "curves <of> two"} <= set(texts)
    assert sum(e.tag.endswith("polyline") for e in root.iter()) == 2


def test_growth_is_the_slope_in_log_log() -> None:
    assert Growth("x", (10, 100), (1.0, 100.0)).exponent == pytest.approx(2.0)
    assert Growth("x", (10, 100), (1.0, 10.0)).bins_per_second == 10.0
    assert (history(100) == history(100)).all()


def test_all_methods_meet_on_the_same_outages() -> None:
    a = arena("short", generate(Recipe(31, 3, 21)), generate(Recipe(32, 3, 21, outages=0)))
    mine, theirs = run_ours(a), run_rival(a, RIVALS[-2])
    assert mine.method == ours.NAME
    assert mine.matching.outages == theirs.matching.outages
    assert len(mine.matching.outages) == len(a.track.truth)
    assert theirs.false_alarms_per_week <= 0.25
    assert mine.figures.recall > 0.5
    matched = run_matched(a, RIVALS[-2], 0)
    assert matched.figures.false_alarms == 0
    page = tables.overall([mine, theirs]) + tables.by_label([mine, theirs], "size")
    assert page.count(RIVALS[-2].name) == 2


def test_a_wish_for_more_alarms_never_delivers_fewer() -> None:
    services = quiet((13,), services=9, days=22)
    rare, often = granted(0.03, services), granted(1.0, services)
    assert often.delivered >= rare.delivered >= 0
    assert often.delivered == pytest.approx(np.average(often.by_level, weights=often.weeks.sum(1)))
    assert len(often.by_week) == 4
