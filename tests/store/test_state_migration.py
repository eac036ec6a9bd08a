"""The state that the first layout of it left is continued in the second."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import numpy as np

from detector.detection import fusion
from detector.detection.options import DetectionOptions
from detector.pipeline.saved_state import load
from detector.store.migrations.versions import v0004_reasons, v0005_plain_state
from tests.fakes.outages import NOON
from tests.pipeline.saying import MINUTE
from tests.pipeline.test_saved_state import a_state, assert_same

#: What the last release that had the first layout wrote of `a_state` and of a fused service.
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


def test_the_state_is_the_same_that_is_made_today() -> None:
    entries = converted()
    fused = entries.pop("fused/WeChat")
    assert_same(a_state(), load(entries))
    (judged,) = load({"fused/WeChat": fused}).fused.values()
    said = fusion.SourceEvidence(
        NOON.timestamp(), 60.0, np.arange(10.0).reshape(5, 2), (NOON.timestamp(),)
    )
    begun = fusion.begin(DetectionOptions(), start=NOON, width=MINUTE)
    state = fusion.update(begun, {"a": said}, NOON.timestamp() + 60).state
    assert fusion.dump(judged.state) == fusion.dump(state)
    np.testing.assert_array_equal(judged.waiting["a"].rows, said.rows)
    assert judged.waiting["a"].ends == said.ends


def test_what_is_not_of_the_first_layout_is_left_alone() -> None:
    for key, entry in converted().items():
        assert v0005_plain_state.converted(key, entry) is None
    assert v0005_plain_state.converted("feed/a", b"\xc1") is None
    assert v0005_plain_state.converted("other/a", msgspec.msgpack.encode({"version": 1})) is None
