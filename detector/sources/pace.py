"""How often one host is asked, and when it is left alone."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from detector.errors import Unavailable

#: After so many failed requests in a row a host is left alone,
OPEN_AFTER = 5
#: for so many seconds at first, twice as long each time, and at most so long.
FIRST_REST, LONGEST_REST = 30.0, 600.0


@dataclass(eq=False)
class Pace:
    """At most ``requests`` in any ``per`` seconds, and none while the host is to be left alone.

    A host is left alone for as long as it asked for (``Retry-After``, a used up quota), and, as a
    circuit breaker, for `FIRST_REST` and longer after `OPEN_AFTER` failures in a row. Then one
    request may try; if it fails too, the rest begins anew and doubles.

    Parameters
    ----------
    requests, per : the limit; ``per`` in seconds.
    longest_wait : how long a request waits for its place, seconds; else it is refused.
    monotonic, sleep : the machine's; handed in by tests.
    """

    requests: int
    per: float
    longest_wait: float = 5.0
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _asked: deque[float] = field(default_factory=deque, init=False)
    _not_before: float = field(default=float("-inf"), init=False)
    _failures: int = field(default=0, init=False)
    _turn: Lock = field(default_factory=Lock, init=False)

    def admit(self) -> None:
        """Return when a request may be made. Raises `Unavailable` when that is not soon.

        Sources that ask the same host wait for each other here: they are polled side by side.
        """
        with self._turn:
            self._admit()

    def _admit(self) -> None:
        now = self.monotonic()
        if (rest := self._not_before - now) > 0:
            raise Unavailable(f"left alone for another {rest:.0f} s", retry_after=rest)
        while self._asked and self._asked[0] <= now - self.per:
            self._asked.popleft()
        if len(self._asked) >= self.requests:
            wait = self._asked[0] + self.per - now
            if wait > self.longest_wait:
                limit = f"our limit of {self.requests} requests in {self.per:g} s is used up"
                raise Unavailable(f"{limit}; {wait:.0f} s to go", retry_after=wait)
            self.sleep(wait)
        self._asked.append(self.monotonic())

    def rest(self, seconds: float) -> None:
        """Leave the host alone for ``seconds``: it asked for it."""
        self._not_before = max(self._not_before, self.monotonic() + seconds)

    def succeeded(self) -> None:
        """Note an answer: the host is well."""
        self._failures = 0

    def failed(self) -> None:
        """Note a failure; the last of `OPEN_AFTER` in a row, and each one after, begins a rest."""
        self._failures += 1
        if self._failures >= OPEN_AFTER:
            doublings = min(self._failures - OPEN_AFTER, 10)
            self.rest(min(FIRST_REST * 2**doublings, LONGEST_REST))
