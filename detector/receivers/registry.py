"""Every receiver there is: a file of this folder each, whose name is the receiver's ``type``."""

from __future__ import annotations

from collections.abc import Iterable

from detector.integrations import Integrations
from detector.notify.receiver import Receiver
from detector.receivers.base import ReceiverContext, ReceiverSettings

RECEIVERS = Integrations("detector.receivers", ReceiverSettings)  # type: ignore[type-abstract]


def build_receivers(
    settings: Iterable[ReceiverSettings], context: ReceiverContext
) -> dict[str, Receiver]:
    """Return the receivers by name. Raises `ConfigError` as `ReceiverSettings.build`."""
    return {receiver.name: receiver.build(context) for receiver in settings}
