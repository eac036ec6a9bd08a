"""What views read: the store, what people asked for, the settings, the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from detector.config.settings import Settings
from detector.store.base import Controls, Store, Viewer


@dataclass(frozen=True, slots=True)
class ViewContext:
    """Everything that a view may look at.

    Attributes
    ----------
    store : for looking only; a pipeline may be writing to it.
    controls : silences, acknowledgements and tokens; written by people.
    settings : of the configuration.
    now : time of the data: the wall's, or on an accelerated clock that of the last run.
    wall : the wall's time: for silences, which mute by it, and for what expires. An
        acknowledgement has the data's: it stands among the alerts of its incident.
    """

    store: Viewer
    controls: Controls
    settings: Settings
    now: Callable[[], datetime]
    wall: Callable[[], datetime]


def observed_until(store: Store) -> datetime | None:
    """Return up to when any source was observed, None where none was."""
    return max(
        (one.observed_until for one in store.source_health() if one.observed_until), default=None
    )
