"""The heartbeat: pings to a watchdog, which raises the alarm when they stop, and notes to systemd.

Not a receiver of alerts: what watches the detector must not depend on an outage.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from detector.clock import wall_now
from detector.config.settings import Settings
from detector.errors import DeliveryError
from detector.fields import named_secret
from detector.receivers.http import Clock, Poster

_LONGEST = 1_000  # characters of reasons


class Heartbeat:
    """Says that a run was committed.

    Parameters
    ----------
    clock : wall time.
    url : address of a healthcheck, a secret; None to ping nobody. ``url/fail`` says that there is
        trouble (the convention of healthchecks.io).
    fail : whether troubles are reported so; otherwise every committed run is a success.
    every : pings of one kind lie at least this far apart; a change is reported at once.
    timeout : seconds for a ping.
    socket_path : systemd's ``$NOTIFY_SOCKET``, None without systemd.

    Raises
    ------
    ConfigError : the address cannot be used.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        url: str | None = None,
        fail: bool = True,
        every: timedelta = timedelta(minutes=1),
        timeout: float = 4.0,
        socket_path: str | None = None,
    ) -> None:
        self._clock = clock
        self._fail = fail
        self._every = every
        self._socket = socket_path
        self._well = None if url is None else Poster("heartbeat", url, timeout=timeout)
        failing = None if url is None else f"{url.rstrip('/')}/fail"
        self._ill = None if failing is None else Poster("heartbeat", failing, timeout=timeout)
        self._last: tuple[bool, datetime] | None = None

    def __repr__(self) -> str:
        return "Heartbeat()"

    def ready(self) -> None:
        """Tell systemd that the start is over."""
        self._notify("READY=1")

    def stopping(self) -> None:
        """Tell systemd that the end has begun."""
        self._notify("STOPPING=1")

    def standing_by(self) -> None:
        """Tell systemd that we live, though another instance does the work and is watched."""
        self._notify("WATCHDOG=1")

    def beat(self, failures: Sequence[str] = ()) -> str | None:
        """Say that a run was committed, and what failed; never raises.

        Returns
        -------
        Why the ping failed, without secrets; None if it did not, or none was due.
        """
        self._notify("WATCHDOG=1")
        now, ill = self._clock(), bool(failures) and self._fail
        poster = self._ill if ill else self._well
        if poster is None or self._pinged_lately(ill, now):
            return None
        self._last = (ill, now)
        body = "\n".join(failures)[:_LONGEST].encode("utf-8", "replace")
        try:
            poster.post(body, {"Content-Type": "text/plain; charset=utf-8"}, now=now)
        except DeliveryError as error:
            return str(error)
        return None

    def _pinged_lately(self, ill: bool, now: datetime) -> bool:
        if self._last is None:
            return False
        was_ill, at = self._last
        return was_ill == ill and now - at < self._every

    def _notify(self, state: str) -> None:
        """Send one datagram; a systemd that does not listen is no reason to stop working."""
        if self._socket is None:
            return
        # A name that begins with @ lies in the abstract namespace.
        address = f"\0{self._socket[1:]}" if self._socket.startswith("@") else self._socket
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
            try:
                datagrams.connect(address)
                datagrams.sendall(state.encode("ascii"))
            except OSError:
                self._socket = None


def build_heartbeat(settings: Settings, *, base: Path) -> Heartbeat:
    """Return the heartbeat: to a watchdog, and to systemd if it started us.

    Raises
    ------
    ConfigError : a secret is missing, or the address cannot be used.
    """
    part = settings.heartbeat
    return Heartbeat(
        clock=wall_now,
        url=named_secret(part, "url", base, place="heartbeat"),
        fail=part.fail,
        every=part.every,
        timeout=part.timeout.total_seconds(),
        socket_path=os.environ.get("NOTIFY_SOCKET") or None,
    )
