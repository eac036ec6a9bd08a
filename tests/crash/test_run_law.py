"""The whole run is killed at random: it goes on exactly where it was."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path

from detector.pipeline.replay import replay
from tests.crash.nursery import Nursery
from tests.crash.receiver import ReceiverPolicy
from tests.laws.stories import Table, counts, plan

N_KILLS = int(os.environ.get("KILLS", "60"))
LONGEST_LIFE = 0.25  # seconds


def test_kills_of_the_whole_run_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    said = [alert.key for alert in replay(Table(counts()), plan()).alerts]
    assert len(said) >= 12
    moments = random.Random(20130722)
    kills = histories = 0
    with Nursery.opened("tests.crash.whole:warm_up") as nursery:
        while kills < N_KILLS:  # a quick machine comes to the end of a history and begins another
            folder = tmp_path / str(histories)
            folder.mkdir()
            kills += _killed_until_its_end(nursery, folder, moments, said)
            histories += 1
    print(f"{kills} kills, {histories * len(said)} messages in {histories} histories")


def _killed_until_its_end(
    nursery: Nursery, folder: Path, moments: random.Random, said: list[str]
) -> int:
    """Kill one run until it ends by itself; check what was told; return the number of kills."""
    kills, end = 0, -9
    with ReceiverPolicy.started(failing=0.3) as receiver:
        while end == -9:
            nursery.bear("tests.crash.whole:live", str(folder), receiver.url)
            if kills % 3:
                time.sleep(moments.uniform(0.02, LONGEST_LIFE))
            else:
                _let_work(nursery, receiver, moments)
            end = nursery.wait() if kills >= N_KILLS else nursery.kill()
            kills += end == -9
        heard = receiver.messages
    assert end == 0
    logged = [
        json.loads(line)["key"] for line in (folder / "alerts.jsonl").read_text().splitlines()
    ]
    assert logged == said
    assert sorted(heard) == sorted(said)
    return kills


def _let_work(nursery: Nursery, receiver: ReceiverPolicy, moments: random.Random) -> None:
    """Wait until a message or two have come, so that a life means the same on a busy machine."""
    enough = receiver.calls + moments.randint(1, 3)
    while receiver.calls < enough and not nursery.has_ended():
        receiver.wait_for_calls(1, timeout=0.05)
    time.sleep(moments.uniform(0, 0.02))
