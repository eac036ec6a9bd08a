"""A sink that keeps what it gets, and fails as it is told."""

from __future__ import annotations

from collections.abc import Iterable

from detector.model.alert import Alert


class FakeSink:
    """Keeps alerts in ``got``; ``failures`` are raised first, one per call (None: take it)."""

    def __init__(
        self, name: str = "ops", failures: Iterable[Exception | None] = (), *, always: bool = False
    ) -> None:
        self.name = name
        self.got: list[Alert] = []
        self.calls = 0
        self._failures = list(failures)
        self._always = always

    def send(self, alert: Alert) -> None:
        self.calls += 1
        failure = None
        if self._failures:
            failure = self._failures[0] if self._always else self._failures.pop(0)
        if failure is not None:
            raise failure
        self.got.append(alert)

    @property
    def keys(self) -> list[str]:
        return [alert.key for alert in self.got]
