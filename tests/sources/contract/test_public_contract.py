"""Our own sources pass the contract suite that is handed to others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from detector.sources.base import Poll, Source
from detector.testing.sources import SourceContract
from tests.sources.contract.rigs import MINUTE, NOW, RIGS, SECRETS, Rig

#: A list that is only looked at has no history: what was missed is lost.
POLLED = [name for name in RIGS if name != "Weibo"]


class TestOurSources(SourceContract):
    now = NOW
    secret = SECRETS[0]

    @pytest.fixture(autouse=True, params=POLLED)
    def place(self, request: pytest.FixtureRequest) -> Iterator[None]:
        with RIGS[request.param]() as rig:
            rig.fill(NOW - 10 * MINUTE, NOW + 6 * MINUTE)
            self.rig: Rig = rig
            yield

    def make(self) -> Source:
        return self.rig.make()

    def poll(self, source: Source, cursor: str | None, until: datetime) -> Poll:
        return self.rig.poll(source, cursor, until)

    def break_down(self) -> None:
        self.rig.place.apply("503 throughout")

    def mend(self) -> None:
        self.rig.place.heal()
