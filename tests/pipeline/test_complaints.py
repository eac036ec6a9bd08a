"""The archive of complaints."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from detector.complaints.archive import JOINED, KEPT, Archive
from tests.fakes.outages import NOON
from tests.pipeline.saying import MINUTE, complaints

FAR = timedelta(days=1)


def archive_of(*pieces: pd.DataFrame) -> Archive:
    archive = Archive()
    for piece in pieces:
        archive = archive.plus(piece)
    return archive


def texts(archive: Archive, service: str = "WeChat") -> list[str]:
    return list(archive.about(service, start=NOON - FAR, end=NOON + FAR)["text"])


def test_it_answers_by_service_and_half_open_span_in_order_of_time() -> None:
    archive = archive_of(
        complaints((3, "a", "three"), (1, "b", "one"), (2, "c", "two")),
        complaints((0, "d", "elsewhere"), service="QQ"),
    )
    found = archive.about("WeChat", start=NOON + MINUTE, end=NOON + 3 * MINUTE)
    assert list(found["text"]) == ["one", "two"]
    assert archive.about("WhatsApp", start=NOON, end=NOON + FAR).empty


def test_many_small_pieces_are_joined_into_few() -> None:
    archive = archive_of(*(complaints((i, "a", f"{i:04}")) for i in range(1000)))
    assert len(archive.pieces) <= 11
    assert texts(archive) == [f"{i:04}" for i in range(1000)]


def test_large_pieces_are_left_alone() -> None:
    large = complaints(*((i / 60, "a", "x") for i in range(JOINED)))
    archive = archive_of(large, large.assign(text="y"))
    assert [len(piece) for piece in archive.pieces.values()] == [JOINED, JOINED]


def test_what_nobody_can_ask_for_any_more_goes() -> None:
    old = complaints((0, "a", "old"))
    new = complaints(*((2 * KEPT / MINUTE + 1, "a", "new"),))
    assert sum(map(len, archive_of(old, new).pieces.values())) == 1


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.data())
def test_what_it_answers_does_not_depend_on_the_pieces(
    minutes: list[int], data: st.DataObject
) -> None:
    ordered = sorted(minutes)
    rows = [(minute, "a", f"{i}") for i, minute in enumerate(ordered)]
    pieces = []
    while rows:
        n = data.draw(st.integers(1, len(rows)))
        pieces.append(complaints(*rows[:n]))
        rows = rows[n:]
    assert texts(archive_of(*pieces)) == [f"{i}" for i in range(len(ordered))]
