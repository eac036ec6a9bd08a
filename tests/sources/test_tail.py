"""Files that grow are tailed exactly: every row once, whatever the writes, restarts, rotations."""

from __future__ import annotations

import gzip
import itertools
import os
import tempfile
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.model.spans import Spans
from detector.sources.files import FileSource
from tests.sources.writing import (
    COUNTS,
    NOW,
    as_csv,
    as_json_lines,
    counts_of,
    everything,
    poll,
    posts_of,
    write,
)

MINUTE = timedelta(minutes=1)
START = datetime(2022, 7, 22, 14, tzinfo=UTC)
TEXTS = st.text(
    st.one_of(
        st.sampled_from("\",\n' x微"), st.characters(codec="utf-8", exclude_characters="\r\0")
    ),
    max_size=12,
)


def post_rows(texts: list[str]) -> list[dict[str, object]]:
    return [
        {"time": (START + i * MINUTE).isoformat(), "text": text, "author": f"a{i}"}
        for i, text in enumerate(texts)
    ]


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(TEXTS, min_size=1, max_size=8),
    json_lines=st.booleans(),
    cuts=st.lists(st.floats(0, 1), max_size=8),
    restart=st.booleans(),
    piece=st.sampled_from([200, 1 << 20]),
)
def test_any_cutting_into_writes_gives_every_row_once(
    texts: list[str], json_lines: bool, cuts: list[float], restart: bool, piece: int
) -> None:
    rows = post_rows(texts)
    content = as_json_lines(rows) if json_lines else as_csv(rows)
    edges = sorted({0, *(int(cut * len(content)) for cut in cuts), len(content)})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("posts.jsonl" if json_lines else "posts.csv")
        path.touch()
        source, cursor, got = FileSource("p", path, grows=True, piece=piece), None, []
        for left, right in itertools.pairwise(edges):
            with path.open("ab") as file:
                file.write(content[left:right])
            polls, cursor = everything(source, cursor)
            got += polls
            if restart:
                source = FileSource("p", path, grows=True, piece=piece)
        posts = pd.concat([posts_of(p) for p in got], ignore_index=True)
        assert posts["author"].tolist() == [row["author"] for row in rows]
        assert posts["text"].tolist() == texts
        observed = Spans.of(span for p in got for span in p.observed)
        assert observed.pairs() == Spans.of([(START, posts["time"].iloc[-1])]).pairs()


@settings(max_examples=30, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=30), piece=st.integers(120, 400))
def test_pieces_of_a_complete_file_are_the_whole(texts: list[str], piece: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "posts.csv.gz", as_csv(post_rows(texts)))
        polls, _ = everything(FileSource("p", path, piece=piece))
        whole = poll(path)
        posts = pd.concat([posts_of(p) for p in polls], ignore_index=True)
        pd.testing.assert_frame_equal(posts, posts_of(whole))


def test_a_stray_quotation_mark_moves_no_record_end(tmp_path: Path) -> None:
    rows = ['2022-07-22T14:00:00Z,a 5" screen', '2022-07-22T14:01:00Z,"two\nlines"', ""]
    path = write(tmp_path / "p.csv", "time,text\n" + "\n".join(rows))
    got = FileSource("p", path, grows=True).poll(None, until=NOW)
    assert posts_of(got)["text"].tolist() == ['a 5" screen', "two\nlines"]


