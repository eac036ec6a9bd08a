"""The console's block: one message, its title standing out."""

from __future__ import annotations

from datetime import tzinfo

from detector.alerting.message import message
from detector.domain.alert import Alert, AlertKind
from detector.domain.incident import Severity

_RESET = "\x1b[0m"
_GREEN = "\x1b[1;32m"
_SHADES = {
    Severity.MINOR: "\x1b[1;33m",
    Severity.MAJOR: "\x1b[1;31m",
    Severity.CRITICAL: "\x1b[1;97;41m",
}
_WORDS = {
    AlertKind.OPENED: "OUTAGE",
    AlertKind.ESCALATED: "WORSE",
    AlertKind.REOPENED: "AGAIN",
    AlertKind.RESOLVED: "OVER",
}


def block(alert: Alert, zone: tzinfo, *, colour: bool) -> str:
    """Return the alert as lines for a terminal, an empty line at the end.

    Parameters
    ----------
    alert : what to say.
    zone : the reader's time zone; UTC is added.
    colour : whether the title is painted with terminal escapes. Nothing else in the text ever
        holds one: hostile names are written out.
    """
    said = message(alert, zone)
    title = f"{_WORDS[alert.kind]}  {said.title}"
    shade = _GREEN if alert.kind is AlertKind.RESOLVED else _SHADES[alert.incident.severity]
    head = f"{shade}{title}{_RESET}" if colour else title
    return "\n".join([head, *(f"  {line}" for line in said.lines), "", ""])
