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
_RENEWALS = 3
#: Who stands by asks for it, and looks whether to stop, at least so often; seconds.
_LONGEST_PAUSE = 1.0


class Leader:
    """Holds the lease of a store, also through a run that takes longer than it lasts.

    The schedule lets it `renew` the lease while we lead. That never takes it back once it is lost:
    what this instance knows would be of another term. That is for `wait`, after which all is read
    anew.

    Parameters
    ----------
    lease : of the store; None, or one without a ``ttl``, is ours for good.
    """

    def __init__(self, lease: Lease | None) -> None:
        self._lease = lease
        self._closed = threading.Event()

    @property
    def term(self) -> int | None:
        """Number of our term, None while another leads."""
        return 1 if self._lease is None else self._lease.term

    @property
    def renew_every(self) -> timedelta | None:
        """How often `renew` is to be called; None where the lease is ours for good."""
        if self._lease is None or self._lease.ttl is None:
            return None
        return self._lease.ttl / _RENEWALS

    def wait(self, patience: timedelta, *, stopping: Callable[[], bool]) -> bool:
        """Return True as soon as we lead, False after ``patience`` or when we are to stop."""
        every = self.renew_every
        if self._lease is None or every is None:
            return True
        pause = min(every.total_seconds(), _LONGEST_PAUSE)
        end = time.monotonic() + patience.total_seconds()
        while not self._lease.take():
            left = end - time.monotonic()
            if left <= 0 or stopping() or self._closed.wait(min(left, pause)):
                return False
        return True

    def renew(self) -> None:
        """Keep the lease if it is ours."""
        if self._closed.is_set() or self._lease is None or self._lease.term is None:
            return
        try:
            self._lease.renew()
        except StoreError as error:
            # Whether it is lost is seen by the next transaction, which the store refuses.
            log.warning("the lease could not be renewed", error=str(error))

    def close(self) -> None:
        """End a `wait`, and renew no more. The lease itself is released with the store."""
        self._closed.set()
