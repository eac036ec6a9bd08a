"""Charts: they are sound XML, keep peaks, hatch what was not observed, and take no orders."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, timedelta
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from detector.report.chart import NARROW, STRIP, WIDE, bar, counts_chart, sparkline
from detector.report.chart_frame import Size
from detector.report.chart_marks import Label, Note, place, text_width
from detector.views.curve import Curve, columns
from detector.views.expected_range import band, dispersion_of
from tests.report.looks import MINUTE, START, a_curve, a_shade

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return [t.text or "" for t in ET.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("size", [WIDE, NARROW, STRIP], ids=["wide", "narrow", "strip"])
def test_a_chart_is_sound_and_says_what_it_shows(size: Size) -> None:
    svg = counts_chart(a_curve(), name="a", label="WeChat", shades=[a_shade()], size=size)
    root = ET.fromstring(svg)
    assert (root.get("role"), root.get("aria-label")) == ("img", "WeChat")


def test_the_times_of_an_incident_are_written_beside_it() -> None:
    svg = counts_chart(a_curve(), name="a", label="", shades=[a_shade()], zone=UTC)
    assert {"began 07:00", "noticed 07:11", "over 10:20"} <= set(texts(svg))


def test_names_cannot_break_out_of_a_chart() -> None:
    hostile = '"><script>alert(1)</script>'
    shade = replace(a_shade(), severity=hostile)
    svg = counts_chart(
        a_curve(), name="a", label=hostile, shades=[shade], notes=[Note(START, hostile)]
    )
    assert "<script" not in svg
    assert ET.fromstring(svg).get("aria-label") == hostile
    assert "<script" not in sparkline(a_curve(), label=hostile)


def test_a_chart_asks_for_nothing_from_elsewhere_and_brings_no_style_or_script() -> None:
    svg = counts_chart(a_curve(gap=(10, 90)), name="a", label="", shades=[a_shade()], tips=True)
    assert not re.search(r"href|<style|style=|<script|\bon\w+=", svg)
    assert re.findall(r"url\(([^)]*)\)", svg) == ["#a-hatch"]


def test_what_was_not_observed_is_hatched_and_the_line_breaks_there() -> None:
    whole = counts_chart(a_curve(), name="a", label="")
    holed = counts_chart(a_curve(gap=(300, 420)), name="a", label="")
    assert "url(#a-hatch)" not in whole
    assert holed.count("url(#a-hatch)") == 1

    def strokes(svg: str) -> int:
        found = re.search(r'class="od-counts" d="([^"]*)"', svg)
        assert found
        return found[1].count("M")

    assert (strokes(whole), strokes(holed)) == (1, 2)


def test_where_nothing_was_observed_the_chart_says_so() -> None:
    nothing = np.full(60, np.nan)
    svg = counts_chart(Curve(START, MINUTE, nothing, nothing), name="a", label="")
    assert "nothing was observed" in texts(svg)


def test_a_list_on_which_the_service_does_not_stand_was_observed() -> None:
    nothing, floor = np.full(60, np.nan), np.full(60, 1000.0)
    curve = Curve(START, MINUTE, nothing, floor, 1.0, np.ones(60, dtype=np.bool_), listed=True)
    svg = counts_chart(curve, name="a", label="")
    assert "hatch)" not in svg
    assert "od-band" not in svg
    assert "od-expected" in svg


def test_every_column_can_tell_its_numbers() -> None:
    svg = counts_chart(a_curve(60), name="a", label="", tips=True)
    titles = [t.text for t in ET.fromstring(svg).iter(f"{SVG}title")]
    assert len(titles) == 60
    assert re.fullmatch(r"2013-07-21 16:00: \d+, expected 4", titles[0] or "")


@given(
    counts=arrays(np.float64, st.integers(1, 3000), elements=st.floats(0, 1e6)),
    holes=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 200)), max_size=3),
    most=st.integers(1, 300),
    minutes=st.sampled_from([0.25, 1, 5, 60]),
)
def test_columns_keep_peaks_and_means_whatever_their_width(
    counts: np.ndarray, holes: list[tuple[int, int]], most: int, minutes: float
) -> None:
    counts = counts.copy()
    for first, length in holes:
        counts[first : first + length] = np.nan
    curve = Curve(START, timedelta(minutes=minutes), counts, np.ones(len(counts)))
    cols = columns(curve, most=most)
    assert len(cols.mean) <= most + 1
    known = counts[np.isfinite(counts)]
    if len(known):
        assert np.nanmax(cols.high) == known.max()
        assert np.nanmin(cols.low) == known.min()
        seen = np.isfinite(cols.mean)
        assert (cols.low[seen] <= cols.mean[seen] * (1 + 1e-9) + 1e-9).all()
        assert (cols.mean[seen] <= cols.high[seen] * (1 + 1e-9) + 1e-9).all()
    assert np.array_equal(np.isfinite(cols.mean), cols.seen > 0)


def test_a_stretch_of_a_curve_holds_the_bins_that_begin_in_it() -> None:
    curve = a_curve(100)
    part = curve.between(START + timedelta(minutes=9.5), START + timedelta(minutes=20))
    assert part.start == START + 10 * MINUTE
    assert np.array_equal(part.counts, curve.counts[10:20])
    assert len(curve.between(START - timedelta(days=2), START - timedelta(days=1)).counts) == 0
    assert len(curve.between(START - timedelta(days=2), START + timedelta(days=2)).counts) == 100


def test_the_band_holds_nine_of_ten_ordinary_bins() -> None:
    rng = np.random.default_rng(3)
    expected = np.full(20_000, 30.0)
    counts = rng.negative_binomial(30.0 / 1.5, 1 / 2.5, len(expected)).astype(np.float64)
    dispersion = dispersion_of(counts, expected)
    assert dispersion == pytest.approx(2.5, rel=0.1)
    low, high = band(expected, dispersion)
    assert np.mean((counts >= low) & (counts <= high)) == pytest.approx(0.9, abs=0.03)


def test_few_bins_are_taken_for_poisson() -> None:
    assert dispersion_of(np.array([1.0, 50.0]), np.array([1.0, 1.0])) == 1.0


@given(
    st.lists(st.tuples(st.floats(0, 860), st.text("began 0123微信", max_size=14), st.booleans())),
    st.integers(1, 4),
)
def test_labels_never_cover_each_other(wanted: list[tuple[float, str, bool]], lanes: int) -> None:
    labels = [Label(x, text, before) for x, text, before in wanted]
    spans = []
    for one in place(labels, low=0, high=860, lanes=lanes, size=11):
        wide = text_width(one.label.text, size=11)
        left = one.x - wide if one.anchor == "end" else one.x
        assert 0 <= left <= left + wide <= 860
        assert all(lane != one.lane or left + wide <= a or b <= left for lane, a, b in spans)
        spans.append((one.lane, left, left + wide))


def test_a_bar_is_decoration() -> None:
    assert 'aria-hidden="true"' in bar(0.4, low=0.3, high=0.6)
    assert 'width="40"' in bar(0.4)
