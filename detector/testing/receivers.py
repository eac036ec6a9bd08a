"""What every receiver does, as tests to inherit."""

from __future__ import annotations

import traceback
from abc import abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from detector.errors import DeliveryError, Unreachable
from detector.model.alert import Alert, AlertKind
from detector.model.incident import Incident, Severity, incident_id
from detector.model.surge import Onset
from detector.notify.receiver import Receiver

_NOTICED = datetime(2013, 7, 21, 23, 39, tzinfo=UTC)
_HOSTILE = "微信\x1b[2J\r\nX-Injected: 1\x00\u202e 崩了"


class ReceiverContract:
    """Inherit as ``class TestPager(ReceiverContract)``.

    Attributes
    ----------
    secret : a secret that the receiver was given and must never show; None if there is none.
    """

    secret: str | None = None

    @abstractmethod
    def make(self) -> Receiver:
        """Return a fresh receiver, as after a restart."""

    @abstractmethod
    def arrived(self) -> Sequence[str]:
        """Return the messages that the receiver holds now, as text, in order."""

    @abstractmethod
    def break_down(self) -> None:
        """Let the receiver be out of reach until `mend`."""

    @abstractmethod
    def mend(self) -> None:
        """Let it be reached again."""

    def test_it_bears_a_name(self) -> None:
        """The name in the configuration is the receiver's."""
        assert self.make().name

    def test_each_alert_of_a_life_arrives_once_and_in_order(self) -> None:
        """Opened, escalated, reopened, resolved: every alert is delivered."""
        receiver, life = self.make(), alerts()
        for alert in life:
            receiver.send(alert)
        assert len(self.arrived()) == len(life)
        assert all("WeChat" in text for text in self.arrived())

    def test_a_receiver_out_of_reach_gets_the_alert_later(self) -> None:
        """Unreachable is retried; Rejected would be the end of it."""
        (alert, *_) = alerts()
        self.break_down()
        error = self._failure(alert)
        assert isinstance(error, Unreachable)
        assert len(self.arrived()) == 0
        shown = "".join(traceback.format_exception(error)) + repr(error) + repr(self.make())
        assert self.secret is None or self.secret not in shown
        self.mend()
        self.make().send(alert)
        assert len(self.arrived()) == 1

    def test_hostile_names_arrive_as_one_message_without_control_characters(self) -> None:
        """Service names come from tables and posts, which anybody may write."""
        self.make().send(alerts(_HOSTILE)[0])
        (text,) = self.arrived()
        assert not set("\x1b\x00\r\u202e") & set(text)

    def _failure(self, alert: Alert) -> DeliveryError:
        try:
            self.make().send(alert)
        except DeliveryError as error:
            return error
        raise AssertionError("what did not arrive must be said: raise Unreachable or Rejected")


def alerts(service: str = "WeChat") -> list[Alert]:
    """Return one alert of every kind about one incident of ``service``, in order."""
    began = _NOTICED - timedelta(minutes=11)
    incident = Incident(
        id=incident_id(service, _NOTICED),
        service=service,
        sources=("weibo",),
        onset=Onset(began, began - timedelta(minutes=8), began + timedelta(minutes=3)),
        noticed_at=_NOTICED,
        ended_at=None,
        resolved_at=None,
        peak_at=_NOTICED,
        peak_count=412.0,
        expected_at_peak=31.0,
        excess=1403.0,
        severity=Severity.MAJOR,
        evidence=88.1,
    )
    return [Alert(kind, _NOTICED, incident, i) for i, kind in enumerate(AlertKind, 1)]
