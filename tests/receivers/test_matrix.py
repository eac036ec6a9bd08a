"""docs/receivers.md says what happens in trouble; this finds out whether it is so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.receivers.matrix import (
    ASKS_FOR_A_PAUSE,
    ECHOES,
    HOSTILE_NAME,
    OUT_OF_REACH,
    ROWS,
    on_the_page,
    outcome,
)
from tests.receivers.receivers import OVER_HTTP, RECEIVERS

#: What everything that speaks HTTP owes; the rest is on the page.
LAW = {
    "takes it (2xx)": "sent",
    "wants time (408, 425, 429)": "tried again",
    "is in trouble (5xx)": "tried again",
    "refuses it (other 4xx)": "given up",
    "points elsewhere (3xx)": "given up",
    "does not answer": "tried again",
    "answers without end": "tried again",
    "hangs up": "tried again",
    "speaks no HTTP": "tried again",
    OUT_OF_REACH: "tried again",
    HOSTILE_NAME: "inert",
    ECHOES: "never shown",
}


def test_the_page_has_every_row_and_every_receiver() -> None:
    cells = on_the_page()
    assert list(cells) == list(ROWS)
    assert all(list(row) == list(RECEIVERS) for row in cells.values())


@pytest.mark.parametrize("sink", OVER_HTTP)
@pytest.mark.parametrize("row", LAW)
def test_a_receiver_over_http_keeps_the_law_when_the_receiver(row: str, sink: str) -> None:
    assert on_the_page()[row][sink] == LAW[row]


def test_only_apprise_cannot_hand_on_the_pause_that_is_asked_for() -> None:
    cells = on_the_page()[ASKS_FOR_A_PAUSE]
    assert {cells[sink] for sink in OVER_HTTP if sink != "Apprise"} == {"tried again after 17 s"}


@pytest.mark.parametrize("sink", RECEIVERS)
@pytest.mark.parametrize("row", ROWS)
def test_what_the_page_says_is_so_when_the_receiver(row: str, sink: str, tmp_path: Path) -> None:
    assert outcome(sink, row, tmp_path) == on_the_page()[row][sink]
