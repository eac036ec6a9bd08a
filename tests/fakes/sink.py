"""A sink that keeps what it gets, and fails as it is told."""

from __future__ import annotations

from collections.abc import Iterable

from detector.model.alert import Alert


class FakeSink:
    """Keeps alerts in ``got``; ``troubles`` are raised first, one per call (None: take it)."""

    def __init__(
        self, name: str = "ops", troubles: Iterable[Exception | None] = (), *, always: bool = False
    ) -> None:
        self.name = name
        self.got: list[Alert] = []
        self.calls = 0
        self._troubles = list(troubles)
        self._always = always

    def send(self, alert: Alert) -> None:
        self.calls += 1
        trouble = None
        if self._troubles:
            trouble = self._troubles[0] if self._always else self._troubles.pop(0)
        if trouble is not None:
            raise trouble
        self.got.append(alert)

    @property
    def keys(self) -> list[str]:
        return [alert.key for alert in self.got]
