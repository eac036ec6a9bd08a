"""The table of pages: the naive rule, and a page that is renewed in place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import pages
from benchmarks.weeks import QUIET, START, WHOLE, Week
from detector.pipeline.backtest import DryRun


def counts(*spans: tuple[int, int], height: float = 10.0) -> np.ndarray:
    found = np.ones(WHOLE)
    for first, last in spans:
        found[QUIET + first : QUIET + last] = height
    return found


@pytest.mark.parametrize(
    ("spans", "height", "paged"),
    [
        pytest.param((), 10, 0, id="nothing happens"),
        pytest.param(((100, 130),), 10, 2, id="one crossing and its end"),
        pytest.param(((100, 130), (150, 160)), 10, 4, id="two crossings"),
        pytest.param(((100, 130),), 2, 0, id="not three times the usual"),
        pytest.param(((-300, -100),), 10, 0, id="before the week"),
    ],
)
def test_the_naive_rule_pages_at_every_crossing(
    spans: tuple[tuple[int, int], ...], height: float, paged: int
) -> None:
    assert pages.naive_pages(counts(*spans, height=height), np.ones(WHOLE)) == paged


def test_the_page_keeps_what_stands_around_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{pages.BEGIN}\nold\n{pages.END}\nafter\n")
    quiet = Week("quiet", "nothing", {"a": counts()}, {"a": np.ones(WHOLE)})
    monkeypatch.setattr(pages, "weeks", lambda: [quiet])
    monkeypatch.setattr(pages, "lived", lambda week, _: pages.Result(week, 0, 3, 0, DryRun((), ())))
    monkeypatch.setattr(pages, "the_plan", lambda: None)
    pages.main(["--page", str(page)])
    text = page.read_text()
    assert text.startswith(f"before\n{pages.BEGIN}")
    assert text.endswith(f"{pages.END}\nafter\n")
    assert "| quiet: nothing | 0 | 3 | 0 | **0** |" in text
    assert "old" not in text


def test_a_week_begins_after_three_weeks_of_learning() -> None:
    week = Week("quiet", "nothing", {"a": counts()}, {"a": np.ones(WHOLE)})
    assert (week.since - START).days == 21
    poll = week.poll()
    assert poll.counts is not None
    assert len(poll.counts) == WHOLE
