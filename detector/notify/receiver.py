"""What a place that notifications go to has to offer (see ``detector.receivers``)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from detector.model.alert import Alert
from detector.model.health import SourceAlert


class Receiver(Protocol):
    """A place that alerts go to."""

    @property
    def name(self) -> str:
        """The receiver's name in ``config.toml``."""

    def send(self, alert: Alert) -> None:
        """Hand ``alert`` over, or raise `Rejected` (do not retry) or `Unreachable` (retry)."""


@runtime_checkable
class SourceAlertReceiver(Protocol):
    """A receiver that can also be notified of sources; `source_health.receivers` may name it."""

    def send_source_alert(self, alert: SourceAlert) -> None:
        """Hand ``alert`` over; raises as `Receiver.send`."""


@runtime_checkable
class RefreshedReceiver(Protocol):
    """A receiver that forgets what is not repeated (Alertmanager)."""

    def refresh(self, alerts: Sequence[Alert], *, now: datetime) -> None:
        """Send again what the receiver took and still stands; raises as `Receiver.send`.

        Called once per run, without alerts where nothing stands.
        """
