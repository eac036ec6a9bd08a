"""Who writes messages in tests: the bundled words, no settings."""

from __future__ import annotations

from datetime import UTC, tzinfo

from detector import resources
from detector.notify.render import Links, Writer
from detector.text.speech import (
    Chinese,
    English,
    Language,
    Speech,
)


def a_speech(language: Language = "en", zone: tzinfo = UTC) -> Speech:
    if language == "en":
        return English(zone)
    return Chinese(zone, resources.called("zh"), resources.retelling("zh"))


def a_writer(
    language: Language = "en",
    *,
    zone: tzinfo = UTC,
    links: Links | None = None,
    own: str | None = None,
) -> Writer:
    """A writer of bundled messages, times in UTC."""
    bundled = resources.text(f"data/messages/{language}.txt")
    feeds = resources.text(f"data/messages/feed_{language}.txt")
    return Writer(a_speech(language, zone), bundled, feeds=feeds, links=links, own=own)
