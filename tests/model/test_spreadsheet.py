from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.model.plain_text import guard_cell

CALCULATED = {
    "a formula": "=1+1",
    "a sum that begins with a sign": "+1+1",
    "a difference": "-2+3",
    "a function of old": "@SUM(1)",
    "a full-width formula": "＝1+1",
    "a full-width plus": "＋1",
    "a full-width minus": "－1",
    "a full-width at": "＠SUM(1)",
    "behind a blank": " =1+1",
    "behind a blank of Chinese width": "\u3000＝1+1",
    "behind a no-break space": "\xa0=1+1",
    "behind a zero-width space": "\u200b=1+1",
    "behind a byte order mark": "\ufeff=1+1",
    "behind an override of direction": "\u202e=1+1",
    "behind a null": "\x00=1+1",
    "behind a line break": "\n=1+1",
    "a tab, whatever follows": "\tWeChat",
    "a return, whatever follows": "\rWeChat",
}
KEPT = ["", "WeChat", "微信", "'=1+1", "1-2", "a=b", "  WeChat", "me@example.com", "“=1”", "3"]


@pytest.mark.parametrize("text", CALCULATED.values(), ids=CALCULATED.keys())
def test_what_a_spreadsheet_would_calculate_is_quoted(text: str) -> None:
    assert guard_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", KEPT)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert guard_cell(text) == text


@given(st.text(max_size=20))
def test_no_cell_begins_with_a_sign_once_a_reader_has_trimmed_it(text: str) -> None:
    out = io.StringIO()
    csv.writer(out).writerow([guard_cell(text), "end"])
    (cell, _), *_ = csv.reader(io.StringIO(out.getvalue(), newline=""))
    trimmed = "".join(c for c in cell if unicodedata.category(c)[0] not in "CZ")
    assert not trimmed.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


@given(st.text(max_size=20))
def test_a_guarded_cell_is_guarded_once(text: str) -> None:
    assert guard_cell(guard_cell(text)) == guard_cell(text)
