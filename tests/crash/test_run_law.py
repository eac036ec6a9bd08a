"""The whole run is killed at random: it goes on exactly where it was."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

from detector.engine.replay import replay
from tests.crash.nursery import Nursery
from tests.crash.receiver import Receiver
from tests.laws.stories import Table, counts, plan

N_KILLS = 60
LONGEST_LIFE = 0.25  # seconds


def test_sixty_kills_of_the_whole_run_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    said = [alert.key for alert in replay(Table(counts()), plan()).alerts]
    moments = random.Random(20130722)
    kills = 0
    with (
        Receiver.started(failing=0.3) as receiver,
        Nursery.opened("tests.crash.whole:warm_up") as nursery,
    ):
        life = ("tests.crash.whole:live", str(tmp_path), receiver.url)
        for _ in range(N_KILLS):
            nursery.bear(*life)
            time.sleep(moments.uniform(0.02, LONGEST_LIFE))
            kills += nursery.kill() == -9
        nursery.bear(*life)
        assert nursery.wait() == 0
        heard = set(receiver.messages)
    log = tmp_path / "alerts.jsonl"
    logged = [json.loads(line)["key"] for line in log.read_text().splitlines()]
    assert kills >= 50
    assert logged == said
    assert heard == set(said)
