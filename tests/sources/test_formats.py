"""Every format of docs/interface.md, told by content and ending."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from detector.errors import InputError
from detector.sources.files import FileSource
from tests.sources.writing import (
    COUNTS,
    NOW,
    as_csv,
    as_json_lines,
    counts_of,
    poll,
    posts_of,
    write,
)

pytest.importorskip("pyarrow")

MINUTE = timedelta(minutes=1)
ROWS = [
    {"time": "2022-07-22T14:09:00Z", "service": "WeChat", "count": 12},
    {"time": "2022-07-22T22:10:00+08:00", "service": "WeChat", "count": None},
    {"time": "2022-07-22T14:11:00Z", "service": "007", "count": 40.5},
    {"time": "2022-07-22T14:12:00.250000Z", "service": "007", "count": 0},
]
TIMES = ["14:09:00", "14:10:00", "14:11:00", "14:12:00.250000"]


def parquet(path: Path) -> Path:
    frame = pd.DataFrame(ROWS)
    frame["time"] = pd.to_datetime(frame["time"], utc=True, format="ISO8601")
    frame.to_parquet(path, index=False, row_group_size=2)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("counts.csv", as_csv(ROWS)),
        ("counts.csv.gz", as_csv(ROWS)),
        ("counts", as_csv(ROWS)),
        ("wrongly.named.gz.csv", as_csv(ROWS)),
        ("crlf.csv", as_csv(ROWS, end="\r\n")),
        ("bom.csv", b"\xef\xbb\xbf" + as_csv(ROWS)),
        ("blank_lines.csv", as_csv(ROWS).replace(b"\n", b"\n\n")),
        ("no_last_line_end.csv", as_csv(ROWS).rstrip()),
        ("quoted.csv", as_csv(ROWS).replace(b"WeChat", b'"WeChat"')),
        ("counts.jsonl", as_json_lines(ROWS)),
        ("counts.jsonl.gz", as_json_lines(ROWS)),
        ("counts.txt", as_json_lines(ROWS)),
        ("bom.jsonl", b"\xef\xbb\xbf" + as_json_lines(ROWS)),
        ("crlf.jsonl", as_json_lines(ROWS).replace(b"\n", b"\r\n")),
        ("blank_lines.ndjson", as_json_lines(ROWS).replace(b"\n", b"\n\n")),
        ("missing_key.jsonl", as_json_lines(ROWS).replace(b', "count": null', b"")),
        ("counts.parquet", None),
        ("counts.pq", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_counts_table_reads_the_same_in_every_format(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    path = parquet(tmp_path / name) if content is None else write(tmp_path / name, content)
    got = poll(path, width=MINUTE)
    counts = counts_of(got)
    assert list(counts["time"]) == [pd.Timestamp(f"2022-07-22T{t}Z") for t in TIMES]
    assert counts["time"].dtype == "datetime64[us, UTC]"
    assert list(counts["service"]) == ["WeChat", "WeChat", "007", "007"]
    np.testing.assert_array_equal(counts["count"], [12, np.nan, 40.5, 0])
    assert got.exhausted


def test_content_wins_over_the_ending(tmp_path: Path) -> None:
    zipped = write(tmp_path / "a.gz", COUNTS)
    plainly_named = zipped.rename(tmp_path / "counts.csv")
    assert len(counts_of(poll(plainly_named))) == 3
    not_zipped = tmp_path / "counts.csv.gz"
    not_zipped.write_text(COUNTS)
    assert len(counts_of(poll(not_zipped))) == 3


def test_services_that_look_like_numbers_stay_texts(tmp_path: Path) -> None:
    table = COUNTS.replace("WeChat", "007")
    assert set(counts_of(poll(write(tmp_path / "c.csv", table)))["service"]) == {"007"}
    mixed = COUNTS.replace("WeChat,40", "1e3,40").replace("WeChat", "NA")
    got = poll(write(tmp_path / "m.csv", mixed), width=MINUTE)
    assert list(counts_of(got)["service"]) == ["NA", "NA", "1e3"]


def test_posts_are_sorted_and_keep_their_texts(tmp_path: Path) -> None:
    rows = [
        {"time": "2022-07-22T14:11:00Z", "text": '微信崩了, "again"\nsecond line', "author": "b"},
        {"time": "2022-07-22T14:09:00Z", "text": 'a 5" screen', "author": ""},
    ]
    for path in (
        write(tmp_path / "posts.csv", as_csv(rows)),
        write(tmp_path / "posts.jsonl", as_json_lines(rows)),
    ):
        got = poll(path)
        posts = posts_of(got)
        assert list(posts["text"]) == ['a 5" screen', '微信崩了, "again"\nsecond line']
        assert list(posts["author"]) == ["", "b"]
        assert got.observed == ((posts["time"][0], posts["time"][1]),)


def test_hot_search_columns_are_known_without_configuration(tmp_path: Path) -> None:
    table = (
        "time_utc,topic,kind,service,rank,hot_value,floor_hot\n"
        "2022-07-22T14:09:01Z,微信崩了,outage,WeChat,3,900000,150000\n"
        "2022-07-22T14:10:02Z,微信崩了,outage,WeChat,2,1100000,151000\n"
    )
    got = poll(write(tmp_path / "heat.csv", table))
    counts = counts_of(got)
    assert list(counts.columns) == ["time", "service", "count", "floor", "title"]
    assert list(counts["floor"]) == [150000, 151000]
    assert list(counts["title"]) == ["微信崩了"] * 2
    assert got.width == timedelta(seconds=61)
    first = counts["time"][0].to_pydatetime()
    assert got.observed == ((first, first + timedelta(seconds=122)),)


def test_a_mapping_wins_over_a_column_of_our_name(tmp_path: Path) -> None:
    table = "time,created,text\nyesterday,2022-07-22T14:09:00Z,hello\n"
    got = poll(write(tmp_path / "p.csv", table), columns={"time": "created"})
    assert list(posts_of(got)["time"]) == [pd.Timestamp("2022-07-22T14:09:00Z")]


def test_one_column_may_mean_two_of_ours(tmp_path: Path) -> None:
    table = COUNTS.replace("service", "topic").replace("count", "heat")
    mapping = {"service": "topic", "count": "heat", "floor": "heat"}
    counts = counts_of(
        poll(write(tmp_path / "c.csv", table.replace(",\n", ",1\n")), columns=mapping)
    )
    assert list(counts["service"]) == list(counts["title"])
    assert list(counts["count"]) == list(counts["floor"])


def test_rows_stand_as_in_the_file_with_our_names(tmp_path: Path) -> None:
    table = 'time_utc,text,mood\n2022-07-22 somewhen,"a, b",7\n'
    rows = FileSource("p", write(tmp_path / "p.csv", table)).rows()
    assert rows.to_dict("records") == [{"time": "2022-07-22 somewhen", "text": "a, b", "mood": "7"}]


def test_a_table_without_rows_observes_nothing(tmp_path: Path) -> None:
    got = poll(write(tmp_path / "c.csv", "time,service,count\n"))
    assert got.exhausted
    assert got.counts is None
    assert got.observed == ()


def test_parquet_without_pyarrow_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = parquet(tmp_path / "counts.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(InputError, match=r"pip install 'outage-detector\[parquet\]'"):
        poll(path)


def test_parquet_is_tailed_by_rows_when_it_is_replaced(tmp_path: Path) -> None:
    path = parquet(tmp_path / "counts.parquet")
    source = FileSource("f", path, width=MINUTE, grows=True)
    first = source.poll(None, until=NOW)
    assert len(counts_of(first)) == 4
    longer = pd.concat([pd.read_parquet(path), pd.read_parquet(path).tail(1)])
    longer.to_parquet(path, index=False)
    fresh = FileSource("f", path, width=MINUTE, grows=True)
    assert len(counts_of(fresh.poll(first.cursor, until=NOW))) == 1
