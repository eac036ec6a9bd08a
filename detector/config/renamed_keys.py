"""Keys that had another name in an earlier release: still accepted, with a warning.

This table is the only place that knows the old names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from detector.errors import ConfigError

#: Old key to new key, from the top of the document. ``[]`` is every entry of a list, and of the
#: lists of the same name inside its entries (routes in routes). Sections come before their keys.
RENAMED: Mapping[str, str] = {
    "feeds": "source_health",
    "source_health.dead_after": "source_health.down_after",
    "source_health.patience": "source_health.down_after_for",
    "source_health.silent_share": "source_health.degraded_share",
    "posts.settle": "posts.allowed_lateness",
    "posts.discover_voices": "posts.discover_authors",
    "incidents.regroup": "incidents.reopen_window",
    "alerts.echo_wait": "alerts.related_wait",
    "alerts.echo_grace": "alerts.related_grace",
    "windows": "mute_time_intervals",
    "routes[].quiet": "routes[].mute_time_intervals",
    "routes[].repeat_every": "routes[].reminder_every",
    "receivers[].quiet": "receivers[].mute_time_intervals",
}


@dataclass(frozen=True, slots=True)
class Renamed:
    """An old key that a document uses, and its name now, as people write them."""

    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.old} is now called {self.new}; please rename it"


def with_current_names(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[Renamed]]:
    """Return ``document`` with every key under its current name, and the old keys it used.

    Raises
    ------
    ConfigError : a key is given under both its names.
    """
    current = deepcopy(dict(document))
    found = [Renamed(old, new) for old, new in RENAMED.items() if _rename(current, old, new)]
    return current, found


def _rename(document: dict[str, Any], old: str, new: str) -> bool:
    """Rename a key wherever it stands in ``document``; return whether it stood anywhere."""
    path, _, key = old.rpartition(".")
    name = new.rpartition(".")[2]
    renamed = False
    for part in _parts(document, path):
        if key in part:
            if name in part:
                raise ConfigError(f"{old}: the old name of {new}, which is given too; remove it")
            part[name] = part.pop(key)
            renamed = True
    return renamed


def _parts(document: dict[str, Any], path: str) -> Iterator[dict[str, Any]]:
    """Yield the tables at ``path``; what is of another shape is left to the settings to refuse."""
    key = path.removesuffix("[]")
    if not key:
        yield document
    elif not path.endswith("[]"):
        if isinstance(part := document.get(key), dict):
            yield part
    elif isinstance(entries := document.get(key), list):
        for entry in entries:
            if isinstance(entry, dict):
                yield entry
                yield from _parts(entry, path)