def test_a_torn_quoted_cell_waits(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", 'time,text\n2022-07-22T14:00:00Z,a\n2022-07-22T14:01:00Z,"b\n')
    source = FileSource("p", path, grows=True)
    first = source.poll(None, until=NOW)
    assert posts_of(first)["text"].tolist() == ["a"]
    with path.open("a") as file:
        file.write('c"\n')
    assert posts_of(source.poll(first.cursor, until=NOW))["text"].tolist() == ["b\nc"]


@pytest.mark.parametrize("how", ["another file", "cut short", "overwritten in place", "longer"])
@pytest.mark.parametrize("fresh", [False, True], ids=["same process", "after a restart"])
def test_a_rotated_file_starts_over(tmp_path: Path, how: str, fresh: bool) -> None:
    path = write(tmp_path / "c.csv", COUNTS)
    source = FileSource("c", path, grows=True)
    cursor = source.poll(None, until=NOW).cursor
    new = COUNTS.replace("2022-07-22", "2022-07-23")
    if how == "another file":
        path.rename(tmp_path / "old.csv")
        write(path, new)
    elif how == "cut short":
        with path.open("r+") as file:
            file.truncate(0)
            file.write(new[:80])
    elif how == "overwritten in place":
        with path.open("r+") as file:
            file.write(new)
    else:
        write(path, new + new.split("\n", 1)[1].replace("T14", "T15"))
    os.utime(path, (1, 1))
    if fresh:
        source = FileSource("c", path, grows=True)
    counts = counts_of(source.poll(cursor, until=NOW))
    assert counts["time"].min() == pd.Timestamp("2022-07-23T14:09:00Z")
    assert len(counts) == {"cut short": 2, "longer": 6}.get(how, 3)


def test_a_compressed_file_grows_by_members_and_costs_one_pass(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv.gz", "time,text\n")
    source, cursor, seen = FileSource("p", path, grows=True), None, 0
    for minute in range(30):
        with path.open("ab") as file:
            file.write(gzip.compress(f"2022-07-22T14:{minute:02d}:00Z,hello\n".encode()))
        polls, cursor = everything(source, cursor)
        seen += sum(len(posts_of(p)) for p in polls)
    assert seen == 30


def test_a_folder_is_read_in_order_of_names_and_tailed(tmp_path: Path) -> None:
    body = COUNTS.split("\n", 1)[1]
    write(tmp_path / "2022-07-23.csv", COUNTS.replace("07-22", "07-23"))
    write(tmp_path / "2022-07-22.csv", COUNTS)
    write(tmp_path / ".hidden", "no table")
    write(tmp_path / "2022-07-24.csv.tmp", "no table")
    source = FileSource("f", tmp_path, grows=True)
    polls, cursor = everything(source)
    assert [counts_of(p)["time"].iloc[0].day for p in polls] == [22, 23]
    with (tmp_path / "2022-07-23.csv").open("a") as file:
        file.write(body.replace("07-22", "07-24"))
    write(tmp_path / "2022-07-25.csv", COUNTS.replace("07-22", "07-25"))
    polls, cursor = everything(FileSource("f", tmp_path, grows=True), cursor)
    assert [counts_of(p)["time"].iloc[0].day for p in polls] == [24, 25]


def test_a_complete_folder_is_exhausted_by_its_last_file(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", COUNTS)
    write(tmp_path / "b.csv.gz", COUNTS.replace("07-22", "07-23"))
    polls, _ = everything(FileSource("f", tmp_path))
    assert [p.exhausted for p in polls] == [False, True]


def test_a_folder_of_two_kinds_and_an_empty_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="an empty folder"):
        poll(tmp_path)
    assert not FileSource("f", tmp_path, grows=True).poll(None, until=NOW).exhausted
    write(tmp_path / "a.csv", COUNTS)
    write(tmp_path / "b.csv", "time,text\n2022-07-22T14:00:00Z,a\n")
    source = FileSource("f", tmp_path)
    cursor = source.poll(None, until=NOW).cursor
    with pytest.raises(Exception, match=r"b\.csv:1: a posts table behind counts"):
        source.poll(cursor, until=NOW)


def test_a_growing_table_too_short_for_its_width_waits_and_then_keeps_it(tmp_path: Path) -> None:
    head, first, *rest = COUNTS.splitlines(keepends=True)
    path = write(tmp_path / "c.csv", head + first)
    source = FileSource("c", path, grows=True)
    got = source.poll(None, until=NOW)
    assert got.counts is None
    with path.open("a") as file:
        file.writelines(rest)
    got = source.poll(got.cursor, until=NOW)
    assert len(counts_of(got)) == 3
    with path.open("a") as file:
        file.write("2022-07-22T14:20:00Z,WeChat,5\n")
    again = FileSource("c", path, grows=True).poll(got.cursor, until=NOW)
    assert again.width == got.width == MINUTE


def test_nothing_new_is_told_in_the_kind_of_the_table(tmp_path: Path) -> None:
    source = FileSource("c", write(tmp_path / "c.csv", COUNTS), grows=True)
    quiet = source.poll(source.poll(None, until=NOW).cursor, until=NOW)
    assert counts_of(quiet).empty
    assert list(counts_of(quiet)) == ["time", "service", "count"]
    assert quiet.width == MINUTE
    heat = "time,service,count,floor\n2022-07-22T14:00:00Z,a,5,2\n2022-07-22T14:01:00Z,a,5,2\n"
    source = FileSource("c", write(tmp_path / "h.csv", heat), grows=True)
    quiet = source.poll(source.poll(None, until=NOW).cursor, until=NOW)
    assert "floor" in counts_of(quiet)
    assert quiet.observed == ()


def test_a_trending_table_is_observed_from_row_to_row_however_it_came(tmp_path: Path) -> None:
    row = "2022-07-22T14:{:02d}:01Z,a,5,2\n"
    path = write(tmp_path / "h.csv", "time,service,count,floor\n" + row.format(0) + row.format(1))
    source = FileSource("h", path, grows=True)
    first = source.poll(None, until=NOW)
    with path.open("a") as file:
        file.write(row.format(12))
    second = source.poll(first.cursor, until=NOW)
    spans = Spans.of([*first.observed, *second.observed])
    assert spans.pairs() == poll(path).observed
    assert len(spans) == 1


def test_gaps_are_not_observed(tmp_path: Path) -> None:
    at = START
    gaps = Spans.of([(at + timedelta(seconds=90), at + timedelta(minutes=5))])
    rows = "".join(f"2022-07-22T14:{m:02d}:00Z,a,5\n" for m in range(8))
    counts = counts_of(poll(write(tmp_path / "c.csv", "time,service,count\n" + rows), gaps=gaps))
    assert [t.minute for t in counts["time"]] == [0, 5, 6, 7]
    heat = "time,service,count,floor\n" + rows.replace("a,5", "a,5,2")
    got = poll(write(tmp_path / "h.csv", heat), gaps=gaps)
    assert [t.minute for t in counts_of(got)["time"]] == [0, 1, 5, 6, 7]
    ends = Spans.of([(at, at + 8 * MINUTE)]).without(gaps)
    assert got.observed == ends.pairs()
    posts = write(tmp_path / "p.csv", "time,text\n" + rows.replace("a,5", "hello"))
    assert (
        poll(posts, gaps=gaps).observed == Spans.of([(at, at + 7 * MINUTE)]).without(gaps).pairs()
    )


def test_a_trending_row_without_a_number_is_a_look_that_failed(tmp_path: Path) -> None:
    rows = [f"2022-07-22T14:{m:02d}:00Z,a,{'' if m == 2 else 5},2\n" for m in range(5)]
    got = poll(write(tmp_path / "h.csv", "time,service,count,floor\n" + "".join(rows)))
    assert [t.minute for t in counts_of(got)["time"]] == [0, 1, 3, 4]
    assert got.observed == (
        (START, START + 2 * MINUTE),
        (START + 3 * MINUTE, START + 5 * MINUTE),
    )


def test_posts_out_of_order_by_less_than_an_hour_are_behind_nothing_observed(
    tmp_path: Path,
) -> None:
    minutes = [m + (30 if m % 2 else 0) for m in range(200)]
    rows = [{"time": (START + m * MINUTE).isoformat(), "text": f"hello {m}"} for m in minutes]
    path = write(tmp_path / "p.csv", as_csv(rows))
    source, cursor, until = FileSource("p", path, piece=500), None, START
    for _ in range(1000):
        got = source.poll(cursor, until=NOW)
        cursor = got.cursor
        posts = posts_of(got)
        assert (posts["time"] >= until).all()
        until = got.observed[-1][1] if got.observed else until
        if got.exhausted:
            break
    assert until == START + max(minutes) * MINUTE


def test_memory_stays_flat_for_a_large_posts_file(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv.gz"
    line = b"2022-07-22T14:00:00Z," + b"x" * 400 + b"\n"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"time,text\n")
        for _ in range(40):
            file.write(line * 1000)
    source, cursor, rows = FileSource("p", path, piece=1 << 20), None, 0
    tracemalloc.start()
    while True:
        got = source.poll(cursor, until=NOW)
        rows, cursor = rows + len(posts_of(got)), got.cursor
        if got.exhausted:
            break
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows == 40_000
    assert peak < 12 << 20
