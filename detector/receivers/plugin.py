"""Receivers of other packages, found by entry points (docs/plugins.md).

A package announces a callable ``(name, options) -> Receiver`` under ``detector.receivers``; the
group's former name, ``detector.sinks``, is still read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from detector.fields import Name
from detector.integrations import plug_in
from detector.notify.receiver import Receiver
from detector.receivers.base import ReceiverContext, ReceiverSettings
from detector.text.phrasing import Phrasing

GROUPS = ("detector.receivers", "detector.sinks")


class PluginReceiverSettings(ReceiverSettings):
    """A receiver from another package (docs/plugins.md)."""

    carries: ClassVar[str] = "whatever the plug-in sends"
    needs: ClassVar[str] = "the package, installed"
    example: ClassVar[str] = """\
[[receivers]]
type = "plugin"
name = "our-pager"
plugin = "pager"
options = { url = "https://pager.example.org" }
"""

    type: Literal["plugin"]
    plugin: Name
    """The entry point's name, in the group ``detector.receivers``."""

    options: Mapping[str, Any] = {}
    """Options of the plug-in. ``X_env`` and ``X_file`` name a secret, which it gets as ``X``."""

    def build(self, context: ReceiverContext) -> Receiver:
        """Return the receiver; raises as `plug_in`."""
        made: Receiver = plug_in(GROUPS, self.plugin, self, context.base, method="send")
        return made

    def describe(self, say: Phrasing) -> str:
        """Return which plug-in it is."""
        return say.texts("integration.plugin", name=self.plugin)
