"""The rules of `count_authors`, one complaint after another, as slowly and plainly as can be."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.complaints.authors import (
    BANDS,
    FLOOD,
    copy_keys,
    counts_as_author,
    has_link,
    in_order,
)

HOUR = timedelta(hours=1)
LONG = "微信崩了！大家快换成某某聊天，稳定不掉线，还可以领取红包，点击下载"
TEXTS = ["微信崩了", "登不上了", LONG, f"{LONG}！！", "见 http://t.cn/a1", "又见 http://t.cn/b2"]


def heard_one_by_one(ordered: pd.DataFrame, phase: dict[object, int]) -> list[bool]:
    """Return who is heard; ``phase`` gives each key's phase within the window, nanoseconds."""
    span = int(HOUR.total_seconds() * 1e9)
    times = pd.DatetimeIndex(ordered["time"]).as_unit("ns").asi8.tolist()
    keys, judged = copy_keys(ordered["text"].tolist())
    linked = has_link(ordered["text"])
    spoken: set[object] = set()
    sayers: dict[object, list[str]] = {}
    heard = []
    for i, (time, author) in enumerate(zip(times, ordered["author"], strict=True)):

        def window(key: object, now: int = time) -> tuple[object, int]:
            return key, (now - phase[key]) // span

        before = sum(
            1
            for t, a in zip(times[:i], ordered["author"], strict=False)
            if a == author and t >= time - span
        )
        mine = window(("author", author))
        first = mine not in spoken and before <= FLOOD
        spoken.add(mine)

        def nth(key: object, who: str = author) -> int:
            names = sayers.setdefault(window(key), [])
            if who not in names:
                names.append(who)
            return len(names)

        closest = (
            max((nth(("band", b, keys[i, b])) for b in range(BANDS)), default=1) if judged[i] else 1
        )
        link = nth("link") if linked[i] else 1
        heard.append(first and _counts_still(closest) and _counts_still(link))
    return heard


def _counts_still(n: int) -> bool:
    return n in {4**k for k in range(10)}


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), people=st.sampled_from([1, 3, 40]), n=st.integers(1, 150))
def test_fast_and_plain_agree(seed: int, people: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    seconds = np.sort(rng.integers(0, 3 * 3600, n))
    said = pd.DataFrame(
        {
            "time": pd.Timestamp("2024-03-05 10:00", tz="UTC") + pd.to_timedelta(seconds, unit="s"),
            "service": "微信",
            "author": [f"a{i}" for i in rng.integers(0, people, n)],
            "text": [TEXTS[i] for i in rng.integers(0, len(TEXTS), n)],
        }
    )
    ordered = in_order(said)
    assert counts_as_author(ordered).tolist() == heard_one_by_one(ordered, _phases(ordered))


def _phases(ordered: pd.DataFrame) -> dict[object, int]:
    """Return the phases of all keys, from the definition: the key's hash within the window."""
    golden, mixer, mask = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, (1 << 64) - 1

    def mixed(left: int, right: int) -> int:
        x = ((left ^ (right * golden & mask)) * mixer) & mask
        return x ^ (x >> 31)

    def hashed(text: str) -> int:
        return int(pd.util.hash_array(np.array([text], dtype=object))[0])

    span, service = int(HOUR.total_seconds() * 1e9), hashed("微信")
    keys, judged = copy_keys(ordered["text"].tolist())
    phase: dict[object, int] = {"link": mixed(service, 0x6C696E6B) % span}
    for author in set(ordered["author"]):
        phase["author", author] = mixed(hashed(author), service) % span
    for row in keys[judged]:
        for b, key in enumerate(row):
            phase["band", b, key] = mixed(int(key), service) % span
    return phase
