"""Every mistake in a table names file, line, column and what would be right."""

from __future__ import annotations

import gzip
import itertools
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from detector.detection.options import DetectionOptions
from detector.detection.series_state import begin
from detector.errors import InputError
from detector.library import FrameSource
from detector.model.series import width_fault
from detector.sources.files import FileSource, read_gaps
from tests.sources.writing import COUNTS, NOW, everything, poll, write

MINUTE = timedelta(minutes=1)
INSTANT = "an instant with an offset, e.g. 2022-07-22T14:09:00Z"

CSV_MISTAKES = {
    "a time without offset": (
        COUNTS.replace("14:10:00Z", "14:10:00"),
        f":3, column 'time': '2022-07-22T14:10:00' is not {INSTANT}",
    ),
    "a time that is none": (
        COUNTS.replace("2022-07-22T14:10:00Z", "soon"),
        f":3, column 'time': 'soon' is not {INSTANT}",
    ),
    "no time": (
        COUNTS.replace("2022-07-22T14:10:00Z", ""),
        f":3, column 'time': empty; every row needs {INSTANT}",
    ),
    "a date alone": (
        COUNTS.replace("2022-07-22T14:10:00Z", "2022-07-22"),
        f":3, column 'time': '2022-07-22' is not {INSTANT}",
    ),
    "a year that cannot be": (
        COUNTS.replace("2022-07-22T14:11", "2202-07-22T14:11"),
        ":4, column 'time': '2202-07-22T14:11:00Z' does not lie between 1970 and 2100",
    ),
    "a count that is no number": (
        COUNTS.replace("40.5", "many"),
        ":4, column 'count': 'many' is not a number >= 0, or empty where nothing was observed",
    ),
    "a nan in words": (
        COUNTS.replace("40.5", "NaN"),
        ":4, column 'count': 'NaN' is not a number >= 0, or empty where nothing was observed",
    ),
    "a negative count": (
        COUNTS.replace("40.5", "-1"),
        ":4, column 'count': '-1.0' is not a number >= 0, or empty where nothing was observed",
    ),
    "a count beyond all counting": (
        COUNTS.replace("40.5", "1e308"),
        ":4, column 'count': 1e+308 is more than 1e+18",
    ),
    "an infinite count": (
        COUNTS.replace("40.5", "inf"),
        ":4, column 'count': 'inf' is not a number >= 0, or empty where nothing was observed",
    ),
    "a service without a name": (
        COUNTS.replace("WeChat,40", ",40"),
        ":4, column 'service': empty; every row names one",
    ),
    "a column missing": (
        COUNTS.replace("service", "app"),
        (
            ":1: neither a counts table (time, service, count) nor a posts table (time, text); "
            "the columns are time, app, count"
        ),
    ),
    "semicolons": (
        COUNTS.replace(",", ";"),
        (
            ":1: neither a counts table (time, service, count) nor a posts table (time, text); "
            "the columns are time;service;count; separate the cells by commas"
        ),
    ),
    "a column twice": (
        COUNTS.replace("service", "count"),
        ":1, column 'count': there are two columns of this name",
    ),
    "too many cells in a row": (
        COUNTS.replace("40.5", "1,500"),
        ":4: 4 cells instead of 3; put a text with commas into quotation marks",
    ),
    "too many cells in every row": (
        COUNTS.replace("WeChat", "We,Chat"),
        ":2: 4 cells instead of 3; put a text with commas into quotation marks",
    ),
    "too few cells": (
        COUNTS.replace("WeChat,\n", "WeChat\n"),
        ":3: 2 cells instead of 3",
    ),
    "a last line cut short": (COUNTS[:-8], ":4: 2 cells instead of 3"),
    "an unclosed quotation mark": (
        COUNTS.replace("WeChat,40", '"WeChat,40'),
        ":4: a quotation mark that nothing closes",
    ),
    "a mistake behind a blank line": (
        COUNTS.replace("\n2022-07-22T14:10", "\n\n \n2022-07-22T14:10").replace("40.5", "x"),
        ":6, column 'count': 'x' is not a number >= 0, or empty where nothing was observed",
    ),
    "nothing at all": ("", ":1: empty: a table needs a header line"),
    "an empty header": ("\n\n", ":1: empty: a table needs a header line"),
    "an array": ('[{"time": 1}]', ":1: not JSON Lines: a line must be an object {...}"),
    "a binary file": (
        "\x7fELF\x02\0\0\n\0",
        ":1: not a text; a table is CSV or JSON Lines (also gzipped), or Parquet",
    ),
    "carriage returns alone": (
        COUNTS.replace("\n", "\r"),
        r":1: lines end with a carriage return alone; end them with \n",
    ),
}


