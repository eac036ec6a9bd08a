"""When a delivery that failed is tried again, and when it is given up."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from detector.domain.delivery import Delivery


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patiently a receiver is asked again.

    Attributes
    ----------
    first : pause after the first failure; each further failure doubles it.
    longest : the pause does not grow beyond this.
    longest_asked : a receiver that asks for a longer pause gets this one, since an alert that
        waits for hours helps nobody.
    give_up_after : a failure this long after the alert was recorded is the last.
    """

    first: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(minutes=10)
    longest_asked: timedelta = timedelta(hours=1)
    give_up_after: timedelta = timedelta(hours=24)


def next_attempt(
    attempts: int,
    now: datetime,
    key: str,
    retry_after: float | None,
    *,
    policy: RetryPolicy = RetryPolicy(),
) -> datetime:
    """Return when to try again.

    Parameters
    ----------
    attempts : failures so far, this one included, >= 1.
    now : when the last attempt was made.
    key : receiver and deduplication key; it decides the jitter, so that many deliveries that
        failed together do not return together, and yet the same one always returns alike.
    retry_after : the pause in seconds that the receiver asked for, or None.

    Returns
    -------
    ``now`` plus between 80 and 120 % of the doubled pause, and never before ``retry_after``.
    """
    # 2**40 first pauses outlast every `longest`; an exponent without bound would overflow.
    pause = min(policy.first * 2 ** min(attempts - 1, 40), policy.longest)
    seconds = pause.total_seconds() * (0.8 + 0.4 * _fraction(f"{key}#{attempts}"))
    if retry_after is not None:
        seconds = max(seconds, min(retry_after, policy.longest_asked.total_seconds()))
    return now + timedelta(seconds=seconds)


def is_given_up(delivery: Delivery, now: datetime, *, policy: RetryPolicy) -> bool:
    """Whether a failure at ``now`` is the last that is borne.

    Age counts from the record in the outbox, not from the alert: after a long standstill what
    waited is still tried once.
    """
    return now - (delivery.recorded_at or delivery.due_at) >= policy.give_up_after


def _fraction(text: str) -> float:
    """Return a number in [0, 1) that depends on ``text`` alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48
