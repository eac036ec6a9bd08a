"""docs/sources.md says what troubles do to sources; this finds out whether it is so."""

from __future__ import annotations

import pytest

from tests.sources.contract.matrix import ROWS, on_the_page, outcome
from tests.sources.contract.rigs import RIGS


def test_the_page_has_every_trouble_and_every_source() -> None:
    cells = on_the_page()
    assert list(cells) == list(ROWS)
    assert all(list(row) == list(RIGS) for row in cells.values())


def test_no_cell_admits_that_something_is_lost_or_doubled() -> None:
    told = " ".join(cell for row in on_the_page().values() for cell in row.values()).lower()
    assert "lost" not in told
    assert "doubled" not in told


@pytest.mark.parametrize("source", RIGS)
@pytest.mark.parametrize("failure", ROWS)
def test_what_the_page_says_of_a_trouble_is_so(failure: str, source: str) -> None:
    with RIGS[source]() as rig:
        assert outcome(rig, failure) == on_the_page()[failure][source]