@pytest.mark.parametrize(("table", "complaint"), CSV_MISTAKES.values(), ids=CSV_MISTAKES.keys())
def test_csv(tmp_path: Path, table: str, complaint: str) -> None:
    name = "counts.jsonl" if table.startswith("[") else "counts.csv"
    path = write(tmp_path / name, table)
    with pytest.raises(InputError) as raised:
        poll(path, width=MINUTE)
    assert str(raised.value) == f"{path}{complaint}"


JSON_MISTAKES = {
    "a time missing in one row": (
        '{"time": "2022-07-22T14:09:00Z", "text": "a"}\n{"text": "b"}\n',
        f":2, column 'time': empty; every row needs {INSTANT}",
    ),
    "a time that is null": (
        '{"time": "2022-07-22T14:09:00Z", "text": "a"}\n\n{"time": null, "text": "b"}\n',
        f":3, column 'time': empty; every row needs {INSTANT}",
    ),
    "seconds since 1970": (
        '{"time": 1658498940, "text": "a"}\n',
        (
            f":1, column 'time': 1658498940 is not {INSTANT}; "
            "if these are seconds since 1970 write 2022-07-22T14:09:00Z"
        ),
    ),
    "milliseconds since 1970": (
        '{"time": 1658498940000, "text": "a"}\n',
        f":1, column 'time': '1658498940000' is not {INSTANT}",
    ),
    "a count in words": (
        (
            '{"time": "2022-07-22T14:09:00Z", "service": "a", "count": 1}\n'
            '{"time": "2022-07-22T14:10:00Z", "service": "a", "count": "two"}\n'
        ),
        ":2, column 'count': 'two' is not a number >= 0, or empty where nothing was observed",
    ),
    "a count that is a truth value": (
        '{"time": "2022-07-22T14:09:00Z", "service": "a", "count": true}\n',
        ":1, column 'count': 'True' is not a number >= 0, or empty where nothing was observed",
    ),
    "no object": (
        '{"time": "2022-07-22T14:09:00Z", "text": "a"}\n[1]\n',
        ":2: not a JSON object: Expected `object`, got `array`",
    ),
    "no JSON": (
        '{"time": "2022-07-22T14:09:00Z", "text": "a"}\n{"time": \n',
        ":2: not a JSON object: Input data was truncated",
    ),
    "nested without end": (
        '{"time": "2022-07-22T14:09:00Z", "text": "a"}\n{"text": '
        + "[" * 5000
        + "]" * 5000
        + "}\n",
        ":2: not a JSON object: nested too deeply",
    ),
    "no such key anywhere": (
        '{"when": 1, "text": "a"}\n',
        (
            ":1: neither a counts table (time, service, count) nor a posts table (time, text); "
            "the columns are when, text"
        ),
    ),
}


