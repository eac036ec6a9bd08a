"""A bundled scenario as a source: posts of a reconstructed outage, as its time goes by."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

import pandas as pd

from detector import resources
from detector.demo.reconstruction import Scenario, parse_scenario
from detector.demo.simulate import simulate
from detector.errors import ConfigError
from detector.fields import Name
from detector.model.times import iso
from detector.sources.base import Poll, SourceContext, SourceSettings
from detector.text.phrasing import Phrasing

_FOLDER = "data/scenarios"


def scenario_names() -> tuple[str, ...]:
    """Return the names of the bundled scenarios."""
    return resources.names(_FOLDER, ".toml")


def bundled_scenario(name: str) -> Scenario:
    """Return a bundled scenario. Raises `ConfigError` for a name that is none."""
    if name not in scenario_names():
        known = ", ".join(scenario_names())
        raise ConfigError(f"there is no scenario {name!r}; the bundled ones are {known}")
    templates = resources.text("data/templates.toml")
    return parse_scenario(resources.text(f"{_FOLDER}/{name}.toml"), templates)


class ScenarioSettings(SourceSettings):
    """A bundled reconstruction of an outage, simulated."""

    reads: ClassVar[str] = "simulated posts"
    history: ClassVar[str] = "all of it"
    up_when: ClassVar[str] = "the scenario's time"
    simulated: ClassVar[bool] = True
    example: ClassVar[str] = """\
[[sources]]
type = "scenario"
name = "weibo-2013"
scenario = "wechat-2013-07-22"
"""

    type: Literal["scenario"]
    scenario: Name
    """Name of the scenario; ``outage-detector simulate list`` lists them."""

    seed: int | None = None
    """Seed of another random draw; the scenario's own if not given."""

    def build(self, context: SourceContext) -> ScenarioSource:  # noqa: ARG002 - not all of them need it
        """Return the source. Raises `ConfigError` when there is no such scenario."""
        return ScenarioSource(self.name, bundled_scenario(self.scenario), self.seed)

    def describe(self, context: SourceContext, say: Phrasing) -> str:  # noqa: ARG002 - not all of them need it
        """Return the scenario's title."""
        return say.texts.outage(bundled_scenario(self.scenario).title)


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
