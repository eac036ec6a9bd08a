"""Which of several instances works: one leads, the others stand by until it is gone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import structlog

from detector.errors import StoreError
from detector.store.base import Lease

log = structlog.get_logger("detector.pipeline.leader")

#: The lease is renewed so often while it lasts.
_BEATS = 3
#: Who stands by asks for it, and looks whether to stop, at least so often; seconds.
_LOOK = 1.0


class Leader:
    """Holds the lease of a store, also through a turn that takes longer than it lasts.

    A thread renews the lease while we lead. It never takes it back once it is lost: what this
    instance remembers would be of another term. That is for `wait`, after which all is read anew.

    Parameters
    ----------
    lease : of the store; None, or one without a ``ttl``, is ours for good.
    """

    def __init__(self, lease: Lease | None) -> None:
        self._lease = lease
        self._beat = 0.0
        if lease is not None and lease.ttl is not None:
            self._beat = lease.ttl.total_seconds() / _BEATS
        self._closed = threading.Event()
        self._keeper: threading.Thread | None = None

    @property
    def term(self) -> int | None:
        """Number of our reign, None while another leads."""
        return 1 if self._lease is None else self._lease.term

    def wait(self, patience: timedelta, *, stopping: Callable[[], bool]) -> bool:
        """Return True as soon as we lead, False after ``patience`` or when we are to stop."""
        if self._lease is None or not self._beat:
            return True
        end = time.monotonic() + patience.total_seconds()
        while not self._lease.take():
            left = end - time.monotonic()
            if left <= 0 or stopping() or self._closed.wait(min(left, self._beat, _LOOK)):
                return False
        self._keep()
        return True

    def close(self) -> None:
        """Stop renewing. The lease itself is released with the store."""
        self._closed.set()
        if self._keeper is not None:
            self._keeper.join()

    def _keep(self) -> None:
        if self._keeper is None:
            self._keeper = threading.Thread(target=self._renew, name="lease", daemon=True)
            self._keeper.start()

    def _renew(self) -> None:
        while not self._closed.wait(self._beat):
            if self._lease is None or self._lease.term is None:
                continue
            try:
                self._lease.renew()
            except StoreError as error:
                # Whether it is lost is seen by the next transaction, which the store refuses.
                log.warning("the lease could not be renewed", error=str(error))
