"""``[[sources]]``: where complaints come from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from detector.config.live import LiveSettings, PushSettings
from detector.fields import Columns, Name, Part, Width


class ScenarioSourceSettings(Part):
    """A bundled reconstruction, simulated."""

    type: Literal["scenario"]
    name: Name
    """The source's name; alerts and counts show it."""

    scenario: Name
    """Which; ``outage-detector simulate list`` lists them."""

    seed: int | None = None
    """Another draw of it; its own where nothing is said."""


class FileSourceSettings(Part):
    """A file or folder of counts, posts or trending tables that may grow."""

    type: Literal["files"]
    name: Name
    """The source's name; alerts and counts show it."""

    path: Path
    """The file, or a folder whose files are read in order of their names."""

    columns: Columns = Field(default={})
    """Our column = the file's, e.g. ``{ time = "created_at" }``; a column of our name, and
    those of hot-search tables, need not be given."""

    width: Width | None = None
    """Bin width of a counts table; told from its rows where nothing is said."""

    gaps: Path | None = None
    """A CSV file ``start,end`` of spans in which nobody looked."""


class PluginSourceSettings(Part):
    """A source from another package (docs/plugins.md)."""

    type: Literal["plugin"]
    name: Name
    """The source's name; alerts and counts show it."""

    plugin: Name
    """The entry point's name, in the group ``detector.sources``."""

    options: Mapping[str, Any] = {}
    """What the plug-in asks for. ``X_env`` and ``X_file`` name a secret, which it gets as ``X``."""


SourceSettings = Annotated[
    ScenarioSourceSettings
    | FileSourceSettings
    | LiveSettings
    | PluginSourceSettings
    | PushSettings,
    Field(discriminator="type"),
]
