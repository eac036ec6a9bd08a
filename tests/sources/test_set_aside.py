"""A wrong row in a file that grows is set aside and told once; the rest of the feed goes on."""

from __future__ import annotations

import itertools
import json
import tempfile
from collections.abc import MutableMapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from detector.errors import InputError
from detector.model.spans import Spans
from detector.sources.base import Poll
from detector.sources.files import FileSource
from tests.sources.writing import NOW, counts_of, everything, poll, posts_of, write

MINUTE = timedelta(minutes=1)
START = datetime(2022, 7, 22, 14, tzinfo=UTC)
INSTANT = "an instant with an offset, e.g. 2022-07-22T14:09:00Z"
Logged = Sequence[MutableMapping[str, Any]]


def lenient(path: Path, cursor: str | None = None, **options: Any) -> tuple[Poll, Logged]:
    with capture_logs() as logged:
        got = FileSource("feed", path, grows=True, **options).poll(cursor, until=NOW)
    return got, logged


COUNTS = "time,service,count\n" + "".join(
    f"2022-07-22T14:{minute:02d}:00Z,WeChat,{minute}\n" for minute in range(6)
)
WRONG_CSV = {
    "a time that is none": (b"soon,WeChat,1\n", f"time: 'soon' is not {INSTANT}"),
    "a year that cannot be": (
        b"2200-01-01T00:00:00Z,WeChat,1\n",
        "time: '2200-01-01T00:00:00Z' does not lie between 1970 and 2100",
    ),
    "a negative count": (
        b"2022-07-22T14:30:00Z,WeChat,-1\n",
        "count: '-1.0' is not a number >= 0, or empty where nothing was observed",
    ),
    "a count in words": (
        b"2022-07-22T14:30:00Z,WeChat,many\n",
        "count: 'many' is not a number >= 0, or empty where nothing was observed",
    ),
    "no service": (b"2022-07-22T14:30:00Z,,1\n", "service: empty; every row names one"),
    "a line cut short": (b"2022-07-22T14:3\n", "1 cell instead of 3"),
    "two lines in one": (
        b"2022-07-22T14:30:00Z,We2022-07-22T14:31:00Z,WeChat,1\n",
        "4 cells instead of 3; put a text with commas into quotation marks",
    ),
    "the header again": (b"time,service,count\n", f"time: 'time' is not {INSTANT}"),
    "another encoding": (
        b"2022-07-22T14:30:00Z,\xd0\xc5,1\n",
        "not UTF-8 (byte 0xd0); convert it, e.g. iconv -f GB18030 -t UTF-8",
    ),
}


@pytest.mark.parametrize(("row", "why"), WRONG_CSV.values(), ids=WRONG_CSV.keys())
def test_a_wrong_csv_row_is_told_by_line_and_the_others_are_read(
    tmp_path: Path, row: bytes, why: str
) -> None:
    lines = COUNTS.encode().splitlines(keepends=True)
    path = write(tmp_path / "c.csv", b"".join([*lines[:4], b"\n", row, *lines[4:]]))
    got, logged = lenient(path)
    assert counts_of(got)["count"].tolist() == [0, 1, 2, 3, 4, 5]
    assert got.width == MINUTE
    (said,) = logged
    assert (said["source"], said["row"], said["why"]) == ("feed", f"{path}:6", why)
    with pytest.raises(InputError, match=r"c\.csv:6"):
        poll(path)


WRONG_JSON = {
    "no object": (b"[1]\n", "not a JSON object: Expected `object`, got `array`"),
    "a line cut short": (b'{"time": "20\n', "not a JSON object: Input data was truncated"),
    "bytes that are not UTF-8": (
        b'{"time": "2022-07-22T14:01:00Z", "text": "\xff"}\n',
        "not UTF-8 (byte 0xff); convert it, e.g. iconv -f GB18030 -t UTF-8",
    ),
    "nested without end": (b'{"a": ' + b"[" * 5000 + b"\n", "not a JSON object: nested too deeply"),
    "an object of something else": (
        b'{"error": "rate limited"}\n',
        f"time: empty; every row needs {INSTANT}",
    ),
}


PLACES = {"first": 0, "in the middle": 2, "last": 4}


@pytest.mark.parametrize(
    ("row", "why", "place"),
    [
        pytest.param(*WRONG_JSON[what], place, id=f"{what}, {where}")
        for what in WRONG_JSON
        for where, place in PLACES.items()
        # A file that begins with an array is not taken for JSON Lines at all.
        if (what, where) != ("no object", "first")
    ],
)
def test_a_wrong_json_line_is_told_wherever_it_stands(
    tmp_path: Path, row: bytes, why: str, place: int
) -> None:
    lines = [
        json.dumps({"time": f"2022-07-22T14:0{i}:00Z", "text": f"post {i}"}).encode() + b"\n"
        for i in range(4)
    ]
    path = write(tmp_path / "p.jsonl", b"".join([*lines[:place], row, *lines[place:]]))
    got, logged = lenient(path)
    assert posts_of(got)["text"].tolist() == [f"post {i}" for i in range(4)]
    assert got.observed == ((START, START + 3 * MINUTE),)
    assert [(said["row"], said["why"]) for said in logged] == [(f"{path}:{place + 1}", why)]


