"""Every source there is: a file of this folder each, whose name is the source's ``type``."""

from __future__ import annotations

from collections.abc import Iterable

from detector.integrations import Integrations
from detector.sources.base import Source, SourceContext, SourceSettings

SOURCES = Integrations("detector.sources", SourceSettings)  # type: ignore[type-abstract]


def build_sources(settings: Iterable[SourceSettings], context: SourceContext) -> tuple[Source, ...]:
    """Return the sources. Raises `ConfigError` when a secret is missing or a key is wrong."""
    return tuple(source.build(context) for source in settings)
