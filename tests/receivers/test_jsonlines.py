"""What is particular to the file of JSON lines: it survives crashes and other hands."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import Unreachable
from detector.model.documents import alert_from_dict
from detector.receivers.jsonlines import JsonLinesReceiver
from tests.fakes.outages import an_alert, an_incident
from tests.fakes.store import rounded


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alerts.jsonl"


def keys(path: Path) -> list[str]:
    return [json.loads(line)["key"] for line in path.read_bytes().splitlines()]


def test_a_line_is_the_alert_of_the_wire_in_readable_letters(path: Path) -> None:
    alert = an_alert(an_incident("微信"))
    JsonLinesReceiver("log", path).send(alert)
    (line,) = path.read_text("utf-8").splitlines()
    assert alert_from_dict(json.loads(line)) == rounded(alert)
    assert "微信" in line


def test_after_a_restart_a_key_that_is_there_is_not_written_again(path: Path) -> None:
    for _ in range(3):
        sink = JsonLinesReceiver("log", path)
        sink.send(an_alert())
        sink.send(an_alert(sequence=2))
    assert keys(path) == [an_alert().key, an_alert(sequence=2).key]


@pytest.mark.parametrize("kept", [1, 5, 8, 20, -2], ids=lambda n: f"torn at {n}")
def test_a_line_that_a_crash_tore_is_written_anew(path: Path, kept: int) -> None:
    JsonLinesReceiver("log", path).send(an_alert())
    whole = path.read_bytes()
    JsonLinesReceiver("log", path).send(an_alert(sequence=2))
    second = path.read_bytes()[len(whole) :]
    path.write_bytes(whole + second[:kept])
    JsonLinesReceiver("log", path).send(an_alert(sequence=2))
    assert path.read_bytes() == whole + second


def test_a_whole_line_that_lacks_only_its_end_is_kept(path: Path) -> None:
    JsonLinesReceiver("log", path).send(an_alert())
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    JsonLinesReceiver("log", path).send(an_alert())
    JsonLinesReceiver("log", path).send(an_alert(sequence=2))
    assert keys(path) == [an_alert().key, an_alert(sequence=2).key]


@pytest.mark.parametrize(
    "theirs",
    [
        pytest.param(b"# notes of the operator", id="a note without an end"),
        pytest.param(b"# notes\n\n", id="notes"),
        pytest.param(
            b'{"key": 7}\n{"key": }\n[1]\n\xff\xfe\n', id="lines that only look like ours"
        ),
        pytest.param(b"x" * 200_000, id="one very long line"),
    ],
)
def test_what_is_not_ours_is_left_alone(path: Path, theirs: bytes) -> None:
    path.write_bytes(theirs)
    JsonLinesReceiver("log", path).send(an_alert())
    written = path.read_bytes()
    assert written.startswith(theirs)
    assert json.loads(written.splitlines()[-1])["key"] == an_alert().key


@given(torn=st.binary(max_size=300))
def test_any_ending_is_repaired_once_and_for_all(
    tmp_path_factory: pytest.TempPathFactory, torn: bytes
) -> None:
    path = tmp_path_factory.mktemp("torn") / "alerts.jsonl"
    path.write_bytes(torn)
    for _ in range(2):
        JsonLinesReceiver("log", path).send(an_alert())
    lines = path.read_bytes().split(b"\n")
    ours = [line for line in lines if line.startswith(b'{"key": "wechat')]
    assert len(ours) == 1
    assert json.loads(ours[0])["kind"] == "opened"


def test_a_file_that_was_rotated_away_is_begun_anew(path: Path) -> None:
    sink = JsonLinesReceiver("log", path)
    sink.send(an_alert())
    path.rename(path.with_suffix(".1"))
    sink.send(an_alert(sequence=2))
    assert keys(path) == [an_alert(sequence=2).key]


def test_what_another_hand_appended_is_seen(path: Path) -> None:
    ours, other = JsonLinesReceiver("log", path), JsonLinesReceiver("log", path)
    ours.send(an_alert())
    other.send(an_alert(sequence=2))
    ours.send(an_alert(sequence=2))
    assert keys(path) == [an_alert().key, an_alert(sequence=2).key]


def test_a_disk_that_is_full_is_unreachable_and_leaves_no_half_line(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = JsonLinesReceiver("log", path)
    sink.send(an_alert())

    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(Unreachable, match="No space left"):
        sink.send(an_alert(sequence=2))
    monkeypatch.undo()
    sink.send(an_alert(sequence=2))
    sink.send(an_alert(sequence=3))
    assert keys(path) == [an_alert(sequence=n).key for n in (1, 2, 3)]


def test_each_line_is_synced_before_it_counts_as_sent(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    real = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda file: (synced.append(os.fstat(file).st_size), real(file))
    )
    JsonLinesReceiver("log", path).send(an_alert())
    assert path.stat().st_size in synced
