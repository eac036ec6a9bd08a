"""What the pages and the API stand on: the store, the desk, the inbox, the settings, the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from detector.engine.totals import Totals
from detector.ports import Desk, Inbox, Viewer
from detector.settings import Settings


@dataclass(frozen=True, slots=True)
class Backend:
    """Everything that a request may look at or change.

    Attributes
    ----------
    store : for looking only; a pipeline may be writing to it.
    desk : silences, acknowledgements and tokens; written by people.
    inbox : where pushed rows wait.
    now : time of the data: the wall's, or on an accelerated clock that of the last turn.
    wall : the wall's time: for logins, for silences, which mute by it, and for what expires. An
        acknowledgement has the data's: it stands among the alerts of its incident.
    session_key : logins and forms are signed with it.
    turn : how the running pipeline is, None where none runs here (``serve``).
    """

    store: Viewer
    desk: Desk
    inbox: Inbox
    settings: Settings
    now: Callable[[], datetime]
    wall: Callable[[], datetime]
    session_key: bytes
    turn: Callable[[], TurnReport] | None = None

    def close(self) -> None:
        """Release files and connections."""
        for part in (self.store, self.desk, self.inbox):
            part.close()

    @property
    def url(self) -> str:
        """Where people reach the dashboard, without a slash at the end."""
        return self.settings.web.url


@dataclass(frozen=True, slots=True)
class TurnReport:
    """How the running pipeline is.

    Attributes
    ----------
    turns : taken since the start.
    ended_at : when the last one ended, on the wall's clock; None before any.
    seconds : how long it took.
    every : seconds between turns, as configured.
    totals : how much was taken in since the start.
    """

    turns: int
    ended_at: datetime | None
    seconds: float
    every: float
    totals: Totals = field(default_factory=Totals)


def _backend(request: Request) -> Backend:
    backend: Backend = request.app.state.backend
    return backend


AskedBackend = Annotated[Backend, Depends(_backend)]
"""In a handler's signature: the backend of the application that was asked."""
