"""Sources of other packages, found by entry points (docs/plugins.md).

A package announces a callable ``(name, options) -> Source`` under ``detector.sources``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from detector.fields import Name
from detector.integrations import plug_in
from detector.sources.base import SourceContext, SourceSettings
from detector.sources.contract import GuardedSource
from detector.text.phrasing import Phrasing

GROUP = "detector.sources"


class PluginSourceSettings(SourceSettings):
    """A source from another package (docs/plugins.md)."""

    reads: ClassVar[str] = "posts or counts"
    history: ClassVar[str] = "depends on the plug-in"
    up_when: ClassVar[str] = "depends on the plug-in"
    needs: ClassVar[str] = "the package, installed"
    example: ClassVar[str] = """\
[[sources]]
type = "plugin"
name = "our-forum"
plugin = "forum"
options = { url = "https://forum.example.org", token_env = "FORUM_TOKEN" }
"""

    type: Literal["plugin"]
    plugin: Name
    """The entry point's name, in the group ``detector.sources``."""

    options: Mapping[str, Any] = {}
    """Options of the plug-in. ``X_env`` and ``X_file`` name a secret, which it gets as ``X``."""

    def build(self, context: SourceContext) -> GuardedSource:
        """Return the source, whose polls are held to the contract; raises as `plug_in`."""
        made = plug_in((GROUP,), self.plugin, self, context.base, method="poll")
        return GuardedSource(self.name, made)

    def describe(self, context: SourceContext, say: Phrasing) -> str:  # noqa: ARG002 - not all of them need it
        """Return which plug-in it is."""
        return say.texts("integration.plugin", name=self.plugin)
