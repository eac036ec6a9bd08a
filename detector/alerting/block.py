"""The console's block: one message, its title standing out."""

from __future__ import annotations

from detector.alerting.message import Message
from detector.domain.alert import Alert, AlertKind
from detector.domain.feed import FeedAlert, FeedState
from detector.domain.incident import Severity

_RESET = "\x1b[0m"
_GREEN = "\x1b[1;32m"
_YELLOW = "\x1b[1;33m"
_SHADES = {
    Severity.MINOR: _YELLOW,
    Severity.MAJOR: "\x1b[1;31m",
    Severity.CRITICAL: "\x1b[1;97;41m",
}


def block(alert: Alert, said: Message, *, colour: bool) -> str:
    """Return a message as lines for a terminal, an empty line at the end.

    Parameters
    ----------
    alert : what is said.
    said : its words.
    colour : whether the title is painted with terminal escapes. Nothing else in the text ever
        holds one: hostile names are written out.
    """
    shade = _GREEN if alert.kind is AlertKind.RESOLVED else _SHADES[alert.incident.severity]
    head = f"{shade}{said.title}{_RESET}" if colour else said.title
    return _lines(head, said)


def feed_block(alert: FeedAlert, said: Message, *, colour: bool) -> str:
    """Return a message about a source as lines for a terminal; see `block`."""
    shade = _GREEN if alert.feed.state is FeedState.ALIVE else _YELLOW
    return _lines(f"{shade}{said.title}{_RESET}" if colour else said.title, said)


def _lines(head: str, said: Message) -> str:
    return "\n".join([head, *(f"  {line}" for line in said.lines), "", ""])
