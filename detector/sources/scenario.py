"""A bundled scenario as a source: posts of a reconstruction, as its time goes by."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd

from detector.demo.scenario import Scenario
from detector.demo.simulate import simulate
from detector.model.times import iso
from detector.sources.base import Poll


@dataclass(eq=False)
class ScenarioSource:
    """Posts of ``scenario``, simulated when they are first asked for.

    Parameters
    ----------
    name : the source's name in the configuration.
    scenario : what to simulate.
    seed : another draw of the scenario; None takes its own.
    """

    name: str
    scenario: Scenario
    seed: int | None = None
    _posts: pd.DataFrame | None = field(default=None, init=False)

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        """Return the posts of ``[cursor, until)``; the cursor is the instant behind the last."""
        start = datetime.fromisoformat(cursor) if cursor else self.scenario.start
        end = min(until, self.scenario.end)
        if end <= start:
            # One that has not begun is not missed.
            return Poll(cursor, exhausted=start >= self.scenario.end, awaited=False)
        if self._posts is None:
            self._posts = simulate(self.scenario, seed=self.seed)
        times = self._posts["time"]
        return Poll(
            iso(end),
            posts=self._posts[(times >= start) & (times < end)],
            observed=((start, end),),
            exhausted=end >= self.scenario.end,
        )