def test_a_row_is_told_once_however_often_the_file_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", COUNTS + "soon,WeChat,1\n")
    got, logged = lenient(path)
    assert len(logged) == 1
    again, logged = lenient(path, got.cursor)
    assert not logged
    with path.open("a") as file:
        file.write("2022-07-22T14:08:00Z,WeChat,8\n")
    more, logged = lenient(path, again.cursor)
    assert counts_of(more)["count"].tolist() == [8]
    assert not logged


def test_of_many_wrong_rows_some_are_told_and_all_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", COUNTS * 3 + "soon,WeChat,1\n" * 14)
    _, logged = lenient(path)
    assert len([said for said in logged if said["event"] == "a row is set aside"]) == 10
    assert logged[-1]["event"] == "rows are set aside"
    assert logged[-1]["rows"] == 16, "the two headers in the middle are no rows either"


def test_what_is_mostly_wrong_is_refused_and_waits_for_better_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", COUNTS)
    got, _ = lenient(path)
    with path.open("a") as file:
        file.write("later,WeChat,9\n")
    for _ in range(2):
        with pytest.raises(InputError, match=r"c\.csv:8, column 'time': 'later' is not"):
            lenient(path, got.cursor)
    with path.open("a") as file:
        file.write("2022-07-22T14:09:00Z,WeChat,9\n")
    more, logged = lenient(path, got.cursor)
    assert counts_of(more)["count"].tolist() == [9]
    assert len(logged) == 1


def test_a_file_in_a_wrong_format_is_refused_with_its_first_line(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", COUNTS.replace("Z,", ","))
    with pytest.raises(InputError, match=r"c\.csv:2, column 'time': '2022-07-22T14:00:00' is not"):
        lenient(path)
    path = write(tmp_path / "p.jsonl", "{1}\n{2}\n")
    with pytest.raises(InputError, match=r"p\.jsonl:1: not a JSON object"):
        lenient(path)


def test_wrong_rows_of_a_parquet_file_in_a_folder_that_grows(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    times = pd.date_range(START, periods=4, freq="min")
    table = pd.DataFrame({"time": times, "service": "WeChat", "count": [1.0, -1.0, 3.0, 4.0]})
    table.to_parquet(tmp_path / "c.parquet")
    got, logged = lenient(tmp_path)
    assert counts_of(got)["count"].tolist() == [1, 3, 4]
    assert logged[0]["row"].endswith("c.parquet:2")


@pytest.mark.parametrize(
    ("cells", "failed"),
    [("{},WeChat,many,2", True), ("{},WeChat,5,low", True), ("at {},WeChat,5,2", False)],
    ids=["no number", "no floor", "no time"],
)
def test_a_look_with_a_wrong_row_failed_who_is_not_listed_is_not_quiet(
    tmp_path: Path, cells: str, failed: bool
) -> None:
    times = [f"2022-07-22T14:{minute:02d}:00Z" for minute in range(5)]
    rows = [cells.format(t) if t == times[2] else f"{t},WeChat,5,2" for t in times]
    table = "".join(f"{row}\n{t},QQ,4,2\n" for row, t in zip(rows, times, strict=True))
    got, logged = lenient(write(tmp_path / "h.csv", "time,service,count,floor\n" + table))
    assert len(logged) == 1
    looks = Spans.of(got.observed)
    assert (len(looks) == 2) is failed
    listed = counts_of(got)
    assert (START + 2 * MINUTE not in list(listed[listed["service"] == "WeChat"]["time"])) is True


WRONG = ("soon,x\n", "2022-07-22T14:30\n", "2022-07-22T14:30:00Z,a,b\n", ",\n")


@settings(max_examples=60, deadline=None)
@given(
    wrong=st.lists(st.one_of(st.none(), st.sampled_from(WRONG)), max_size=12),
    cuts=st.lists(st.floats(0, 1), max_size=8),
)
def test_any_cutting_into_writes_gives_every_good_row_once_and_tells_of_every_other(
    wrong: list[str | None], cuts: list[float]
) -> None:
    """None stands for a good row; as many good ones as wrong ones follow in the end."""
    kinds = [*wrong, *([None] * max(len(wrong), 1))]
    times = [(START + i * MINUTE).isoformat() for i in range(len(kinds))]
    lines = [row or f"{t},post\n" for row, t in zip(kinds, times, strict=True)]
    good = [t for row, t in zip(kinds, times, strict=True) if row is None]
    content = "time,text\n" + "".join(lines)
    edges = sorted({0, *(int(cut * len(content)) for cut in cuts), len(content)})
    with tempfile.TemporaryDirectory() as folder, capture_logs() as logged:
        path = Path(folder) / "posts.csv"
        path.touch()
        cursor, got = None, []
        for left, right in itertools.pairwise(edges):
            with path.open("a") as file:
                file.write(content[left:right])
            with suppress(InputError):
                source = FileSource("p", path, grows=True)
                polls, cursor = everything(source, cursor)
                got += polls
    posts = pd.concat([posts_of(p) for p in got], ignore_index=True)
    assert [t.isoformat() for t in posts["time"]] == good
    told = [int(said["row"].rpartition(":")[2]) for said in logged if "row" in said]
    places = [i for i, row in enumerate(kinds, start=2) if row is not None]
    assert told == places[: len(told)]
    assert len(told) >= min(len(places), 10)
