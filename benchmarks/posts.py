"""Posts a second from JSON lines to counts, and memory, on one core.

Run ``python -m benchmarks.posts [N]`` from the top of the checkout. The stream is mixed: one post
in a hundred names a service, one in twenty has a word that sounds like a fault.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from detector.complaints.reader import read_posts
from detector.config.settings import Settings
from detector.pipeline.replay import passes
from detector.pipeline.setup import build_plan
from detector.sources.files import FileSource

QUIET = (
    "今天天气真好",
    "我想吃火锅",
    "周末去爬山吗",
    "猫咪太可爱了",
    "good morning everyone",
    "love this song",
    "coffee time",
    "just finished a book",
)
LOUD = ("看哭了泪崩", "股价又崩了", "心态崩了", "calm down please", "going down for dinner")
NAMED = ("微信登不上去了", "wechat is down again", "微信发图片发不出去", "刚用微信付款")
PER_SECOND = 20
START = 1_740_960_000  # 2025-03-03T00:00Z


def _lines(n: int) -> Iterator[str]:
    rng = random.Random(7)
    for i in range(n):
        kind = rng.random()
        said = NAMED if kind < 0.01 else LOUD if kind < 0.06 else QUIET
        moment = time.gmtime(START + i // PER_SECOND)
        post = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", moment),
            "text": f"{rng.choice(said)} {rng.randrange(10**6)}",
            "author": f"u{rng.randrange(200_000)}",
        }
        yield json.dumps(post, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the stream, read it, and print what it cost."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "posts.jsonl"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(_lines(n))
        plan = build_plan(Settings())
        read_posts(plan.reader, pd.DataFrame({"text": [NAMED[0]]}))  # loads the model
        started = time.process_time()
        for number, _ in enumerate(passes(FileSource("mixed", path), plan)):
            if number % 10 == 0:
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                print(f"pass {number:4d}  peak memory {peak:,.0f} MB", file=sys.stderr)
        seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{n:,} posts in {seconds:.1f} s of CPU: {n / seconds:,.0f} a second; peak {peak:,.0f} MB"
    )


if __name__ == "__main__":
    main()