@pytest.mark.parametrize(("table", "complaint"), JSON_MISTAKES.values(), ids=JSON_MISTAKES.keys())
def test_json_lines(tmp_path: Path, table: str, complaint: str) -> None:
    path = write(tmp_path / "posts.jsonl", table)
    with pytest.raises(InputError) as raised:
        poll(path, width=MINUTE)
    assert str(raised.value) == f"{path}{complaint}"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (
            "time,text\n2022-07-22T14:09:00Z,微信\n".encode("gb18030"),
            ":2: not UTF-8 (byte 0xd0); convert it, e.g. iconv -f GB18030 -t UTF-8",
        ),
        ("time,文\n".encode("gb18030"), ":1: not UTF-8 (byte 0xce)"),
        ("time,text\n".encode("utf-16"), ":1: in UTF-16; save it as UTF-8"),
        (
            b'{"time": "2022-07-22T14:09:00Z", "text": "a"}\n{"text": "\xff"}\n',
            ":2: not UTF-8 (byte 0xff)",
        ),
    ],
    ids=["Chinese of the mainland", "a header", "UTF-16", "JSON Lines"],
)
def test_other_encodings(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = write(tmp_path / "posts.txt", content)
    with pytest.raises(InputError) as raised:
        poll(path)
    assert str(raised.value).startswith(f"{path}{complaint}")


def test_lines_are_right_in_later_pieces_and_behind_quoted_line_ends(tmp_path: Path) -> None:
    rows = [f'2022-07-22T14:{m:02d}:00Z,"two\nlines"\n' for m in range(40)]
    wrong = "2022-07-22T14:50,x\n"
    path = write(tmp_path / "posts.csv", "time,text\n" + "".join(rows) + wrong)
    with pytest.raises(InputError) as raised:
        everything(FileSource("p", path, piece=200))
    assert raised.value.line == 82
    assert raised.value.column == "time"


def test_lines_are_right_behind_a_cursor_in_a_compressed_file(tmp_path: Path) -> None:
    path = write(tmp_path / "counts.csv.gz", COUNTS)
    cursor = FileSource("c", path, grows=True).poll(None, until=NOW).cursor
    with path.open("ab") as more:
        more.write(gzip.compress(b"2022-07-22T14:12:00Z,WeChat,-2\n"))
    with pytest.raises(InputError) as raised:
        FileSource("c", path, grows=True).poll(cursor, until=NOW)
    assert (raised.value.line, raised.value.column) == (5, "count")


def test_the_column_is_named_as_the_file_names_it(tmp_path: Path) -> None:
    path = write(tmp_path / "heat.csv", COUNTS.replace("count", "hot_value").replace("40.5", "?"))
    with pytest.raises(InputError, match="column 'hot_value'"):
        poll(path)


def test_a_mapping_to_a_column_that_is_not_there(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", COUNTS)
    with pytest.raises(InputError) as raised:
        poll(path, columns={"count": "heat"})
    assert str(raised.value) == (
        f"{path}:1, column 'heat': no such column (mapped to 'count'); "
        "the columns are time, service, count"
    )


def test_a_trending_row_without_floor(tmp_path: Path) -> None:
    table = (
        COUNTS.replace("count\n", "count,floor\n").replace(",12", ",12,3").replace(",\n", ",1,\n")
    )
    path = write(tmp_path / "c.csv", table.replace("40.5", "40.5,3"))
    with pytest.raises(InputError, match=r"c\.csv:3, column 'floor': empty; a trending table"):
        poll(path)


def test_a_record_that_never_ends(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", 'time,text\n2022-07-22T14:09:00Z,"' + "x" * 500)
    with pytest.raises(InputError, match=r"posts\.csv:2: a record longer than 100 bytes"):
        poll(path, piece=100)


def test_a_header_that_never_ends(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", "x" * 70_000)
    with pytest.raises(InputError, match=r"posts\.csv:1: no line ends in the first 65,536 bytes"):
        poll(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: cannot be read: No such file or directory"):
        poll(tmp_path / "none.csv")


def test_compressed_files_that_are_damaged(tmp_path: Path) -> None:
    packed = gzip.compress(COUNTS.encode() * 50)
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(packed[:-20])
    with pytest.raises(InputError, match=r"cut\.csv\.gz: the compressed file ends in its middle"):
        poll(cut)
    bent = tmp_path / "bent.csv.gz"
    bent.write_bytes(packed[:40] + bytes(10) + packed[50:])
    with pytest.raises(InputError, match=r"bent\.csv\.gz: cannot be read"):
        poll(bent)


def test_parquet_that_is_none_or_damaged_or_naive(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    other = write(tmp_path / "a.parquet", COUNTS)
    with pytest.raises(InputError, match="not a Parquet file: it does not begin with PAR1"):
        poll(other)
    with pytest.raises(InputError, match="not a whole Parquet file"):
        poll(write(tmp_path / "b.parquet", b"PAR1" + bytes(30)))
    naive = tmp_path / "c.parquet"
    pd.DataFrame({"time": [pd.Timestamp("2022-07-22 14:09")], "text": "a"}).to_parquet(naive)
    with pytest.raises(InputError, match=r"c\.parquet:1, column 'time': .* is not an instant"):
        poll(naive)


def test_one_row_per_service_tells_no_width(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", COUNTS[: COUNTS.index("\n2022-07-22T14:10")])
    with pytest.raises(InputError, match=r"the bin width cannot be told .*; give it \(--width\)"):
        poll(path)


def of_two_widths(start: str, *steps: int) -> str:
    """A header, a blank line, and counts so many seconds apart; a quoted name has two lines."""
    times = (pd.Timestamp(start) + pd.Timedelta(seconds=s) for s in itertools.accumulate(steps))
    rows = [f'{time:%Y-%m-%dT%H:%M:%SZ},"We\nChat",5\n' for time in times]
    return "time,service,count\n\n" + "".join(rows)


TWO_WIDTHS = {
    "one minute behind five": (
        [0, *[300] * 20, 60, 60],
        ":45: 60 s behind the row before it, in a table of bins of 300 s",
    ),
    "ten seconds behind one minute": (
        [0, *[60] * 20, 10, 10],
        ":47: 10 s behind the row before it, in a table of bins of 60 s",
    ),
    "one and a half behind one": (
        [0, *[60] * 20, 90, 90],
        ":47: 90 s behind the row before it, in a table of bins of 60 s",
    ),
}


@pytest.mark.parametrize("piece", [200, 1 << 20], ids=["in pieces", "at once"])
@pytest.mark.parametrize(("steps", "complaint"), TWO_WIDTHS.values(), ids=TWO_WIDTHS.keys())
def test_rows_of_another_width_are_refused_with_their_line_unless_the_width_is_given(
    tmp_path: Path, steps: list[int], complaint: str, piece: int
) -> None:
    path = write(tmp_path / "c.csv.gz", of_two_widths("2022-07-22T14:00:00Z", *steps))
    remedy = "; bring all rows to one width, or give it (--width)"
    with pytest.raises(InputError) as raised:
        poll(path, piece=piece)
    assert str(raised.value) == f"{path}{complaint}{remedy}"
    assert poll(path, width=MINUTE).width == MINUTE


def test_rows_of_another_width_in_a_later_file_of_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", of_two_widths("2022-07-22T14:00:00Z", 0, *[300] * 9))
    write(tmp_path / "b.csv", of_two_widths("2022-07-23T14:00:00Z", 0, *[60] * 9))
    source = FileSource("f", tmp_path)
    cursor = source.poll(None, until=NOW).cursor
    with pytest.raises(InputError, match=r"60 s behind the row before it, in a table of .* 300 s"):
        source.poll(cursor, until=NOW)


WIDTHS = {
    "a day": ([86400 * i for i in range(5)], None, "86400 s; counts are judged in bins of 10 s"),
    "a second": (list(range(5)), None, "1 s; counts are judged in bins of 10 s to 2 h"),
    "given: none": ([0, 60], timedelta(0), "0 s; counts are judged in bins of 10 s to 2 h"),
    "given: a half": ([0, 60], timedelta(seconds=10.5), "10.5 s; a width is whole seconds"),
}


@pytest.mark.parametrize(("seconds", "width", "complaint"), WIDTHS.values(), ids=WIDTHS.keys())
def test_bins_too_wide_or_too_narrow_to_be_judged_are_refused(
    tmp_path: Path, seconds: list[int], width: timedelta | None, complaint: str
) -> None:
    times = pd.to_datetime([1658498940 + s for s in seconds], unit="s", utc=True)
    frame = pd.DataFrame({"time": times, "service": "a", "count": 1.0})
    iso = frame.assign(time=times.strftime("%Y-%m-%dT%H:%M:%SZ"))
    path = write(tmp_path / "c.csv", iso.to_csv(index=False))
    with pytest.raises(InputError, match=f"{path}: bins of {complaint}"):
        poll(path, width=width)
    with pytest.raises(InputError, match=f"^bins of {complaint}"):
        FrameSource("c", frame, width=width).poll(None, until=NOW)


@pytest.mark.parametrize("seconds", [1, 9, 9.9, 10, 10.5, 60, 7200, 7201, 86400])
def test_what_is_refused_is_what_cannot_be_judged(seconds: float) -> None:
    width = timedelta(seconds=seconds)
    if width_fault(width) is None:
        begin(DetectionOptions(), start=NOW, width=width)
    else:
        with pytest.raises(ValueError, match="bins must be whole seconds"):
            begin(DetectionOptions(), start=NOW, width=width)


def test_a_frame_of_two_widths_is_refused_by_row() -> None:
    times = pd.to_datetime([0, 300, 600, 660, 720], unit="s", utc=True)
    frame = pd.DataFrame({"time": times, "service": "a", "count": 1.0})
    more = pd.DataFrame({"time": times + pd.Timedelta(days=1), "service": "a", "count": 1.0})
    fives = more.iloc[:3]
    with pytest.raises(InputError, match="line 4: 60 s behind the row before it"):
        FrameSource("f", pd.concat([frame, fives, fives.assign(service="b")])).poll(None, until=NOW)


def test_a_large_complete_table_out_of_order(tmp_path: Path) -> None:
    rows = [f"2022-07-{d:02d}T14:00:00Z,hello\n" for d in range(28, 0, -1)]
    path = write(tmp_path / "posts.csv", "time,text\n" + "".join(rows))
    source = FileSource("p", path, piece=200)
    cursor = source.poll(None, until=NOW).cursor
    with pytest.raises(InputError, match="must be in order of time, to the hour"):
        source.poll(cursor, until=NOW)


def test_a_cursor_of_something_else(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", COUNTS)
    with pytest.raises(InputError, match="the stored cursor is not one of files"):
        FileSource("c", path).poll("2022-07-22T14:09:00Z", until=NOW)


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("start,stop\n", ":1: a gaps table needs the columns start,end; there is no 'end'"),
        (
            "start,end\n2022-07-22T14:09:00Z,2022-07-22T14:08:00Z\n",
            ":2, column 'end': the gap ends before it starts",
        ),
        (
            "start,end\n2022-07-22T14:09:00Z,2022-07-22T14:18:00\n",
            f":2, column 'end': '2022-07-22T14:18:00' is not {INSTANT}",
        ),
    ],
    ids=["a column missing", "backwards", "no offset"],
)
def test_gaps(tmp_path: Path, table: str, complaint: str) -> None:
    path = write(tmp_path / "gaps.csv", table)
    with pytest.raises(InputError) as raised:
        read_gaps(path)
    assert str(raised.value) == f"{path}{complaint}"
