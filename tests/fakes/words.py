"""Who writes notifications in tests: the catalogue's words, no settings."""

from __future__ import annotations

from datetime import UTC, tzinfo

from detector.model.plain_text import inert
from detector.notify.render import Links, Writer
from detector.text.phrasing import phrasing


def a_writer(
    language: str = "en",
    *,
    zone: tzinfo = UTC,
    links: Links | None = None,
    own: str | None = None,
) -> Writer:
    """A writer of notifications, times in UTC."""
    return Writer(phrasing(language, zone, inert), links=links, own=own)
