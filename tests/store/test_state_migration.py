"""The state that the first layout of it left is brought to the second; the third refuses both."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import pytest

from detector.errors import StoreError
from detector.pipeline.saved_state import load
from detector.store.migrations.versions import v0004_reasons, v0005_plain_state

#: What the last release that had the first layout wrote.
WRITTEN = Path(__file__).with_name("state_of_layout_1.msgpack.gz")


def converted() -> dict[str, bytes]:
    found = {}
    old = msgspec.msgpack.decode(gzip.decompress(WRITTEN.read_bytes()), type=dict[str, bytes])
    for key, value in old.items():
        entry = value
        if key.startswith("watched/"):
            named = v0004_reasons._watched(msgspec.msgpack.decode(value))
            entry = msgspec.msgpack.encode(named)
        new = v0005_plain_state.converted(key, entry)
        assert new is not None
        found[key] = new
    return found


def test_the_second_layout_is_refused_in_so_many_words() -> None:
    # The detector learns otherwise since the third: what it had learnt cannot be continued.
    for key, entry in converted().items():
        with pytest.raises(StoreError, match=r"layout 2, expected 3\); another version wrote it"):
            load({key: entry})


def test_what_is_converted_is_in_the_second_layout() -> None:
    for key, entry in converted().items():
        layout, (name, _) = msgspec.msgpack.decode(entry, ext_hook=lambda _code, data: data)
        assert layout == 2
        parts = name if isinstance(name, list) else [name]
        assert all(str(part) in key for part in parts)


def test_what_is_not_of_the_first_layout_is_left_alone() -> None:
    for key, entry in converted().items():
        assert v0005_plain_state.converted(key, entry) is None
    assert v0005_plain_state.converted("feed/a", b"\xc1") is None
    assert v0005_plain_state.converted("other/a", msgspec.msgpack.encode({"version": 1})) is None
