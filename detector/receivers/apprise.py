"""Alerts to everything that Apprise knows: Slack, Teams, e-mail, Telegram, WeCom, DingTalk, Feishu.

Needs the extra ``apprise``, which is imported when a receiver is built: commands that only read the
configuration work without it, and start faster.
"""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import ClassVar, Literal

from detector.errors import ConfigError, Rejected, Unreachable
from detector.fields import LongDuration
from detector.model.alert import Alert, AlertKind
from detector.model.health import SourceAlert, SourceState
from detector.model.incident import Severity
from detector.notify.render import Writer
from detector.receivers.base import ReceiverContext, WordedSettings
from detector.receivers.http import RETRIED
from detector.text.notification_text import NotificationText
from detector.text.phrasing import Phrasing

# What it and the libraries under it log quotes addresses, which hold secrets; we say what we make
# of it. Apprise collects its warnings for us, so those must go on; they just lead nowhere else.
_OWN = logging.getLogger("apprise")
_OWN.propagate = False
_OWN.setLevel(logging.WARNING)
for _library in ("urllib3", "requests_oauthlib", "slixmpp"):
    logging.getLogger(_library).setLevel(logging.CRITICAL + 1)

_STATUS = re.compile(r"\berror=(\d{3})\b")
#: What Apprise calls the kinds of messages.
Kind = Literal["success", "warning", "failure"]
_KINDS: dict[Severity, Kind] = {
    Severity.MINOR: "warning",
    Severity.MAJOR: "failure",
    Severity.CRITICAL: "failure",
}


class AppriseSettings(WordedSettings):
    """Messages through Apprise: Slack, Teams, e-mail, Telegram, WeCom, DingTalk, Feishu, more."""

    carries: ClassVar[str] = "messages to chat rooms, e-mail and phones"
    needs: ClassVar[str] = "an Apprise address; `pip install 'outage-detector[apprise]'`"
    example: ClassVar[str] = """\
[[receivers]]                   # Slack, Teams, e-mail, Telegram, WeCom, DingTalk, Feishu
type = "apprise"                # pip install 'outage-detector[apprise]'
name = "chat"
url_env = "CHAT_URL"            # wecombot://KEY, dingtalk://SECRET@TOKEN/, feishu://TOKEN, ...
language = "zh"
time_zone = "Asia/Shanghai"
"""

    type: Literal["apprise"]
    url_env: str | None = None
    """Environment variable with the Apprise address, which holds secrets. Give this or
    ``url_file``."""

    url_file: Path | None = None
    """File with the Apprise address."""

    timeout: LongDuration = timedelta(seconds=10)
    """How long sending a message may take."""

    def build(self, context: ReceiverContext) -> AppriseReceiver:
        """Return the receiver. Raises `ConfigError` when Apprise is not installed."""
        url = self.required_secret("url", context.base)
        timeout = self.timeout.total_seconds()
        try:
            return AppriseReceiver(self.name, url, writer=self.writer(context), timeout=timeout)
        except ModuleNotFoundError as missing:
            if missing.name != "apprise":
                raise
            how = "pip install 'outage-detector[apprise]'"
            raise ConfigError(f"{self.place}: Apprise is not installed; {how}") from None

    def describe(self, say: Phrasing) -> str:
        """Return nothing of the address: it is a secret."""
        return say.texts("integration.apprise")


class AppriseReceiver:
    """Sends title and text through one Apprise address.

    Chat rooms keep no keys: a message that was sent but not recorded as sent comes again after a
    crash.

    Parameters
    ----------
    name : the receiver's name in ``config.toml``.
    url : an Apprise address, a secret: it holds tokens and passwords.
    writer : words.
    timeout : seconds for the whole exchange.

    Raises
    ------
    ConfigError : ``url`` is none that Apprise knows, or more than one.
    """

    def __init__(self, name: str, url: str, *, writer: Writer, timeout: float = 10.0) -> None:
        import apprise

        self.name = name
        self._writer = writer
        self._timeout = timeout
        self._kind_of = apprise.NotifyType
        asset = apprise.AppriseAsset(
            async_mode=False,
            http_redirects=False,
            allow_templates=False,
            service_timeout=timeout,
            storage_mode="memory",
        )
        self._service = apprise.Apprise(asset=asset)
        # One address, so that a failure of one is no repetition for another.
        if len(url.split()) != 1 or not self._service.add(url) or len(self._service) != 1:
            raise ConfigError(f"receiver {name!r}: the address is none that Apprise knows")

    def __repr__(self) -> str:
        return f"AppriseReceiver({self.name!r})"

    def send(self, alert: Alert) -> None:
        """Send the message once, or raise `Rejected` or `Unreachable`."""
        self._hand_over(self._writer.message(alert), _kind(alert))

    def send_source_alert(self, alert: SourceAlert) -> None:
        """Send what became of a source; see `send`."""
        over = alert.health.state is SourceState.UP
        self._hand_over(self._writer.source_message(alert), "success" if over else "warning")

    def _hand_over(self, text: NotificationText, kind: Kind) -> None:
        answer = self._exchange(text, kind)
        # Raised outside of any handler: an error must not carry the address in its context.
        if answer is not None:
            raise answer

    def _exchange(self, text: NotificationText, kind: Kind) -> Exception | None:
        # Its services wait as they like; nobody's receiver may hold up the detector, so the
        # exchange is given a thread that can be left behind.
        answers: SimpleQueue[Exception | None] = SimpleQueue()
        Thread(target=lambda: answers.put(self._notify(text, kind)), daemon=True).start()
        try:
            return answers.get(timeout=self._timeout)
        except Empty:
            return Unreachable(f"{self.name}: no answer within the timeout")

    def _notify(self, text: NotificationText, kind: Kind) -> Exception | None:
        try:
            result = self._service.notify(
                title=text.title,
                body=text.body,
                notify_type=self._kind_of(kind),
                body_format="text",
                log_level=logging.WARNING,
            )
            texts = " ".join(entry.message for entry in result.logs())
        except Exception as error:
            return Unreachable(f"{self.name}: Apprise failed with {type(error).__name__}")
        return None if result else _failure(self.name, texts)


def _kind(alert: Alert) -> Kind:
    over = alert.kind is AlertKind.RESOLVED
    return "success" if over else _KINDS[alert.incident.severity]


def _failure(name: str, texts: str) -> Exception:
    """Return what a failed exchange means; of the words of Apprise only the status is kept."""
    found = _STATUS.search(texts)
    if found is None:
        return Unreachable(f"{name}: Apprise could not deliver the message")
    status = int(found[1])
    text = f"{name}: the receiver answered {status}"
    if 300 <= status < 500 and status not in RETRIED:
        return Rejected(text)
    return Unreachable(text)
